"""windlass-executor and a registry that asks who comes: each place that a login can be in."""

import base64
import json
import os
import subprocess
import uuid
import warnings

import mesos_pb2
import pytest
from conftest import running_registry
from fake_agent import docker_task, mesos_task
from windlass import ROOT

USER, PASSWORD = "user", "pass:word"


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    """The address of a registry that wants a password for everything."""
    folder = tmp_path_factory.mktemp("private-registry")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import crypt  # deprecated, and all that this Python has

        hashed = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
    (folder / "users").write_text(f"{USER}:{hashed}\n")
    asks = f"auth: {{htpasswd: {{realm: windlass, path: {folder}/users}}}}\n"
    with running_registry(folder, asks, answers=401) as address:
        yield address


def config(address, **login):
    both = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return json.dumps({"auths": {address: login or {"auth": both}}})


@pytest.fixture
def image(private, tmp_path):
    """In the private registry and nowhere else."""
    tag = f"{private}/secret:{uuid.uuid4().hex}"
    (tmp_path / "config.json").write_text(config(private))
    subprocess.run([ROOT / "tools/image", "busybox", tag], check=True, timeout=120)
    push = ["docker", "--config", str(tmp_path), "push", "-q", tag]
    subprocess.run(push, check=True, capture_output=True, timeout=60)
    subprocess.run(["docker", "rmi", "-f", tag], check=True, capture_output=True, timeout=60)
    yield tag
    subprocess.run(["docker", "rmi", "-f", tag], capture_output=True, timeout=60)


def test_nobody_is_told_no(make_agent, image, tmp_path):
    agent = make_agent().start(HOME=str(tmp_path / "nobody"))
    agent.launch(docker_task(image, "exit 0"))
    message = agent.wait_for("TASK_FAILED").message
    assert "no basic auth credentials; no login for " in message
    assert "/nobody/.docker/config.json of the agent (not there)" in message


def test_a_login_that_was_fetched_to_the_wrong_place(make_agent, image, private, tmp_path):
    agent = make_agent()
    (agent.sandbox / "config.json").write_text(config(private))
    agent.start(HOME=str(tmp_path / "nobody")).launch(docker_task(image, "exit 0"))
    message = agent.wait_for("TASK_FAILED").message
    assert "has a config.json with a login for it" in message and ".docker/config.json (output_file)" in message


@pytest.mark.parametrize("name", [".docker/config.json", ".dockercfg"])
def test_a_file_in_the_sandbox(make_agent, image, private, name):
    agent = make_agent()
    (agent.sandbox / ".docker").mkdir()
    text = config(private)
    (agent.sandbox / name).write_text(text if name.startswith(".docker/") else json.dumps(json.loads(text)["auths"]))
    agent.start().launch(docker_task(image, "exit 0"))
    agent.wait_for("TASK_FINISHED")


def test_the_hosts_configuration(make_agent, image, private, tmp_path):
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(config(private))
    agent = make_agent().start(HOME=str(tmp_path))
    agent.launch(docker_task(image, "exit 0"))
    agent.wait_for("TASK_FINISHED")


def test_the_flag_has_the_configuration_itself(make_agent, image, private):
    agent = make_agent().start(f"--docker_config={config(private)}")
    agent.launch(docker_task(image, "exit 0"))
    agent.wait_for("TASK_FINISHED")


def test_a_credential_helper(make_agent, image, private, tmp_path):
    helper = tmp_path / "docker-credential-test"
    login = json.dumps({"ServerURL": private, "Username": USER, "Secret": PASSWORD})
    helper.write_text(f"#!/bin/sh\nread server\n[ \"$1 $server\" = 'get {private}' ] && echo '{login}'\n")
    helper.chmod(0o755)
    agent = make_agent().start('--docker_config={"credsStore": "test"}', PATH=f"{tmp_path}:{os.environ['PATH']}")
    agent.launch(docker_task(image, "exit 0"))
    agent.wait_for("TASK_FINISHED")


def test_the_tasks_own_configuration(make_agent, image, private):
    task = mesos_task(image, "exit 0")
    secret = task.container.mesos.image.docker.config
    secret.type = mesos_pb2.Secret.VALUE
    secret.value.data = config(private).encode()
    agent = make_agent().start()
    agent.launch(task)
    agent.wait_for("TASK_FINISHED")


def test_the_tasks_credential(make_agent, image):
    task = mesos_task(image, "exit 0")
    task.container.mesos.image.docker.credential.principal = USER
    task.container.mesos.image.docker.credential.secret = PASSWORD
    agent = make_agent().start()
    agent.launch(task)
    agent.wait_for("TASK_FINISHED")


def test_a_wrong_password_is_final(make_agent, image, private):
    agent = make_agent().start(f"--docker_config={config(private, username=USER, password='wrong')}")
    agent.launch(docker_task(image, "exit 0"))
    message = agent.wait_for("TASK_FAILED").message
    assert "unauthorized" in message.lower() and "the login is from --docker_config" in message
