"""Health checks and general checks of an executor's task; the agent is played by the test."""

import subprocess

import pytest
from fake_agent import FakeAgent, command_task, docker_task, mesos_pb2
from windlass import wait_until

HEALTH_UPDATED = mesos_pb2.TaskStatus.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED
CHECK_UPDATED = mesos_pb2.TaskStatus.REASON_TASK_CHECK_STATUS_UPDATED
WEB = "mkdir /www; echo hello >/www/index.html; httpd -f -h /www -p 127.0.0.1:80"


def with_health_check(task, delay=0.0, interval=0.2, timeout=5.0, grace=0.0, failures=3, **what):
    task.health_check.CopyFrom(
        mesos_pb2.HealthCheck(
            delay_seconds=delay,
            interval_seconds=interval,
            timeout_seconds=timeout,
            grace_period_seconds=grace,
            consecutive_failures=failures,
        )
    )
    if "command" in what:
        task.health_check.type = mesos_pb2.HealthCheck.COMMAND
        task.health_check.command.value = what["command"]
    if "http" in what:
        task.health_check.type = mesos_pb2.HealthCheck.HTTP
        task.health_check.http.port, task.health_check.http.path = 80, what["http"]
    if "tcp" in what:
        task.health_check.type = mesos_pb2.HealthCheck.TCP
        task.health_check.tcp.port = what["tcp"]
    return task


def with_check(task, **what):
    task.check.CopyFrom(mesos_pb2.CheckInfo(delay_seconds=0.0, interval_seconds=0.2, timeout_seconds=5.0))
    if "command" in what:
        task.check.type = mesos_pb2.CheckInfo.COMMAND
        task.check.command.command.value = what["command"]
    if "http" in what:
        task.check.type = mesos_pb2.CheckInfo.HTTP
        task.check.http.port, task.check.http.path = 80, what["http"]
    if "tcp" in what:
        task.check.type = mesos_pb2.CheckInfo.TCP
        task.check.tcp.port = what["tcp"]
    return task


def with_reason(agent, reason):
    return [status for status in agent.statuses if status.HasField("reason") and status.reason == reason]


def health_of(agent):
    return [status.healthy for status in with_reason(agent, HEALTH_UPDATED)]


def in_container(agent, line):
    subprocess.run(["docker", "exec", agent.container, "sh", "-c", line], check=True, capture_output=True, timeout=30)


def test_health_comes_and_goes(agent, images):
    agent.launch(with_health_check(docker_task(images.busybox, "sleep 600"), command="test -e /well", failures=1000))
    agent.wait_for("TASK_RUNNING")
    wait_until(lambda: health_of(agent)[:2] == [False, False], 20, "each failure")
    assert with_reason(agent, HEALTH_UPDATED)[0].message == (
        "Health check failed (1 of 1000): the command exited with status 1"
    )
    in_container(agent, "touch /well")
    wait_until(lambda: health_of(agent)[-1:] == [True], 20, "health")
    in_container(agent, "rm /well")
    wait_until(lambda: health_of(agent)[-1:] == [False], 20, "illness")
    assert health_of(agent).count(True) == 1, "a success is news once"
    first = agent.wait_for("TASK_RUNNING")
    assert not first.HasField("healthy") and not first.HasField("check_status")
    assert len({status.uuid for status in agent.statuses}) == len(agent.statuses)
    agent.kill()
    last, _ = agent.wait_for_end()
    assert last.HasField("healthy") and not last.healthy


def test_too_many_failures_kill(agent, images):
    line = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
    agent.launch(with_health_check(docker_task(images.busybox, line), tcp=80))
    last, _ = agent.wait_for_end()
    assert agent.distinct_states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"]
    assert health_of(agent) == [False] * 3
    assert last.HasField("healthy") and not last.healthy
    assert last.message == (
        "Container exited with status 0 after its health check failed 3 times in a row: "
        "connect to 127.0.0.1:80: Connection refused"
    )
    assert not agent.container_exists()


def test_failures_in_the_grace_period_do_not_count(agent, images):
    agent.launch(with_health_check(docker_task(images.busybox, "sleep 2; " + WEB), http="/", grace=30.0, failures=1))
    wait_until(lambda: health_of(agent), 30, "a result")
    assert health_of(agent) == [True]
    assert b"in its grace period" in agent.output("stderr")


def test_a_check_that_hangs_is_ended(agent, images):
    task = with_health_check(docker_task(images.busybox, "sleep 600"), command="sleep 1234", timeout=0.5, failures=2)
    agent.launch(task)
    last, _ = agent.wait_for_end()
    assert health_of(agent) == [False, False]
    assert last.message.endswith("its health check failed 2 times in a row: no result within 500ms")


def test_checks_rest_while_the_task_is_killed(agent, images):
    stubborn = "trap '' TERM; rm -f /well; while :; do sleep 0.1; done"
    agent.launch(with_health_check(docker_task(images.busybox, "touch /well; " + stubborn), command="true", failures=1))
    wait_until(lambda: health_of(agent) == [True], 20, "health")
    in_container(agent, "mv /bin/true /bin/untrue")
    agent.kill(grace=2)
    last, _ = agent.wait_for_end()
    assert agent.states()[-2:] == ["TASK_KILLING", "TASK_KILLED"]


def test_general_checks_report_changes(agent, images):
    agent.launch(with_check(docker_task(images.busybox, "sleep 600"), command="exit $(cat /code || echo 9)"))
    wait_until(lambda: with_reason(agent, CHECK_UPDATED), 20, "a result")
    for code in (3, 0):
        in_container(agent, f"echo {code} >/code.new; mv /code.new /code")
        wait_until(lambda: with_reason(agent, CHECK_UPDATED)[-1].check_status.command.exit_code == code, 20, "change")
    codes = [status.check_status.command.exit_code for status in with_reason(agent, CHECK_UPDATED)]
    assert codes == [9, 3, 0]
    agent.kill(grace=0)
    last, _ = agent.wait_for_end()
    assert last.check_status.command.exit_code == 0
    for status in agent.statuses:
        assert status.check_status.type == mesos_pb2.CheckInfo.COMMAND and status.check_status.HasField("command")
        assert not status.HasField("healthy")
    first = agent.statuses[0].check_status
    assert not first.command.HasField("exit_code")


def test_general_checks_by_http_and_tcp(agent, images):
    agent.launch(with_check(docker_task(images.busybox, WEB), http="/nope"))
    wait_until(lambda: any(s.check_status.http.status_code == 404 for s in agent.statuses), 20, "404")


def test_both_checks_of_a_command_task(agent):
    task = with_health_check(command_task("sleep 600", task_id="t1"), command='test "$MESOS_SANDBOX" = "$PWD"')
    agent.launch(with_check(task, command="exit 4"))
    wait_until(lambda: health_of(agent) == [True] and with_reason(agent, CHECK_UPDATED), 20, "results")
    wait_until(lambda: agent.statuses[-1].check_status.command.exit_code == 4, 20, "the check's result")
    wait_until(lambda: agent.statuses[-1].healthy, 20, "health")
    agent.kill()
    last, _ = agent.wait_for_end()
    assert last.healthy and last.check_status.command.exit_code == 4


def test_an_end_is_no_failed_check(agent, images):
    agent.launch(with_health_check(docker_task(images.busybox, "sleep 2"), command="sleep 1", interval=0.0, failures=1))
    agent.wait_for_end()
    assert agent.states()[-1] == "TASK_FINISHED"
    assert health_of(agent) == [True]
