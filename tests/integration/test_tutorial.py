"""The tutorial's commands, literally, and what a user does next."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from windlass import redis, wait_until


def http(*arguments):
    """HTTPie as a user types it; it sends every `name=value` as a JSON string."""
    command = ["http", "--ignore-stdin", "--print=hb", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        # HTTPie would look for a newer HTTPie in the background.
        (Path(folder) / "config.json").write_text('{"disable_update_warnings": true}')
        environment = {**os.environ, "HTTPIE_CONFIG_DIR": folder}
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    return head, body


def start_multidis(windlass, images):
    return http("POST", f"{windlass.url}/v1/apps/start", "id=multidis", "instances=2", "mem=512", "cpus=1",
                f"executor={windlass.executor}", f"cmd={images.redis}")


def test_the_literal_commands(windlass, images, docker, host_address):
    head, body = start_multidis(windlass, images)
    assert head.splitlines()[0] == "HTTP/1.1 204 No Content"
    assert re.search(r"^Content-Type: application/json$", head, re.M)
    assert body.strip() == ""
    endpoints = windlass.wait_for_redis("multidis", 2)

    head, body = http("GET", f"{windlass.url}/v1/endpoints")
    assert re.search(r"^Content-Type: text/plain", head, re.M)
    words = body.split()
    assert words[0] == "multidis" and 10000 <= int(words[1]) < 20000 and len(words) == 4, body
    for endpoint in endpoints:
        host, port = endpoint.split(":")
        assert host == host_address and windlass.first_port <= int(port) <= windlass.last_port

    host, port = endpoints[0].split(":")
    client = ["run", "--rm", images.redis, "redis-cli", "-h", host, "-p", port]
    assert docker(*client, "SET", "x", "7") == "OK"
    assert docker(*client, "GET", "x") == "7"
    assert redis(endpoints[1], "GET", "x") == "$-1"  # the other one is another one


def test_containers_have_the_limits_of_the_app(windlass, images, docker):
    start_multidis(windlass, images)
    windlass.wait_for_endpoints("multidis", 2)
    for container in docker.containers():
        host = docker.inspect(container)["HostConfig"]
        assert host["Memory"] == 512 << 20
        assert host["CpuShares"] == 1024


def test_both_forms_of_endpoints_and_tasks_agree(windlass, images):
    windlass.start_app("web", images.redis, 2)
    endpoints = windlass.wait_for_endpoints("web", 2)
    app = windlass.get("/v1/endpoints/web", headers={"Accept": "application/json"}).json()
    assert app["id"] == "web"
    assert sorted(f"{one['host']}:{one['ports'][0]}" for one in app["instances"]) == sorted(endpoints)
    listed = windlass.get("/v1/endpoints", headers={"Accept": "application/json"}).json()
    assert listed == [app]
    tasks = windlass.get("/v1/apps/web/tasks").json()["web"]
    assert sorted(task["id"] for task in tasks) == sorted(one["id"] for one in app["instances"])
    assert windlass.get("/v1/tasks").json() == {"web": tasks}


def test_apps_are_listed_and_found(windlass, images):
    windlass.start_app("web", images.redis)
    windlass.start_app("cache", images.redis, 0)
    apps = {app["id"]: app for app in windlass.get("/v1/apps").json()}
    assert set(apps) == {"web", "cache"}
    assert (apps["web"]["instances"], apps["web"]["cpus"], apps["web"]["mem"]) == (1, 0.1, 64)
    assert [app["id"] for app in windlass.get("/v1/apps/search?id=WE").json()] == ["web"]
    assert windlass.get("/v1/apps/search?id=nothing").json() == []


def test_scale_up_and_down(windlass, images, docker):
    windlass.start_app("web", images.redis, 1)
    first = windlass.wait_for_redis("web", 1)
    windlass.scale("web", 3)
    assert set(first) <= set(windlass.wait_for_redis("web", 3))
    windlass.scale("web", 1)
    windlass.wait_for_endpoints("web", 1)
    wait_until(lambda: len(docker.containers(everything=True)) == 1, 30, "the end of two containers")


def test_stop_leaves_no_container(windlass, images, docker):
    windlass.start_app("web", images.redis, 2)
    windlass.wait_for_redis("web", 2)
    windlass.stop_app("web")
    assert windlass.get("/v1/apps").json() == []
    wait_until(lambda: not docker.containers(everything=True), 30, "the end of both containers")
    wait_until(lambda: not windlass.executors(), 15, "the end of both executors")


def test_killed_tasks_are_replaced(windlass, images, docker):
    windlass.start_app("web", images.redis, 2)
    windlass.wait_for_redis("web", 2)
    before = docker.containers()
    victim = windlass.get("/v1/tasks").json()["web"][0]["id"]
    killed = windlass.post(f"/v1/tasks/kill?appId=web&id={victim}&scale=false").json()
    assert [task["id"] for task in killed] == [victim]
    wait_until(lambda: len(docker.containers() - before) == 1, 60, "a new container")
    windlass.wait_for_redis("web", 2)
    assert victim not in [task["id"] for task in windlass.get("/v1/tasks").json()["web"]]
    wait_until(lambda: len(docker.containers(everything=True)) == 2, 30, "the end of the killed one")


def test_killed_tasks_with_scale_are_not_replaced(windlass, images, docker):
    windlass.start_app("web", images.redis, 2)
    windlass.wait_for_redis("web", 2)
    victim = windlass.get("/v1/tasks").json()["web"][0]["id"]
    windlass.post(f"/v1/tasks/kill?appId=web&id={victim}&scale=true")
    windlass.wait_for_endpoints("web", 1)
    assert windlass.get("/v1/apps").json()[0]["instances"] == 1
    wait_until(lambda: len(docker.containers(everything=True)) == 1, 30, "the end of the killed one")


def test_environment_and_arguments_reach_the_container(windlass, images):
    windlass.start_app("print", f"{images.busybox} sh -c 'echo $PORT0 $PORT $COLOUR; echo oops >&2; sleep 600'",
                       env={"COLOUR": "dark red"}, ports=[0])
    endpoint = windlass.wait_for_endpoints("print", 1)[0]
    port = endpoint.split(":")[1]

    def written(name):
        files = [path for path in windlass.work_dir.rglob(name) if "latest" not in path.parts]
        return "".join(path.read_text() for path in files)

    wait_until(lambda: f"{port} {port} dark red\n" in written("stdout"), 20, "the line in stdout")
    wait_until(lambda: "oops\n" in written("stderr"), 20, "the line in stderr")


def test_a_container_that_dies_is_replaced(windlass, images, docker):
    windlass.start_app("web", images.redis)
    windlass.wait_for_redis("web", 1)
    (victim,) = docker.containers()
    docker("kill", victim)
    wait_until(lambda: docker.containers() - {victim}, 60, "a new container")
    windlass.wait_for_redis("web", 1)
    wait_until(lambda: len(docker.containers(everything=True)) == 1, 30, "the removal of the dead one")


def test_plain_commands_run_without_docker(windlass, docker):
    app = {"id": "plain", "instances": 1, "cpus": 0.1, "mem": 32, "cmd": "sleep 600"}
    answer = windlass.post("/v1/apps/start", app)
    assert answer.status_code == 204, answer.text
    windlass.wait_for_endpoints("plain", 1)
    assert not docker.containers()


def test_service_of_the_http_port(windlass):
    ping = windlass.get("/ping")
    assert (ping.status_code, ping.text) == (200, "pong\n")
    assert windlass.get("/v1/debug/isLeader").text.strip() == "true"
    assert windlass.get("/metrics").status_code == 200
