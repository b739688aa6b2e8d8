"""`windlass scheduler` on `windlass engine --simulated_agents=N`: a cluster without machines."""

import subprocess

import pytest
import requests
from windlass import BUILD, free_ports, wait_until

AGENTS = 1000


class Cluster:
    """Two processes that know of each other by host and port alone, each with a journal of its own."""

    def __init__(self, folder, engine_flags=()):
        self.folder = folder
        self.master_port, self.http_port = free_ports(2)
        self.session = requests.Session()
        self.session.trust_env = False
        self.engine_flags = [f"--simulated_agents={AGENTS}", "--allocation_interval=100ms", *engine_flags]
        self.processes = {}

    def start(self, name):
        common = ["--hostname=127.0.0.1", f"--work_dir={self.folder}/{name}", "--log_level=warning"]
        command = {
            "engine": ["engine", f"--master_port={self.master_port}", *self.engine_flags, *common],
            "scheduler": ["scheduler", f"--master=127.0.0.1:{self.master_port}", f"--http_port={self.http_port}",
                          *common],
        }[name]
        with open(f"{self.folder}/{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen([BUILD / "windlass", *command], stdin=subprocess.DEVNULL,
                                                    stdout=log, stderr=log, start_new_session=True)

    def kill(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def post(self, path, body):
        answer = self.session.post(f"http://127.0.0.1:{self.http_port}{path}", json=body, timeout=30)
        assert answer.status_code == 204, answer.text

    def start_app(self, app, instances, **fields):
        app = {"id": app, "instances": instances, "cpus": 0.1, "mem": 32, "cmd": "sleep 100000", **fields}
        self.post("/v1/apps/start", app)

    def metrics(self):
        answer = self.session.get(f"http://127.0.0.1:{self.master_port}/metrics/snapshot", timeout=30)
        return answer.json()

    def tasks(self, app):
        return self.session.get(f"http://127.0.0.1:{self.http_port}/v1/apps/{app}/tasks", timeout=30,
                                headers={"Accept": "application/json"}).json()[app]

    def wait_for_running(self, count):
        def right_number():
            return self.metrics()["master/tasks_running"] == count

        wait_until(right_number, 120, f"{count} tasks that run")


@pytest.fixture
def make_cluster(programs, tmp_path):
    made = []

    def make(**options):
        made.append(Cluster(tmp_path, **options))
        for name in ("engine", "scheduler"):
            made[-1].start(name)
        return made[-1]

    yield make
    for cluster in made:
        for name in list(cluster.processes):
            cluster.kill(name)


def ready(cluster):
    wait_until(lambda: cluster.metrics()["master/frameworks_active"] == 1, 30, "the subscription")
    wait_until(lambda: cluster.session.get(f"http://127.0.0.1:{cluster.http_port}/ping", timeout=5).ok, 30, "/ping")
    return cluster


def test_apps_run_and_survive_kill_9_of_both(make_cluster):
    cluster = ready(make_cluster())
    assert cluster.metrics()["master/slaves_active"] == AGENTS
    cluster.start_app("spread", 100, constraints=[["hostname", "UNIQUE"]])
    cluster.start_app("many", 200)
    cluster.wait_for_running(300)
    before = {task["id"]: task["host"] for task in cluster.tasks("spread")}
    assert len(set(before.values())) == 100, "each on an agent of its own"

    cluster.kill("scheduler")
    cluster.start("scheduler")
    ready(cluster)
    cluster.post("/v1/apps/scale", {"id": "many", "instances": 300})
    cluster.wait_for_running(400)

    cluster.kill("engine")
    cluster.start("engine")
    ready(cluster)
    assert cluster.metrics()["master/tasks_running"] == 400, "its tasks are in the journal"
    cluster.post("/v1/apps/scale", {"id": "many", "instances": 100})
    cluster.wait_for_running(200)
    after = {task["id"]: task["host"] for task in cluster.tasks("spread")}
    assert after == before, "nobody has noticed"

    cluster.post("/v1/apps/stop", {"id": "many"})
    cluster.post("/v1/apps/stop", {"id": "spread"})
    cluster.wait_for_running(0)


def test_tasks_take_their_time_to_start(make_cluster):
    cluster = ready(make_cluster(engine_flags=["--simulated_task_delay=2secs"]))
    cluster.start_app("slow", 3)
    wait_until(lambda: cluster.metrics()["master/tasks_starting"] == 3, 30, "three tasks that start")
    cluster.wait_for_running(3)


@pytest.mark.parametrize("flag", ["--simulated_agents=-1", "--simulated_agents=100001", "--simulated_task_delay=2"])
def test_flags_that_make_no_sense_are_refused(programs, tmp_path, flag):
    done = subprocess.run([programs / "windlass", "engine", f"--work_dir={tmp_path}", flag], capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 2 and flag.split("=")[0] in done.stderr, done.stderr


def test_a_folder_is_of_simulated_agents_or_of_real_tasks(programs, tmp_path):
    simulated, real = ["--simulated_agents=3"], []
    for first, second, said in ((simulated, real, "fleet.db"), (real, simulated, "engine.db")):
        folder = tmp_path / said
        master_port, agent_port = free_ports(2)
        ports = [f"--master_port={master_port}", f"--agent_port={agent_port}", f"--work_dir={folder}"]
        command = [str(BUILD / "windlass"), "engine", *ports]
        process = subprocess.Popen([*command, *first], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until(lambda: (folder / said).exists(), 20, said)
        process.terminate()
        process.wait(timeout=20)
        refused = subprocess.run([*command, *second], capture_output=True, text=True, timeout=30)
        assert refused.returncode == 1
        assert f"{folder}/{said} is of an engine" in refused.stderr
