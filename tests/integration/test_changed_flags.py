"""A later start with other flags, on the same work_dir: what can change is applied to new tasks, what cannot is refused
with the reason. Tasks from before go on either way."""

import shutil
import subprocess

import requests

from windlass import BUILD, free_port, wait_until

APP = {"cmd": "sleep 600", "instances": 1, "cpus": 0.1, "mem": 32}


def state_of(windlass, port):
    return requests.get(f"http://127.0.0.1:{port}/state", timeout=10).json()


def tasks_of(windlass, app):
    """The tasks of an app that run, as the master shows them."""
    frameworks = state_of(windlass, windlass.master_port)["frameworks"]
    tasks = [task for framework in frameworks for task in framework["tasks"]]
    return [task for task in tasks if task["name"] == app and task["state"] == "TASK_RUNNING"]


def run_app(windlass, app, **fields):
    answer = windlass.post("/v1/apps/start", {"id": app, **APP, **fields})
    assert answer.status_code == 204, answer.text
    return wait_until(lambda: tasks_of(windlass, app), 30, f"a task of {app}")[0]


def environment_of(windlass, executor_id):
    """Of the executor that has this id in its sandbox's path."""
    for process in windlass.executors():
        with open(f"/proc/{process}/environ", "rb") as file:
            found = dict(each.split("=", 1) for each in file.read().decode().split("\0") if "=" in each)
        if found.get("MESOS_EXECUTOR_ID") == executor_id:
            return found
    raise AssertionError(f"no executor {executor_id}")


def test_new_flags_are_for_new_tasks_and_old_tasks_go_on(make_windlass, open_folder):
    windlass = make_windlass().start()
    before = run_app(windlass, "before")
    windlass.stop()

    program = shutil.copy(BUILD / "windlass-executor", open_folder / "other-executor")
    windlass.hostname = "127.0.0.2"
    windlass.flags += [
        "--framework_name=other", "--mesos_role=web", "--failover_timeout=1234", "--max_log_size=7MB",
        "--max_log_files=3", "--attributes=rack:abc", f"--docker_executor={program}", "--recovery_timeout=7mins",
        "--executor_shutdown_grace_period=9secs", "--executor_registration_timeout=2mins",
        "--task_launch_timeout=400000", "--local_port_min=11000", "--local_port_max=11002",
        f"--resources=cpus:8;mem:4096;ports:[{windlass.first_port}-{windlass.last_port}]",
    ]
    windlass.start()
    wait_until(lambda: state_of(windlass, windlass.master_port)["frameworks"][0]["active"], 20, "the subscription")
    after = run_app(windlass, "after", constraints=[["rack", "CLUSTER", "abc"]])

    assert [task["id"] for task in tasks_of(windlass, "before")] == [before["id"]], "it runs as it ran"
    (framework,) = state_of(windlass, windlass.master_port)["frameworks"]
    assert framework["name"] == "other"
    assert framework["roles"] == ["web"]
    assert framework["failover_timeout"] == 1234
    assert framework["hostname"] == "127.0.0.2"
    assert before["role"] == "*" and after["role"] == "web"
    (agent,) = requests.get(f"http://127.0.0.1:{windlass.master_port}/slaves", timeout=10).json()["slaves"]
    assert agent["attributes"] == {"rack": "abc"}
    assert agent["resources"]["cpus"] == 8 and agent["resources"]["mem"] == 4096
    old, new = (environment_of(windlass, task["executor_id"] or task["id"]) for task in (before, after))
    changed = {name: (old.get(name), new.get(name)) for name in new if old.get(name) != new.get(name)}
    assert changed["WINDLASS_EXECUTOR_MAX_LOG_SIZE"] == ("10MB", "7MB")
    assert changed["WINDLASS_EXECUTOR_MAX_LOG_FILES"] == ("5", "3")
    assert changed["MESOS_RECOVERY_TIMEOUT"] == ("15mins", "7mins")
    assert changed["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] == ("5secs", "9secs")
    ports = {app["id"]: app["ports"][0] for app in windlass.get("/v1/apps").json()}
    assert 10000 <= ports["before"] < 20000 and 11000 <= ports["after"] < 11002


def test_fewer_resources_than_are_in_use(make_windlass):
    windlass = make_windlass().start()
    task = run_app(windlass, "before", mem=512)
    windlass.stop()
    windlass.flags.append(f"--resources=cpus:0.05;mem:64;ports:[{windlass.first_port}-{windlass.last_port}]")
    windlass.start()
    windlass.post("/v1/apps/start", {"id": "after", **APP})
    reason = wait_until(
        lambda: windlass.get("/v1/debug/waiting?appId=after").json().get("after", {}).get("reason"), 20, "a reason"
    )
    assert reason == "no offers have come" or "Insufficient" in reason
    assert [each["id"] for each in tasks_of(windlass, "before")] == [task["id"]]


def test_the_default_executor_is_that_of_the_newest_start(make_windlass):
    windlass = make_windlass().start()
    run_app(windlass, "before")
    windlass.stop()
    windlass.flags.append(f"--executor={windlass.executor}")
    windlass.start()
    windlass.post("/v1/apps/start", {"id": "after", **APP, "instances": 0})
    windlass.post("/v1/apps/start", {"id": "seed", **APP, "cmd": "no/such/image-at-all", "instances": 1})

    def launched():
        frameworks = state_of(windlass, windlass.master_port)["frameworks"]
        tasks = [each for name in ("tasks", "completed_tasks") for each in frameworks[0][name]]
        return [each for each in tasks if each["name"] == "seed"]

    assert wait_until(launched, 30, "a task of seed")[0]["executor_id"], "it has an executor, not a command"


def test_an_agents_address_that_executors_cannot_follow_is_refused(make_windlass):
    windlass = make_windlass().start()
    task = run_app(windlass, "before")
    port = windlass.agent_port
    windlass.stop()
    windlass.agent_port = free_port()
    windlass.launch()
    assert windlass.process.wait(timeout=20) == 1
    assert f"call their agent at 127.0.0.1:{port}" in windlass.log()
    assert "--agent_port" in windlass.log()
    windlass.agent_port = port
    windlass.start()
    assert [each["id"] for each in tasks_of(windlass, "before")] == [task["id"]]

    # Once nothing runs any more, the address is free to change.
    windlass.stop_app("before")
    wait_until(lambda: not windlass.executors(), 30, "the end of the executor")
    windlass.stop()
    windlass.agent_port = free_port()
    windlass.start()
    run_app(windlass, "again")


def test_a_lost_database_is_told_of_and_its_tasks_can_be_ended(make_windlass):
    windlass = make_windlass().start()
    run_app(windlass, "before")
    (framework,) = state_of(windlass, windlass.master_port)["frameworks"]
    windlass.stop()
    for path in windlass.work_dir.glob("scheduler.db*"):
        path.unlink()
    windlass.start()
    wait_until(lambda: "go on without a scheduler" in windlass.log(), 20, "the warning")
    advice = f"windlass engine teardown {framework['id']}"
    assert advice in windlass.log()
    command = [str(BUILD / "windlass"), *advice.split()[1:], f"--master=127.0.0.1:{windlass.master_port}"]
    subprocess.run(command, check=True, timeout=30)
    wait_until(lambda: not windlass.executors(), 30, "the end of its executors")
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1
    assert "No framework found with specified ID" in refused.stderr
