# Shared by up, test and the scripts in tools/: sourced, not run. Needs $root, the folder of the clone.

say() { printf '== %s\n' "$*"; }
complain() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() { complain "$*"; exit 1; }

# Runs a command as root: as it is when we are root, else through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$1' needs root: run this as root, or install sudo"
  fi
}

has_systemd() { [ -d /run/systemd/system ]; }

# Programs in /usr/sbin are not on the PATH of every user.
case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin:/sbin ;; esac
# Our own requests are for this machine; a proxy that is set for the outside must not see them.
export no_proxy="localhost,127.0.0.1${no_proxy:+,$no_proxy}" NO_PROXY="localhost,127.0.0.1${NO_PROXY:+,$NO_PROXY}"

# wait_for SECONDS COMMAND...: until the command succeeds; false when it never did.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

process_is() { [ "$(as_root readlink "/proc/$1/exe" 2>/dev/null | sed 's/ (deleted)$//')" = "$2" ]; }

engine_answers() { as_root docker version --format '{{.Server.Version}}'; }

# start_engine FOLDER: makes sure that a Docker Engine answers. Where it has to start one, and there is no systemd, that
# runs in the background with FOLDER/dockerd.pid and FOLDER/dockerd.log, and engine_started is set to yes. False when
# there is none in the end.
start_engine() {
  engine_started=no
  if engine_answers >/dev/null 2>&1; then return; fi
  if [ -n "${DOCKER_HOST:-}" ]; then
    complain "no Docker Engine answers at DOCKER_HOST=$DOCKER_HOST"
    return 1
  fi
  engine_started=yes
  if has_systemd; then
    say "starting the Docker Engine (systemctl start docker)"
    as_root systemctl start docker || complain "systemd could not start it: see 'journalctl -u docker'"
  else
    say "starting the Docker Engine (log: $1/dockerd.log)"
    as_root mkdir -p "$1"
    # Without an init system that does it, nobody has mounted the control groups.
    mountpoint -q /sys/fs/cgroup || as_root mount -t cgroup2 none /sys/fs/cgroup || true
    # A pid file of a dockerd that was killed would keep the new one from starting.
    as_root sh -c 'for file in /var/run/docker.pid "$1/dockerd.pid"; do
        if [ -f "$file" ] && ! grep -qa dockerd "/proc/$(cat "$file")/cmdline" 2>/dev/null; then rm -f "$file"; fi
      done
      setsid dockerd --pidfile "$1/dockerd.pid" >>"$1/dockerd.log" 2>&1 </dev/null &
      setsid "$2" $! "$1/dockerd.log" >/dev/null 2>&1 </dev/null &' sh "$1" "$root/tools/rotate"
  fi
  if ! wait_for 60 engine_answers; then
    as_root tail -n 20 "$1/dockerd.log" >&2 || true
    complain "the Docker Engine did not answer within 60 seconds"
    return 1
  fi
}

# stop_engine FOLDER: ends the engine that start_engine started.
stop_engine() {
  if has_systemd; then
    as_root systemctl stop docker.socket docker
  elif [ -f "$1/dockerd.pid" ]; then
    local pid
    pid=$(cat "$1/dockerd.pid")
    as_root kill "$pid" 2>/dev/null || return 0
    wait_for 30 test ! -d "/proc/$pid" || as_root kill -9 "$pid"
  fi
}

free_port() { # a TCP port of 127.0.0.1 on which nobody listens
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_registry FOLDER: a Docker registry on 127.0.0.1; sets registry (host:port) and registry_pid.
start_registry() {
  registry=127.0.0.1:$(free_port)
  mkdir -p "$1/registry"
  printf '%s\n' 'version: 0.1' 'log: {level: warn}' "http: {addr: $registry}" \
    "storage: {filesystem: {rootdirectory: $1/registry}, delete: {enabled: true}}" >"$1/registry.yml"
  docker-registry serve "$1/registry.yml" >"$1/registry.log" 2>&1 </dev/null &
  registry_pid=$!
  if ! wait_for 20 http_get "${registry#*:}" /v2/; then
    tail -n 5 "$1/registry.log" >&2
    die "docker-registry did not start"
  fi
}

# http_get PORT PATH [HOST]: the answer's body; false unless its status is 2xx. For waiting, before any client is there.
http_get() {
  timeout 5 bash -c 'exec 3<>"/dev/tcp/$3/$1" || exit 1
    printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$2" >&3
    read -r _ status _ <&3
    while read -r line <&3; do [ "$line" = "$(printf "\r")" ] && break; done
    cat <&3
    case $status in 2??) ;; *) exit 1 ;; esac' bash "$1" "$2" "${3:-127.0.0.1}" 2>/dev/null
}

# build PRESET TARGET...
build() {
  local preset=$1 folder=$root/build/$1
  shift
  if [ ! -f "$folder/build.ninja" ]; then
    mkdir -p "$folder"
    if ! (cd "$root" && cmake --preset "$preset") >"$folder/configure.log" 2>&1; then
      tail -n 30 "$folder/configure.log" >&2
      return 1
    fi
  fi
  ninja -C "$folder" "$@"
}
