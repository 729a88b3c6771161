# SPDX-License-Identifier: LGPL-2.1-or-later
"""The update agent on a real sysroot, against servers that speak Cincinnati and FleetLock."""
import http.server
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.parse

import pytest

from conftest import BUILD, run
from test_host import Publisher, host, make_host, publisher  # noqa: F401 (fixtures)

PROGRAM = BUILD / "src/programs/atoll-host"
PREFIX = "org.fedoraproject.coreos."


class Server:
    """Answers what the test sets; keeps what it was asked."""

    def __init__(self):
        self.graph = {"nodes": [], "edges": []}
        self.graph_status = (200, {})
        self.holders = set()
        self.lock_status = None
        self.lock_may_answer, self.graph_may_answer = threading.Event(), threading.Event()
        self.lock_may_answer.set()
        self.graph_may_answer.set()
        self.slots = 1
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, value, headers=()):
                body = json.dumps(value).encode()
                self.send_response(status)
                for name, text in dict(headers).items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                outer.asked.append(("GET", url.path, dict(urllib.parse.parse_qsl(url.query))))
                outer.graph_may_answer.wait(120)
                status, headers = outer.graph_status
                self.answer(status, outer.graph if status == 200 else
                            {"kind": "overloaded", "value": "come back later"}, headers)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(("POST", self.path, body))
                outer.lock_may_answer.wait(120)
                if outer.lock_status is not None:
                    status, headers = outer.lock_status
                    return self.answer(status, {"kind": "busy", "value": "one at a time"}, headers)
                if self.headers["fleet-lock-protocol"] != "true":
                    return self.answer(400, {"kind": "bad_header", "value": "no header"})
                name = body["client_params"]["id"]
                if self.path == "/v1/steady-state":
                    outer.holders.discard(name)
                    return self.answer(200, {})
                if name in outer.holders or len(outer.holders) < outer.slots:
                    outer.holders.add(name)
                    return self.answer(200, {})
                return self.answer(500, {"kind": "failed_lock", "value": "all slots are taken"})

            def log_message(self, *words):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.lock_may_answer.set()
        self.graph_may_answer.set()
        self.http.shutdown()
        self.http.server_close()

    def offer(self, *commits, edges=None, **last):
        """Releases 1, 2, …; an edge from each to all later ones, unless said otherwise."""
        self.graph = {
            "nodes": [{"version": str(i + 1), "payload": commit,
                       "metadata": {PREFIX + "scheme": "checksum",
                                    PREFIX + "releases.age_index": str(i)}}
                      for i, commit in enumerate(commits)],
            "edges": [[i, j] for i in range(len(commits)) for j in range(i + 1, len(commits))]
                     if edges is None else edges}
        for key, value in last.items():
            self.graph["nodes"][-1]["metadata"][PREFIX + "updates." + key] = value

    def paths(self):
        return [path for _, path, _ in self.asked]


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


class Agent:
    def __init__(self, directory, host, server):
        self.directory, self.host, self.server = directory, host, server
        self.config = directory / "agent.d"
        self.dir = directory / "agent"
        self.rebooted = directory / "rebooted"
        self.log = directory / "agent.log"
        self.process = None
        self.config.mkdir()
        self.write(graph={"url": server.url, "interval-seconds": 3600},
                   identity={"node-uuid": "0" * 31 + "1"})

    def write(self, name="10-test.yaml", **sections):
        (self.config / name).write_text(json.dumps(sections))

    def command(self, *words, config=True, sysroot=True):
        # deploy is not of the agent; the others take its options
        return [str(PROGRAM), *words, "--agent-dir", str(self.dir),
                *(["--config", str(self.config)] if config else []),
                *(["--sysroot", str(self.host.sysroot)] if sysroot else [])]

    def run(self, *words, status=0, **options):
        return run(*self.command(*words, **options), status=status,
                   env={**os.environ, "http_proxy": ""})

    def tell(self, *words, status=0):
        return self.run(*words, status=status, config=False, sysroot=False).stdout

    def start(self):
        began = time.time_ns()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command("agent", "run", "--reboot-with", f"touch '{self.rebooted}'"),
                stdout=log, stderr=log, env={**os.environ, "http_proxy": ""})
        # not what an agent before has left behind
        self.wait(lambda: (self.dir / "agent-status.json").exists() and
                  (self.dir / "agent-status.json").stat().st_mtime_ns > began)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(30) == 0, self.log.read_text()
        self.process = None

    def kill(self):
        """As systemd does it when the agent has crashed: with all that it had started."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            os.kill(one, signal.SIGKILL)
        self.process.wait(30)

    def status(self):
        return json.loads((self.dir / "agent-status.json").read_text())

    def wait(self, done, seconds=60):
        end = time.monotonic() + seconds
        while not done():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, (os.listdir(self.dir), self.log.read_text())
            time.sleep(0.05)

    def wait_state(self, state, reason=""):
        self.wait(lambda: (self.dir / "agent-status.json").exists() and
                  self.status()["state"] == state and reason in self.status()["reason"])


@pytest.fixture
def agent(tmp_path, host, server):  # noqa: F811
    made = Agent(tmp_path, host, server)
    yield made
    made.stop()


def booted(host):  # noqa: F811
    return host.status()[0]["checksum"]


def test_update_and_reboot(agent, server):
    first = booted(agent.host)
    second = agent.host.publisher.publish("2")
    server.offer(first, second)
    agent.start()
    agent.wait(agent.rebooted.exists)
    assert agent.host.versions()[0] == "2"
    _, path, keys = server.asked[0]
    assert path == "/v1/graph"
    assert keys == {"basearch": "x86_64", "stream": "stable", "os_version": "1",
                    "os_checksum": first, "node_uuid": "0" * 31 + "1", "group": "default"}
    assert agent.status()["state"] == "rebooting"
    assert agent.status()["staged"] == "2"


def test_barrier_is_taken_first(agent, server):
    commits = [booted(agent.host)] + [agent.host.publisher.publish(v) for v in "23"]
    server.offer(*commits, edges=[[0, 1], [1, 2]])
    server.graph["nodes"][1]["metadata"].update(
        {PREFIX + "updates.barrier": "true", PREFIX + "updates.barrier_reason": "new keys"})
    text = agent.run("agent", "check").stdout
    assert text == "2 is next: every host has to pass through it (new keys)\n"
    agent.tell("hold")
    agent.start()
    agent.wait(lambda: (agent.dir / "motd").exists())
    assert (agent.dir / "motd").read_text() == "Updates: " + text
    agent.tell("resume")
    agent.wait(agent.rebooted.exists)
    assert agent.host.versions()[0] == "2"


def test_what_somebody_has_to_act_on(agent, server):
    server.offer(booted(agent.host), deadend="true", deadend_reason="install again")
    agent.start()
    agent.wait_state("idle", "install again")
    assert "install again" in (agent.dir / "motd").read_text()
    assert "dead-end" in agent.status()
    server.offer("f" * 64)
    assert agent.tell("check-now") == "looking at the update graph\n"
    agent.wait_state("idle", "does not know what runs here")
    server.offer(booted(agent.host))
    agent.tell("check-now")
    agent.wait_state("idle", "up to date")
    assert not (agent.dir / "motd").exists()


def test_hold_and_resume(agent, server):
    server.offer(booted(agent.host), agent.host.publisher.publish("2"))
    agent.tell("hold", "--reason", "sale week")
    agent.start()
    agent.wait(lambda: agent.status().get("last-result") == "target")
    assert agent.status()["held"] and agent.status()["reason"] == "sale week"
    assert agent.host.versions() == ["1"]
    # it outlives the agent
    agent.stop()
    agent.start()
    agent.wait(lambda: agent.status().get("last-result") == "target")
    assert agent.host.versions() == ["1"]
    agent.tell("resume")
    agent.wait(agent.rebooted.exists)
    assert agent.tell("resume", status=3) == "nothing was held\n"
    agent.run("hold", "--for", "soon", status=2, config=False, sysroot=False)


def test_manual_strategy(agent, server):
    server.offer(booted(agent.host), agent.host.publisher.publish("2"))
    agent.write("20-manual.yaml", updates={"strategy": "manual"})
    agent.start()
    agent.wait_state("staged", "manual")
    assert "refuses" not in agent.tell("reboot-now")
    agent.wait(agent.rebooted.exists)


def test_nothing_to_reboot_into(agent, server):
    server.offer(booted(agent.host))
    agent.start()
    agent.wait_state("idle", "up to date")
    assert "nothing is staged" in run(*agent.command("reboot-now", config=False, sysroot=False),
                                      status=1).stderr
    assert not agent.rebooted.exists()


def test_fleet_lock(agent, server):
    server.offer(booted(agent.host), agent.host.publisher.publish("2"))
    server.holders.add("another")
    agent.write("20-lock.yaml", updates={"strategy": "fleet_lock"},
                **{"fleet-lock": {"url": server.url + "/"}})
    agent.start()
    agent.wait_state("staged", "gives no slot (status 500: all slots are taken)")
    assert "/v1/steady-state" in server.paths()
    shown = agent.run("status", config=False).stdout
    assert "  agent         staged: the lock server gives no slot" in shown
    assert "    stream      stable, strategy fleet_lock\n" in shown
    assert json.loads(agent.run("status", "--json", config=False).stdout)["agent"]["staged"] == "2"
    assert not agent.rebooted.exists()
    body = next(body for _, path, body in server.asked if path == "/v1/pre-reboot")
    assert body == {"client_params": {"id": "0" * 31 + "1", "group": "default"}}
    server.holders.clear()
    agent.stop()
    agent.start()
    # what is deployed in a sysroot that does not run is no staged update: ask by hand
    assert agent.run("agent", "ask").stdout == "the host may reboot now\n"
    assert server.holders == {"0" * 31 + "1"}
    (agent.dir / "steady").unlink(missing_ok=True)
    agent.run("agent", "steady")
    assert server.holders == set()


def test_lock_server_away(agent, server):
    server.offer(booted(agent.host), agent.host.publisher.publish("2"))
    agent.write("20-lock.yaml", updates={"strategy": "fleet_lock"},
                **{"fleet-lock": {"url": "http://127.0.0.1:1"}})
    agent.start()
    agent.wait_state("staged", "127.0.0.1:1")
    assert agent.host.versions()[0] == "2"
    assert not agent.rebooted.exists()


def test_lock_server_that_is_busy(agent, server):
    """It says when to ask again; a slow answer is waited for, and nothing else waits with it."""
    second = agent.host.publisher.publish("2")
    server.offer(booted(agent.host), second)
    server.lock_status = (429, {"Retry-After": "1234"})
    agent.write("20-lock.yaml", updates={"strategy": "fleet_lock"},
                **{"fleet-lock": {"url": server.url}})
    agent.start()
    agent.wait_state("staged", "gives no slot (status 429: one at a time)")
    status = agent.status()
    assert 1200 <= status["next"] - status["time"] <= 1234
    asked = server.paths().count("/v1/pre-reboot")
    server.lock_status = None
    server.lock_may_answer.clear()
    agent.stop()
    agent.start()
    # it is waiting to say that it is up; the update is staged and known to it all the same
    agent.wait(lambda: server.paths().count("/v1/steady-state") > 1)
    agent.wait(lambda: agent.status().get("last-result") is not None)
    assert agent.tell("check-now") == "looking at the update graph\n"
    assert server.paths().count("/v1/pre-reboot") == asked and not agent.rebooted.exists()
    server.lock_may_answer.set()
    # a server that is started anew has forgotten who holds what: giving back what it does not know is
    # no mistake
    server.holders.clear()
    agent.wait(lambda: (agent.dir / "steady").exists())
    assert agent.run("agent", "ask").stdout == "the host may reboot now\n"
    assert len(server.holders) == 1


def test_release_that_cannot_be_staged(agent, server):
    bad = agent.host.publisher.publish("2", seed=None)
    server.offer(booted(agent.host), bad)
    agent.write("20-tries.yaml", updates={"stage-tries": 1})
    agent.start()
    agent.wait_state("idle", "2 could not be staged")
    ledger = json.loads((agent.dir / "agent.json").read_text())
    assert [one["commit"] for one in ledger["blocked"]] == [bad]
    assert "no signature" in ledger["blocked"][0]["reason"] or \
        "sign" in ledger["blocked"][0]["reason"]
    agent.stop()
    agent.start()
    agent.wait_state("idle", "has failed here before")
    assert agent.host.versions() == ["1"]
    # a newer one is another matter
    good = agent.host.publisher.publish("3")
    server.offer(booted(agent.host), bad, good)
    agent.tell("check-now")
    agent.wait(agent.rebooted.exists)
    assert agent.host.versions()[0] == "3"
    agent.stop()
    assert agent.tell("unblock", "2") == "2 may be taken again\n"
    assert agent.tell("unblock", "2", status=3) == "‘2’ is not blocked\n"


def test_busy_server(agent, server):
    server.graph_status = (503, {"Retry-After": "1000"})
    agent.start()
    agent.wait_state("idle", "status 503: come back later")
    status = agent.status()
    assert 990 <= status["next"] - status["time"] <= 1000
    assert status["check-failures"] == 1


@pytest.mark.parametrize("body", ["[]", '{"nodes": [], "edges": [[0, 1]]}', "<html>"])
def test_no_graph(agent, server, body):
    server.graph = json.loads(body) if body[0] != "<" else "<html>"
    error = agent.run("agent", "check", status=1).stderr
    assert error.startswith("atoll-host: ‘" + server.url + "/v1/graph’: update graph: ")


def test_wrong_configuration(agent):
    (agent.config / "90-wrong.yaml").write_text("updates:\n  strategie: manual\n")
    error = agent.run("agent", "run", status=1).stderr
    assert "90-wrong.yaml:2:3" in error and "strategy" in error
    error = run(PROGRAM, "config", "--config", agent.config, status=1).stderr
    assert "90-wrong.yaml:2:3" in error
    (agent.config / "90-wrong.yaml").write_text("updates:\n  strategy: periodic\n")
    assert "periodic.windows" in agent.run("agent", "ask", status=1).stderr
    rows = json.loads(run(PROGRAM, "config", "--json", "--config", agent.config).stdout)
    assert rows["updates.strategy"] == {"value": "periodic",
                                        "from": f"{agent.config}/90-wrong.yaml:2"}
    assert rows["updates.enabled"] == {"value": "true", "from": "default"}


def test_broken_ledger(agent):
    agent.dir.mkdir()
    (agent.dir / "agent.json").write_text('{"blocked": [')
    error = agent.run("agent", "run", status=1).stderr
    assert str(agent.dir / "agent.json") in error and "remove it" in error


def test_one_agent(agent, server):
    server.offer(booted(agent.host))
    agent.start()
    assert "an agent runs already" in agent.run("agent", "run", status=1).stderr
    agent.wait_state("idle", "up to date")
    agent.process.kill()
    agent.process.wait()
    agent.start()
    agent.wait_state("idle", "up to date")
    agent.stop()
    assert "no agent runs" in agent.run("check-now", status=1, config=False,
                                        sysroot=False).stderr


def test_reboot_that_fails(agent, server, tmp_path):
    server.offer(booted(agent.host), agent.host.publisher.publish("2"))
    result = run(*agent.command("agent", "run", "--reboot-with", "sh -c 'echo no >&2; exit 1'"),
                 status=1, env={**os.environ, "http_proxy": ""})
    assert "ordering the reboot: no" in result.stderr


def test_graph_from_atoll_serve(agent, server, serve, tmp_path):
    """What the agent asks, ‘atoll serve’ answers from a file."""
    front = serve(agent.host.publisher.repo)
    second = agent.host.publisher.publish("2")
    server.offer(booted(agent.host), second)
    graph = tmp_path / "serve-1/state/graph/stable/x86_64.json"
    graph.parent.mkdir(parents=True)
    graph.write_text(json.dumps(server.graph))
    agent.write(graph={"url": front.url}, identity={"node-uuid": "0" * 31 + "1"})
    assert agent.run("agent", "check").stdout == "2 is next\n"
    agent.write(graph={"url": front.url, "stream": "next"}, identity={"node-uuid": "0" * 31 + "1"})
    assert "status 404: there is no graph of this stream" in agent.run(
        "agent", "check", status=1).stderr
    for query in ("", "?stream=stable", "?stream=..&basearch=x86_64", "?stream=a%2Fb&basearch=c",
                  "?stream=%zz&basearch=c"):
        result = run("curl", "-s", "-w", "%{http_code}", f"{front.url}/v1/graph{query}").stdout
        assert result.endswith("400") and json.loads(result[:-3]).keys() == {"kind", "value"}
