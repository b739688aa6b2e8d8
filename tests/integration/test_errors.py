"""Wrong input as a new user would give it: a clear message with the right code, and everything else goes on."""

import re
import socket
import subprocess
import time

import pytest

from windlass import BUILD, wait_until

OLD = {"id": "old", "cmd": "sleep 600", "instances": 0}

BAD_STARTS = [
    ({"cmd": "x"}, 422, "id"),
    ({"id": "", "cmd": "x"}, 422, "id"),
    ({"id": "with space", "cmd": "x"}, 422, "id"),
    ({"id": "a", "cmd": "x", "instances": -1}, 422, "instances"),
    ({"id": "a", "cmd": "x", "instances": "-1"}, 422, "instances"),
    ({"id": "a", "cmd": "x", "mem": "abc"}, 422, "mem"),
    ({"id": "a", "cmd": "x", "cpus": []}, 422, "cpus"),
    ({"id": "a", "cmd": "x", "executor": "no/slash"}, 422, "executor"),
    ({"id": "old", "cmd": "x"}, 422, "Already started app 'old'"),
]


@pytest.fixture(scope="module")
def module_windlass(programs, host_address, tmp_path_factory):
    from windlass import Windlass

    windlass = Windlass(tmp_path_factory.mktemp("errors"), host_address).start()
    assert windlass.post("/v1/apps/start", OLD).status_code == 204
    yield windlass
    windlass.clean_up()


@pytest.mark.parametrize("body, status, words", BAD_STARTS, ids=[str(body) for body, _, _ in BAD_STARTS])
def test_bad_apps(module_windlass, body, status, words):
    answer = module_windlass.post("/v1/apps/start", body)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert [app["id"] for app in module_windlass.get("/v1/apps").json()] == ["old"]


BAD_BODIES = ["", "{", "[]", "7", '{"id": "a"', "id=a&cmd=x", '{"id": 7}}', "\x00\xff", "[" * 100000]


@pytest.mark.parametrize("text", BAD_BODIES, ids=[body[:12].encode("unicode_escape").decode() for body in BAD_BODIES])
def test_bodies_that_are_no_app(module_windlass, text):
    answer = module_windlass.post("/v1/apps/start", data=text.encode("latin-1"))
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()


@pytest.mark.parametrize("route", ["stop", "scale"])
def test_unknown_apps(module_windlass, route):
    answer = module_windlass.post(f"/v1/apps/{route}", {"id": "ghost", "instances": 1})
    assert answer.status_code == 404
    assert answer.json() == {"message": "Unknown app 'ghost'"}


def test_unknown_paths_and_methods(module_windlass):
    assert module_windlass.get("/v1/apps/ghost/tasks").status_code == 404
    assert module_windlass.get("/v1/endpoints/ghost").status_code == 404
    assert module_windlass.get("/v1/nothing").status_code == 404
    assert module_windlass.post("/v1/apps").status_code in (404, 405)


def test_unknown_fields_are_ignored_and_strings_are_numbers(module_windlass):
    body = {"id": "loose", "cmd": "x", "instances": "0", "cpus": "0.5", "mem": "33", "colour": "red"}
    assert module_windlass.post("/v1/apps/start", body).status_code == 204
    app = [one for one in module_windlass.get("/v1/apps").json() if one["id"] == "loose"][0]
    assert (app["instances"], app["cpus"], app["mem"]) == (0, 0.5, 33)
    assert module_windlass.post("/v1/apps/stop", {"id": "loose"}).status_code == 204


def connect(windlass):
    return socket.create_connection(("127.0.0.1", windlass.http_port), timeout=90)


def test_a_body_of_100_megabytes_is_refused(module_windlass):
    head = b"POST /v1/apps/start HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"
    with connect(module_windlass) as connection:
        connection.sendall(head)
        try:
            for _ in range(1600):
                connection.sendall(b" " * 65536)
        except OSError:
            pass  # refused before it was all sent
        answer = connection.recv(4096)
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert module_windlass.answers()


def test_garbage_instead_of_http(module_windlass):
    for garbage in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\r\n" * 100, b"A" * 200000 + b"\r\n\r\n"):
        with connect(module_windlass) as connection:
            try:
                connection.sendall(garbage)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(4096)
            except OSError:
                pass
    assert module_windlass.answers()


def test_slow_clients_do_not_keep_others_waiting(module_windlass):
    slow = [connect(module_windlass) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"POST /v1/apps/start HTTP/1.1\r\nHost: x\r\nContent-")
        began = time.monotonic()
        assert module_windlass.answers()
        assert time.monotonic() - began < 2
    finally:
        for connection in slow:
            connection.close()


def test_an_image_that_does_not_exist(windlass, images, docker):
    windlass.start_app("ghost", images.prefix + "ghost")
    windlass.start_app("web", images.redis)
    windlass.wait_for_redis("web", 1)
    failure = r"state=TASK_FAILED .*message=.*" + re.escape(images.prefix + "ghost")
    wait_until(lambda: re.search(failure, windlass.log()), 30, "what Docker said in the log")
    assert windlass.endpoints("ghost") == []
    windlass.stop_app("ghost")
    assert [app["id"] for app in windlass.get("/v1/apps").json()] == ["web"]


def test_an_executor_that_does_not_exist(windlass, images):
    windlass.start_app("ghost", images.redis, executor="/no/such/executor")
    windlass.start_app("web", images.redis)
    windlass.wait_for_redis("web", 1)
    wait_until(lambda: "state=TASK_FAILED" in windlass.log(), 30, "the failure in the log")
    assert windlass.endpoints("ghost") == []


def run_to_end(windlass, *flags, **environment):
    command, environment = [*windlass.command(), *flags], {**windlass.environment(), **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)


def test_a_port_that_is_taken(windlass, make_windlass):
    second = run_to_end(make_windlass(), f"--http_port={windlass.http_port}")
    assert second.returncode not in (0, 2)
    assert str(windlass.http_port) in second.stderr
    assert "in use" in second.stderr.lower()
    assert windlass.answers()


def test_no_docker_engine(make_windlass, images):
    windlass = make_windlass("--docker_socket=/nonexistent/docker.sock").start()
    windlass.start_app("web", images.redis)
    wait_until(lambda: "/nonexistent/docker.sock" in windlass.log(), 30, "the socket's name in the log")
    assert windlass.answers()
    assert windlass.endpoints("web") == []


@pytest.mark.parametrize("flag", ["--http_port=abc", "--http_port=70000", "--colour=red", "--resources=cpus:x"])
def test_wrong_flags_name_themselves_and_exit_2(make_windlass, flag):
    done = run_to_end(make_windlass(), flag)
    assert done.returncode == 2
    assert flag.split("=")[0].lstrip("-") in done.stderr


def test_flags_from_the_environment(make_windlass):
    done = run_to_end(make_windlass(), WINDLASS_LOG_LEVEL="loud")
    assert done.returncode == 2
    assert "LOG_LEVEL" in done.stderr.upper()


def test_help_names_every_flag_with_its_default():
    done = subprocess.run([str(BUILD / "windlass"), "up", "--help"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    for words in ("--http_port", "8080", "--work_dir", "/var/lib/windlass", "--hostname", "--master"):
        assert words in done.stdout
