"""The client commands that show what tasks do and print."""

import subprocess

from windlass import BUILD, client, wait_until

TALKER = "echo one; echo two; echo oops >&2; trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done"


def only_task(windlass, app_id, state):
    """The task's id, once it is in that state."""

    def listed():
        rows = [line.split() for line in client(windlass, "task", "list", app_id).stdout.splitlines()[1:]]
        return [row[1] for row in rows if row[2] == state]

    return wait_until(listed, what=f"a task that is {state}")[0]


def test_the_output_of_a_task(windlass):
    app = {"id": "talker", "instances": 1, "cpus": 0.1, "mem": 32, "cmd": TALKER}
    assert windlass.post("/v1/apps/start", app).status_code == 204
    task = only_task(windlass, "talker", "running")
    master = f"--master=127.0.0.1:{windlass.master_port}"
    wait_until(lambda: "two" in client(windlass, "task", "log", task, master).stdout, what="the output")
    assert client(windlass, "task", "log", task, master, "-n", "1").stdout == "two\n"
    assert "oops\n" in client(windlass, "task", "log", task, master, "--stderr").stdout
    command = [str(BUILD / "windlass"), "task", "log", task, master, "--follow"]
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                env={**windlass.environment(), "WINDLASS_URL": windlass.url})
    assert follower.stdout.readline() == "one\n"
    windlass.stop_app("talker")
    assert follower.stdout.read() == "two\nbye\n"
    assert follower.wait(timeout=20) == 0
    assert client(windlass, "task", "log", task, master).stdout == "one\ntwo\nbye\n"
    unknown = client(windlass, "task", "log", "nosuch", master)
    assert unknown.returncode == 1 and "there is no task 'nosuch'" in unknown.stderr
