"""Who may use the API: credentials, other machines, pages in a browser."""

import pytest

from windlass import client

APP = {"id": "web", "cmd": "sleep 60", "instances": 0}


@pytest.fixture
def users(tmp_path):
    path = tmp_path / "users"
    path.write_text("ann:s3cret\nbob:hush\n")
    path.chmod(0o600)
    return path


def test_without_credentials_it_answers_this_machine_only(make_windlass):
    windlass = make_windlass("--http_address=0.0.0.0")
    windlass.launch()
    assert windlass.process.wait(timeout=20) == 2
    assert "--http_credentials=FILE, or say --insecure" in windlass.log()
    windlass.flags = ["--http_address=0.0.0.0", "--insecure"]
    windlass.start()
    assert "without credentials" in windlass.log()


def test_every_route_but_ping_asks_for_credentials(make_windlass, users):
    windlass = make_windlass(f"--http_credentials={users}").start()
    assert windlass.get("/ping").status_code == 200
    for path in ("/v1/apps", "/metrics", "/no/such/route"):
        refused = windlass.get(path)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == 'Basic realm="Mesosphere"'
        assert windlass.get(path, auth=("ann", "wrong")).status_code == 401
        assert windlass.get(path, auth=("bob", "hush")).status_code != 401
    assert windlass.post("/v1/apps/start", APP).status_code == 401
    assert windlass.post("/v1/apps/start", APP, auth=("ann", "s3cret")).status_code == 204


def test_the_client_says_who_it_is(make_windlass, users):
    windlass = make_windlass(f"--http_credentials={users}").start()
    refused = client(windlass, "app", "list")
    assert refused.returncode == 1 and "Credentials are required (401)" in refused.stderr
    assert client(windlass, "app", "list", f"--credentials={users}").returncode == 0
    assert client(windlass, "app", "list", WINDLASS_CREDENTIALS="bob:hush").returncode == 0
    assert client(windlass, "app", "list", WINDLASS_URL=windlass.url.replace("//", "//ann:s3cret@")).returncode == 0


def test_a_file_that_others_may_read_is_refused(make_windlass, users):
    users.chmod(0o644)
    windlass = make_windlass(f"--http_credentials={users}")
    windlass.launch()
    assert windlass.process.wait(timeout=20) == 1
    assert "chmod 600" in windlass.log() and "s3cret" not in windlass.log()


def test_a_password_on_the_command_line_is_seen_nowhere(make_windlass):
    windlass = make_windlass("--http_credentials=ann:s3cret").start()
    assert windlass.get("/v1/apps", auth=("ann", "s3cret")).status_code == 200
    with open(f"/proc/{windlass.process.pid}/cmdline", "rb") as file:
        assert b"s3cret" not in file.read()
    seen = [windlass.log(), windlass.get("/metrics", auth=("ann", "s3cret")).text]
    for path in ("/flags", "/state", "/metrics/snapshot"):
        seen.append(windlass.session.get(f"http://127.0.0.1:{windlass.master_port}{path}", timeout=10).text)
    assert not any("s3cret" in text for text in seen)


def test_a_page_of_another_origin_changes_nothing(make_windlass):
    windlass = make_windlass().start()
    evil = {"Origin": "http://evil.example"}
    rebound = {"Origin": "http://evil.example", "Host": "evil.example"}
    own = {"Origin": windlass.url}
    assert windlass.post("/v1/apps/start", APP, headers=evil).status_code == 403
    assert windlass.post("/v1/apps/start", APP, headers=rebound).status_code == 403
    assert windlass.get("/v1/apps").json() == []
    assert windlass.post("/v1/apps/start", APP, headers=own).status_code == 204
    for port, path in ((windlass.master_port, "/api/v1/scheduler"), (windlass.agent_port, "/api/v1/executor")):
        answer = windlass.session.post(f"http://127.0.0.1:{port}{path}", json={}, headers=evil, timeout=10)
        assert answer.status_code == 403
