"""kill -9 of each part at bad moments: nothing is lost, nothing runs twice."""

import os
import random
import shutil
import signal
import socket
import threading
import time

import requests

from windlass import BUILD, redis, wait_until


def test_a_killed_windlass_finds_its_containers_again(windlass, images, docker):
    windlass.start_app("web", images.redis, 2)
    endpoints = windlass.wait_for_redis("web", 2)
    redis(endpoints[0], "SET", "x", "7")
    before = docker.containers()
    tasks = windlass.get("/v1/tasks").json()
    windlass.restart()
    assert sorted(windlass.wait_for_redis("web", 2)) == sorted(endpoints)
    assert redis(endpoints[0], "GET", "x") == "7"
    time.sleep(5)  # longer than executors have for coming back
    assert docker.containers(everything=True) == before
    assert windlass.get("/v1/tasks").json() == tasks


def test_a_start_waits_for_what_a_killed_predecessor_still_holds(make_windlass):
    windlass = make_windlass()
    holder = socket.socket()
    holder.bind(("127.0.0.1", windlass.http_port))
    holder.listen()
    windlass.launch()
    released = threading.Timer(1.5, holder.close)
    released.start()
    wait_until(windlass.answers, 20, "the answer to /ping")
    released.join()


def test_a_port_that_stays_in_use_is_named(make_windlass):
    windlass = make_windlass()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", windlass.http_port))
        holder.listen()
        windlass.launch()
        assert windlass.process.wait(timeout=20) == 1
    assert f"port {windlass.http_port}" in windlass.log() and "in use" in windlass.log()


def test_tasks_run_as_the_user_of_the_newest_start(make_windlass, open_folder):
    program = shutil.copy(BUILD / "windlass-executor", open_folder)  # where every user may run it
    windlass = make_windlass(f"--docker_executor={program}")
    windlass.work_dir = open_folder / "work"
    windlass.start()
    windlass.post("/v1/apps/start", {"id": "before", "cmd": "sleep 600", "instances": 1, "cpus": 0.1, "mem": 32})
    wait_until(lambda: windlass.get("/v1/apps/before/tasks").json()["before"], 20, "its task")
    windlass.stop()
    windlass.flags.append("--mesos_user=nobody")
    windlass.start()
    windlass.post("/v1/apps/start", {"id": "after", "cmd": "id -un; sleep 600", "instances": 1, "cpus": 0.1, "mem": 32})

    def says_nobody():
        outputs = windlass.work_dir.glob("slaves/*/frameworks/*/executors/*after*/runs/*/stdout")
        return any("nobody" in path.read_text() for path in outputs)

    wait_until(says_nobody, 30, "the user's name")


def test_containers_outlive_an_orderly_stop(windlass, images, docker):
    windlass.start_app("web", images.redis, 2)
    endpoints = windlass.wait_for_redis("web", 2)
    before = docker.containers()
    assert windlass.stop() == 0
    assert docker.containers() == before
    assert redis(endpoints[0], "PING") == "PONG"
    windlass.start()
    assert sorted(windlass.wait_for_redis("web", 2)) == sorted(endpoints)
    windlass.stop_app("web")
    wait_until(lambda: not docker.containers(everything=True), 30, "the end of both containers")


def test_what_ended_while_windlass_was_away_is_replaced(windlass, images, docker):
    windlass.start_app("web", images.redis, 2)
    windlass.wait_for_redis("web", 2)
    victim, survivor = docker.containers()
    windlass.kill()
    docker("kill", victim)
    windlass.start()
    wait_until(lambda: len(docker.containers()) == 2 and survivor in docker.containers(), 60, "a new container")
    windlass.wait_for_redis("web", 2)
    assert survivor in docker.containers()


def test_a_killed_executor_takes_its_container_along(windlass, images, docker):
    windlass.start_app("web", images.redis)
    windlass.wait_for_redis("web", 1)
    (before,) = docker.containers()
    pid = int(docker.inspect(before)["State"]["Pid"])
    executor = min(windlass.executors())
    os.kill(executor, signal.SIGKILL)
    wait_until(lambda: before not in docker.containers(everything=True), 30, "the removal of the container")
    assert not os.path.exists(f"/proc/{pid}")
    wait_until(lambda: docker.containers(), 60, "a new container")
    windlass.wait_for_redis("web", 1)
    assert len(docker.containers(everything=True)) == 1


def test_executor_and_windlass_killed_together(windlass, images, docker):
    windlass.start_app("web", images.redis)
    windlass.wait_for_redis("web", 1)
    (before,) = docker.containers()
    executor = min(windlass.executors())
    windlass.kill()
    os.kill(executor, signal.SIGKILL)
    wait_until(lambda: not docker.containers(everything=True), 30, "the removal of the container")
    windlass.start()
    wait_until(lambda: docker.containers() - {before}, 60, "a new container")
    windlass.wait_for_redis("web", 1)
    assert len(docker.containers(everything=True)) == 1


def test_kill_at_random_moments(windlass, images, docker):
    """Whatever was answered with success is true after any number of kills, and converges to exactly that."""
    seed = random.randrange(1 << 32)
    print(f"seed={seed}")
    dice = random.Random(seed)
    wanted = {}
    for number in range(6):
        app = f"app{number}"
        count = dice.randrange(1, 4)
        windlass.start_app(app, images.redis, count)
        wanted[app] = count
        if dice.random() < 0.5:
            other = dice.choice(sorted(wanted))
            new = dice.randrange(0, 4)
            windlass.scale(other, new)
            wanted[other] = new
        time.sleep(dice.random() * 2)
        windlass.restart()
    for app, count in wanted.items():
        windlass.wait_for_redis(app, count)
    assert {app["id"]: app["instances"] for app in windlass.get("/v1/apps").json()} == wanted
    total = sum(wanted.values())
    wait_until(lambda: len(docker.containers(everything=True)) == total, 30, f"exactly {total} containers")
    settled = docker.containers()
    time.sleep(5)
    assert docker.containers(everything=True) == settled


def test_a_request_during_a_kill_is_done_or_not_done(windlass, images, docker):
    """No answer means that we do not know; but the state is one of the two, and stays so."""
    windlass.start_app("web", images.redis, 1)
    windlass.wait_for_redis("web", 1)
    for _ in range(5):
        connection = requests.Session()
        connection.trust_env = False
        windlass.process.send_signal(signal.SIGSTOP)
        try:
            connection.post(f"{windlass.url}/v1/apps/scale", json={"id": "web", "instances": 2}, timeout=0.05)
        except requests.RequestException:
            pass
        windlass.process.send_signal(signal.SIGCONT)
        windlass.restart()
        count = windlass.get("/v1/apps").json()[0]["instances"]
        assert count in (1, 2)
        windlass.wait_for_redis("web", count)
        windlass.scale("web", 1)
        windlass.wait_for_endpoints("web", 1)
    wait_until(lambda: len(docker.containers(everything=True)) == 1, 30, "one container")


def test_killed_while_it_pulls(windlass, images, docker):
    docker("rmi", "-f", images.redis)
    windlass.start_app("web", images.redis, 1)
    wait_until(lambda: windlass.executors(), 20, "an executor")
    windlass.restart()
    windlass.wait_for_redis("web", 1)
    assert len(docker.containers(everything=True)) == 1
