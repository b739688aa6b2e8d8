"""Options of `docker run` for test_options.py: a table of cases, and cases made at random from a seed.

A case is a list of words as they stand before the image. {net}, {net2}, {other} and {dir} stand for a network of the
test's own, another one, a container of its own and the folder that relative paths begin in.
"""

import random
import shlex

# What both sides create, or both refuse: the comparison finds out. One line of the table is one case.
TABLE = """
-e A=1
-eA=1
-e=A=1
--env A=1
--env=A=1
--env A=
--env A=x=y
--env A=1 --env B=2 -e C=3
--env A=1 --env A=2
--env FROM_HOST
--env NOT_SET_ANYWHERE
--env PATH
--env =A
--env ''
--env-file {dir}/env
--env-file env
--env-file env -e FROM_FILE=overridden
--env-file env --env-file env2
--env-file not_there
--env-file bad_env
--env-file binary
--env-file env_bom
--label a=b
-l a=b -l c=d=e
-l a
-la=b
--label ' a=b'
--label 'a b=c'
--label =b
--label ''
--label a=1 --label a=2
--label-file labels
--label-file labels -l FILE_LABEL=mine
--label-file bad_env
--label-file not_there
-h web
-hweb
--hostname=web.example.com
--hostname -web-
--hostname 'a b'
--domainname example.com
-h web --domainname example.com
-u 1000
-u 1000:1000
-u nobody:nogroup
--user ''
--user daemon:
-w /tmp
--workdir /a/b/../c
-w relative
-t
-i
-it
-ti
-i=false
--tty=false
--tty=yes
--interactive=1 --tty=T
-itw /tmp
-ite A=1
--entrypoint /bin/echo
--entrypoint ''
--entrypoint=
--init
--init=false
--init=x
--stop-signal SIGQUIT
--stop-signal 3
--stop-signal QUIT
--stop-signal SIGNONE
--stop-timeout 5
--stop-timeout=-1
--stop-timeout 0x10
--stop-timeout 010
--stop-timeout 1_0
--stop-timeout 1.5
--stop-timeout five
--health-cmd 'true && true'
--health-cmd true --health-interval 5s --health-timeout 1m30s --health-retries 3
--health-cmd true --health-start-period 10s
--health-cmd true --health-start-period 1h2m3.5s
--health-interval 5s
--health-interval 1ms
--health-interval 1us
--health-interval 500ns
--health-interval 5
--health-interval=-5s
--health-interval 1.5h
--health-interval .5s
--health-interval 5x
--health-timeout 0
--health-timeout=-1ns
--health-retries=-1
--health-retries 1.5
--health-start-period=-1s
--health-start-interval 5s
--no-healthcheck
--no-healthcheck=false
--no-healthcheck --health-cmd true
--no-healthcheck --health-retries 0
-m 64m
-m64m
--memory 64M
--memory 64mb
--memory 64MiB
--memory '64 m'
--memory '64  m'
--memory 67108864
--memory 67108864b
--memory 0.0625g
--memory 6.4e7
--memory 1e2m
--memory 1t
--memory 64x
--memory 64mm
--memory 64mbb
--memory -64m
--memory=-64m
--memory ''
--memory m
--memory 1m
--memory .1g
--memory 100.m
--memory 1.2.3m
--memory +64m
--memory 64bm
--memory-reservation 32m
--memory 64m --memory-reservation 32m
--memory 32m --memory-reservation 64m
--memory 64m --memory-swap 128m
--memory 64m --memory-swap -1
--memory 64m --memory-swap=-1
--memory 64m --memory-swap 32m
--memory-swap 128m
--memory-swap -2
--memory-swappiness 50
--memory-swappiness 0
--memory-swappiness -1
--memory-swappiness 101
--memory-swappiness=-2
--memory 64m --memory-swappiness 60
--shm-size 64m
--shm-size 0
--shm-size 1.5g
--shm-size x
--oom-kill-disable
--oom-kill-disable -m 64m
--oom-kill-disable=false
--oom-score-adj 500
--oom-score-adj -500
--oom-score-adj=-1000
--oom-score-adj 1001
--oom-score-adj x
--pids-limit 100
--pids-limit -1
--pids-limit 0
--pids-limit x
-c 512
--cpu-shares 512
--cpu-shares=0
--cpu-shares 1
--cpu-shares -1
--cpu-shares 0x200
--cpu-shares x
--cpus 1
--cpus 1.5
--cpus .5
--cpus 0.01
--cpus 0.001
--cpus 1/2
--cpus 1/3
--cpus 5e-1
--cpus 1e9
--cpus 0.0000000001
--cpus -1
--cpus x
--cpus ''
--cpus 1000
--cpu-period 50000
--cpu-quota 25000
--cpu-period 50000 --cpu-quota 25000
--cpu-period 1
--cpu-quota 1
--cpus 1 --cpu-quota 25000
--cpus 1 --cpu-period 50000
--cpu-rt-period 100000
--cpu-rt-runtime 95000
--cpu-rt-period x
--cpuset-cpus 0
--cpuset-cpus 0-1
--cpuset-cpus 0,1
--cpuset-cpus 99
--cpuset-cpus x
--cpuset-mems 0
--cpuset-mems 99
--blkio-weight 500
--blkio-weight 0
--blkio-weight 5
--blkio-weight 70000
--blkio-weight=-1
--blkio-weight-device /dev/null:500
--blkio-weight-device /dev/null:5
--blkio-weight-device /dev/null:1001
--blkio-weight-device /dev/null
--blkio-weight-device null:500
--blkio-weight-device /dev/null:x
--device-read-bps /dev/null:1mb
--device-read-bps /dev/null:1mb --device-read-bps /dev/zero:1024
--device-read-bps /dev/null:-1
--device-read-bps null:1
--device-write-bps /dev/null:1.5m
--device-write-bps /dev/null:x
--device-read-iops /dev/null:1000
--device-read-iops /dev/null:1k
--device-read-iops /dev/null:+1
--device-write-iops /dev/null:1000
--device-write-iops /dev/null
--device-write-iops :1
--ulimit nofile=1024
--ulimit nofile=1024:2048
--ulimit nofile=1024 --ulimit nproc=10 --ulimit nofile=512:1024
--ulimit memlock=-1
--ulimit memlock=-1:-1
--ulimit memlock=-1:5
--ulimit nofile=2048:1024
--ulimit nofile=1:2:3
--ulimit nofile
--ulimit colour=1
--ulimit nofile=x
--ulimit nofile=0x10
--ulimit core=0
--cgroup-parent /windlass-test
--cgroupns host
--cgroupns private
--cgroupns ''
--cgroupns shared
--privileged
--privileged=false
--privileged=maybe
--privileged=0
--privileged --privileged=false
--cap-add NET_ADMIN
--cap-add net_admin --cap-add CAP_SYS_TIME --cap-add NET_ADMIN
--cap-add ALL
--cap-drop ALL
--cap-drop all --cap-add CHOWN
--cap-drop MKNOD --cap-drop cap_chown
--cap-add NONSENSE
--cap-add ''
--security-opt no-new-privileges
--security-opt no-new-privileges:true
--security-opt no-new-privileges=false
--security-opt no-new-privileges:maybe
--security-opt label=disable
--security-opt label:disable
--security-opt label=user:u
--security-opt apparmor=unconfined
--security-opt seccomp=unconfined
--security-opt seccomp:unconfined
--security-opt seccomp=builtin
--security-opt seccomp=seccomp.json
--security-opt seccomp=not_there.json
--security-opt seccomp=bad_env
--security-opt systempaths=unconfined
--security-opt systempaths=unconfined --security-opt label=disable
--security-opt nonsense
--security-opt nonsense=1
--security-opt label=
--security-opt ''
--userns host
--userns private
--ipc host
--ipc none
--ipc shareable
--ipc private
--ipc container:{other}
--ipc nonsense
--pid host
--pid container:{other}
--pid container:
--pid container
--pid private
--pid nonsense
--uts host
--uts private
--uts host --hostname web
--group-add 100
--group-add audio --group-add 20
--group-add ''
--device /dev/null
--device /dev/null:/dev/zilch
--device /dev/null:r
--device /dev/null:/dev/zilch:rw
--device /dev/null:/dev/zilch:rr
--device /dev/null:/dev/zilch:x
--device /dev//null/../zero
--device /dev/null:/dev/a/../b
--device /dev/null:relative
--device relative
--device ''
--device :
--device /dev/null:/a:r:w
--device /dev/not_there
--device vendor.com/class=dev1
--device vendor.com/class=dev1 --device vendor.com/class=dev2 --gpus all
--device vendor/class
--device-cgroup-rule 'c 1:3 rwm'
--device-cgroup-rule 'a *:* r'
--device-cgroup-rule 'b 8:* w'
--device-cgroup-rule 'x 1:3 r'
--device-cgroup-rule 'c 1:3'
--device-cgroup-rule 'c 1:3 rwmr'
--device-cgroup-rule 'c 1 3 r'
--gpus all
--gpus 2
--gpus device=0
--gpus '"device=0,1"'
--gpus count=1,driver=nvidia
--gpus driver=nvidia,\\"capabilities=compute,utility\\",options=a=b
--gpus ''
--gpus x
--gpus count=x
--gpus colour=1
--gpus 1,2
--gpus all,count=1
--gpus '"all'
--runtime runc
--runtime nonsense
--isolation default
--isolation hyperv
--platform linux/amd64
--platform linux
--platform amd64
--platform x86_64
--platform linux/x86-64
--platform linux/arm64
--platform windows
--platform l!nux
--platform a/b/c/d
--platform nonsense
--pull missing
--pull never
--pull ''
--pull sometimes
-q
--quiet
--disable-content-trust
--disable-content-trust=true
--annotation a=b
--read-only
--read-only=false
--read-only --tmpfs /run
--tmpfs /run
--tmpfs /run:size=64m,mode=1777
--tmpfs /run:rw,noexec,nosuid --tmpfs /tmp
--tmpfs run
--tmpfs ''
--tmpfs /run:nonsense
-v /data
-v /data -v /data
-v {dir}:/data
-v {dir}:/data:ro
-v {dir}:/data:ro,Z
-v {dir}:/data -v {dir}:/data
-v {dir}:/a -v {dir}:/b:rslave -v /c
-v .:/data
-v ./sub:/data
-v ../x:/data
-v named:/data
-v named:/data:nocopy
-v named:/data:ro,nocopy
-v named:/data:rshared
-v {dir}:/data:nonsense
-v data
-v named:data
-v ''
-v :
-v :/data
-v named:
-v a:/data
-v a:b:/data
-v /a:/b:ro:rw
-v /a::ro
-v ~/x:/data
-v /
-v /a:/
-v {dir}/not_there:/data
--volume=/x
--volume-driver local
--volume-driver local -v named:/data
--volume-driver nonsense -v named:/data
--volumes-from {other}
--volumes-from {other}:ro
--volumes-from {other}:xx
--volumes-from not_there
--mount type=bind,source={dir},target=/data
--mount type=bind,src={dir},dst=/data,readonly
--mount type=bind,src={dir},destination=/data,ro=true
--mount type=BIND,src={dir},DST=/data,ro=0
--mount type=bind,src=.,dst=/data
--mount type=bind,src=./sub,dst=/data
--mount type=bind,src={dir},dst=/data,ro=maybe
--mount type=bind,src={dir},dst=/data,bind-propagation=rslave
--mount type=bind,src={dir},dst=/data,bind-propagation=nonsense
--mount type=bind,src={dir},dst=/data,bind-nonrecursive
--mount type=bind,src={dir},dst=/data,bind-nonrecursive=false
--mount type=bind,src={dir},dst=/data,bind-recursive=disabled
--mount type=bind,src={dir},dst=/data,bind-recursive=enabled
--mount type=bind,src={dir},dst=/data,bind-recursive=writable
--mount type=bind,src={dir},dst=/data,ro,bind-recursive=writable
--mount type=bind,src={dir},dst=/data,ro,bind-recursive=readonly
--mount type=bind,src={dir},dst=/data,ro,bind-recursive=readonly,bind-propagation=rprivate
--mount type=bind,src={dir},dst=/data,bind-recursive=nonsense
--mount type=bind,src={dir},dst=/data,consistency=cached
--mount type=bind,src={dir}/not_there,dst=/data
--mount type=bind,dst=/data
--mount type=bind,src={dir}
--mount type=bind,src={dir},dst=data
--mount type=bind,src={dir},dst=/data,volume-nocopy
--mount type=bind,src={dir},dst=/data,tmpfs-size=1m
--mount type=volume,src=named,dst=/data
--mount src=named,dst=/data
--mount dst=/data
--mount type=volume,dst=/data,volume-nocopy
--mount type=volume,dst=/data,volume-nocopy=false
--mount type=volume,dst=/data,volume-nocopy=x
--mount type=volume,src=named,dst=/data,volume-label=a=b,volume-label=c
--mount type=volume,src=named,dst=/data,volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs
--mount 'type=volume,dst=/data,"volume-opt=o=size=1m,uid=1"'
--mount type=volume,src=named,dst=/data,volume-subpath=sub
--mount type=volume,dst=/data,bind-propagation=rslave
--mount type=tmpfs,dst=/data
--mount type=tmpfs,dst=/data,tmpfs-size=64m,tmpfs-mode=1770
--mount type=tmpfs,dst=/data,tmpfs-size=0
--mount type=tmpfs,dst=/data,tmpfs-size=x
--mount type=tmpfs,dst=/data,tmpfs-mode=8
--mount type=tmpfs,src=x,dst=/data
--mount type=image,src=x,dst=/data
--mount type=image,src=x,dst=/data,image-subpath=y
--mount type=npipe,src=x,dst=/data
--mount type=nonsense,dst=/data
--mount type=
--mount ''
--mount dst
--mount dst=/data,colour=red
--mount 'dst=/data,"a'
--mount 'dst=/da"ta'
--mount dst=/a --mount dst=/a
-v /a --mount dst=/a
-p 80
-p 0
-p80:80
-p 8080:80
-p 8080:80/udp
-p 8080:80/UDP
-p 8080:80/sctp
-p 8080:80/icmp
-p 8080:80/
-p 127.0.0.1:8080:80
-p 127.0.0.1::80
-p 127.0.0.1:8080-8082:80
-p [::1]:8080:80
-p ::1:8080:80
-p [::1:8080:80
-p 8000-8002:80-82
-p 8000-8002:80-81
-p 8000-8002:80
-p 80-82
-p 82-80
-p 8080:
-p ''
-p http
-p 70000
-p 8080:70000
-p -1
-p 300.0.0.1:8080:80
-p host:8080:80
-p published=8080,target=80
-p published=8080,target=80,protocol=udp
-p target=80
-p published=8080
-p target=80,colour
-p 8080:80 -p 8081:80 -p 8080:81
-p 80:80/tcp/x
-P
--publish-all=false
-Pp 80
--expose 80
--expose 80/udp
--expose 80-82
--expose 80-82/udp --expose 443
--expose 80:81
--expose x
--expose ''
--expose 80 -p 80:80
--dns 1.1.1.1
--dns 1.1.1.1 --dns 8.8.8.8
--dns ' 1.1.1.1'
--dns 0:0:0:0:0:0:0:1
--dns 2001:DB8:0:0:1:0:0:1
--dns ::ffff:1.2.3.4
--dns 1.1.1
--dns 01.1.1.1
--dns dns.example.com
--dns-search example.com
--dns-search example.com.
--dns-search .
--dns-search a.b --dns-search c.d
--dns-search -x
--dns-search 1.2
--dns-search 'a b'
--dns-search ''
--dns-opt ndots:1
--dns-option ndots:1 --dns-opt rotate
--add-host db:10.0.0.1
--add-host db=10.0.0.1
--add-host db:::1
--add-host db=[::1]
--add-host db:[10.0.0.1]
--add-host db:host-gateway
--add-host db=host-gateway --add-host x:1.2.3.4
--add-host db
--add-host db:
--add-host :10.0.0.1
--add-host db:nonsense
--add-host a:b=1.2.3.4
--link {other}
--link {other}:db
--link {other}:db:x
--link not_there
--link ''
--network bridge
--net bridge
--net=host
--network none
--network default
--network {net}
--network container:{other}
--network not_there
--network ''
--network ' '
--network {net} --network-alias a --net-alias b
--network-alias a
--network bridge --network-alias a
--network {net} --ip 10.213.7.9
--network {net} --ip 10.1.2.3
--network {net} --ip nonsense
--ip 10.213.7.9
--network bridge --ip 172.17.0.99
--network {net} --ip6 fd00::9
--network {net} --link-local-ip 169.254.7.7
--network {net} --link {other}
--network {net} --link {other}:db
--network name={net}
--network name={net},alias=a,alias=b
--network name={net},ip=10.213.7.9
--network name={net},ip6=fd00::9,link-local-ip=169.254.7.7
--network name={net},driver-opt=com.example.a=b
--network name={net},driver-opt=a
--network name={net},gw-priority=5
--network name={net},gw-priority=x
--network name={net},mac-address=92:d0:c6:0a:29:33
--network name={net},mac-address=nonsense
--network name={net},colour=red
--network name={net},alias
--network alias=a
--network name=
--network name={net},alias=a --network-alias b
--network name={net},ip=10.213.7.9 --ip 10.213.7.8
--network {net} --network {net}
--network {net} --network {net2}
--network {net} --network bridge
--network bridge --network none
--network host -p 80:80
--network host --hostname web
--network container:{other} -p 80:80
--network container:{other} --hostname web
--mac-address nonsense
--log-driver none
--log-driver json-file
--log-driver json-file --log-opt max-size=10m --log-opt max-file=3
--log-opt max-size=10m
--log-opt max-size
--log-opt nonsense=1
--log-driver none --log-opt max-size=10m
--log-driver nonsense
--storage-opt size=1G
--storage-opt size
--storage-opt nonsense=1
--sysctl net.core.somaxconn=1024
--sysctl net.core.somaxconn=1024 --sysctl kernel.msgmax=65536
--sysctl fs.mqueue.msg_max=10
--sysctl kernel.shm_rmid_forced=1
--sysctl vm.swappiness=1
--sysctl kernel.hostname=x
--sysctl net.core.somaxconn
--sysctl =1
--sysctl ''
--network host --sysctl net.core.somaxconn=1024
--cpu-count 1
--cpu-percent 50
--io-maxbandwidth 1m
--io-maxiops 1
--colour red
--colour=red
-Z
-Z=1
-it -Z
---v
--=x
-e A=1 -m
-i= -t
-p=80:80
-l=a=b
-v=/x
"""

# What the CLI takes and the executor refuses, with words of the reason.
REFUSED = {
    ("--name", "windlass-options-name"): "names containers itself",
    ("--rm",): "removes the container",
    ("--cidfile", "{dir}/cid"): "keeps track of the container",
    ("--restart", "always"): "framework's decision",
    ("--restart=on-failure:3",): "framework's decision",
    ("--restart", "unless-stopped"): "framework's decision",
    ("-a", "stdout"): "attaches stdout and stderr",
    ("--attach=STDERR",): "attaches stdout and stderr",
    ("--use-api-socket",): "registry credentials",
    ("--kernel-memory", "64m"): "from API 1.42 on",
}

# What only `docker run` has.
REFUSED_RUN = {
    ("-d",): "as long as its container",
    ("--detach",): "as long as its container",
    ("--detach-keys", "ctrl-x"): "terminal",
    ("--sig-proxy=false",): "signals",
}

# As REFUSED, but these values ask for what is so anyway.
HARMLESS = [["--rm=false"], ["--restart", "no"], ["--cidfile", ""], ["--use-api-socket=false"]]

# Taken by us and not by the CLI: an Engine before API 1.44 has one MAC address for the container, which newer CLIs
# no longer send; a seccomp profile may be given itself.
EXTENSIONS = [
    ["--mac-address", "92:d0:c6:0a:29:33"],
    ["--network", "{net}", "--mac-address", "92:d0:c6:0a:29:33"],
    ["--security-opt", 'seccomp={"defaultAction": "SCMP_ACT_ALLOW"}'],
]

# Options with values that are good, for the random cases: long name, letter, values. None: a switch.
GOOD = [
    ("env", "e", ["A=1", "B=", "C=x=y", "FROM_HOST", "PATH"]),
    ("env-file", None, ["env", "env2"]),
    ("label", "l", ["a", "a=b", "c=d=e"]),
    ("hostname", "h", ["web"]),
    ("domainname", None, ["example.com"]),
    ("user", "u", ["1000", "nobody:nogroup"]),
    ("workdir", "w", ["/tmp"]),
    ("tty", "t", None),
    ("interactive", "i", None),
    ("init", None, None),
    ("privileged", None, None),
    ("publish-all", "P", None),
    ("read-only", None, None),
    ("oom-kill-disable", None, None),
    ("no-healthcheck", None, None),
    ("entrypoint", None, ["/bin/echo", ""]),
    ("stop-signal", None, ["SIGQUIT", "9"]),
    ("stop-timeout", None, ["5", "0x10"]),
    ("health-cmd", None, ["true"]),
    ("health-interval", None, ["1m30s", "500ms"]),
    ("health-retries", None, ["3"]),
    ("memory", "m", ["64m", "0.5g", "100000000"]),
    ("memory-swap", None, ["1g", "-1"]),
    ("memory-reservation", None, ["32m"]),
    ("memory-swappiness", None, ["10"]),
    ("shm-size", None, ["10m"]),
    ("oom-score-adj", None, ["-100", "100"]),
    ("pids-limit", None, ["50", "-1"]),
    ("cpu-shares", "c", ["100", "2048"]),
    ("cpus", None, ["0.5", "1/4", "1.25"]),
    ("cpu-quota", None, ["25000"]),
    ("cpu-period", None, ["50000"]),
    ("cpuset-cpus", None, ["0", "0-1"]),
    ("blkio-weight", None, ["300"]),
    ("device-read-bps", None, ["/dev/null:1mb"]),
    ("device-write-iops", None, ["/dev/zero:100"]),
    ("ulimit", None, ["nofile=10:20", "core=0", "memlock=-1"]),
    ("cap-add", None, ["NET_ADMIN", "sys_time", "ALL"]),
    ("cap-drop", None, ["MKNOD", "ALL"]),
    ("security-opt", None, ["no-new-privileges", "label=disable", "seccomp=unconfined", "systempaths=unconfined"]),
    ("ipc", None, ["host", "none", "shareable"]),
    ("pid", None, ["host"]),
    ("uts", None, ["host"]),
    ("userns", None, ["host"]),
    ("cgroupns", None, ["host", "private"]),
    ("group-add", None, ["100", "audio"]),
    ("device", None, ["/dev/null", "/dev/null:/dev/a:r"]),
    ("device-cgroup-rule", None, ["c 1:3 rwm"]),
    ("gpus", None, ["all", "2", "device=1"]),
    ("tmpfs", None, ["/run", "/tmp:size=1m"]),
    ("volume", "v", ["/data", "named:/named:ro", "{dir}:/host", "./sub:/sub:rw"]),
    ("volumes-from", None, ["{other}"]),
    ("mount", None, ["type=bind,src={dir},dst=/m1,ro", "type=volume,src=named,dst=/m2", "type=tmpfs,dst=/m3"]),
    ("publish", "p", ["80", "8080:80", "127.0.0.1:9000-9002:90-92/udp", "[::1]::443"]),
    ("expose", None, ["80", "5000-5002/udp"]),
    ("dns", None, ["1.1.1.1", "::1"]),
    ("dns-search", None, ["example.com", "."]),
    ("dns-option", None, ["ndots:2"]),
    ("add-host", None, ["db:10.0.0.1", "db6=[::1]", "gw=host-gateway"]),
    ("link", None, ["{other}:db"]),
    ("network", None, ["bridge", "host", "none", "{net}", "name={net},alias=x", "container:{other}"]),
    ("network-alias", None, ["alias1"]),
    ("ip", None, ["10.213.7.77"]),
    ("log-driver", None, ["json-file", "none", "syslog"]),
    ("log-opt", None, ["max-size=1m", "tag=x"]),
    ("sysctl", None, ["net.core.somaxconn=512", "kernel.msgmax=1000"]),
    ("runtime", None, ["runc"]),
    ("platform", None, ["linux/amd64", "amd64"]),
    ("pull", None, ["missing", "never"]),
]

# What mutations insert.
STRANGE = list("=:,/-+._ 019aAxzZ\"'[]{}~\\") + ["é", "--"]


def table():
    return [shlex.split(line) for line in TABLE.strip("\n").split("\n")]


def write(chance, name, letter, value):
    """One option in one of the forms that it may be written in."""
    if value is None:
        forms = [[f"--{name}"], [f"--{name}=true"], [f"--{name}=F"]] + ([[f"-{letter}"]] if letter else [])
    else:
        forms = [[f"--{name}", value], [f"--{name}={value}"]]
        if letter and value:
            forms += [[f"-{letter}", value], [f"-{letter}={value}"]]
            if not value.startswith("="):
                forms.append([f"-{letter}{value}"])
    return chance.choice(forms)


def random_case(chance):
    """Two to seven options that are good by themselves."""
    words, cluster = [], ""
    for name, letter, values in chance.sample(GOOD, chance.randint(2, 7)):
        if values is None and letter and chance.random() < 0.5:
            cluster += letter
            continue
        for value in [None] if values is None else chance.sample(values, 1 if chance.random() < 0.8 else len(values)):
            words += write(chance, name, letter, value)
    if cluster:
        words = ["-" + cluster, *words]
    return words


def mutated_case(chance):
    """One option whose value has a few characters too many or too few."""
    name, letter, values = chance.choice([each for each in GOOD if each[2] is not None])
    value = chance.choice(values)
    for _ in range(chance.randint(1, 2)):
        at = chance.randint(0, len(value))
        what = chance.random()
        if what < 0.4:
            value = value[:at] + chance.choice(STRANGE) + value[at:]
        elif what < 0.8:
            value = value[:at] + value[at + 1 :]
        else:
            value = value[:at] + value[at : at + 2] + value[at:]
    return write(chance, name, None, value)


def random_cases(seed, combined, mutated):
    chance = random.Random(seed)
    return [random_case(chance) for _ in range(combined)] + [mutated_case(chance) for _ in range(mutated)]
