# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that stall, break off, lie, replay, refuse; graphs that are odd; three hosts and a lock."""
import http.server
import json
import os
import pathlib
import subprocess
import threading
import time

import pytest

from conftest import run
from test_agent import PREFIX, PROGRAM, Agent, Server, booted, server  # noqa: F401 (fixtures)
from test_host import (Host, Publisher, host, make_host, public_key,  # noqa: F401 (fixtures)
                       publisher, refused, sign)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="deployments need root")


class BadServer(http.server.ThreadingHTTPServer):
    """Serves a repo; `rule(path, nth)` names what goes wrong with the nth request of a path."""

    daemon_threads = True

    def __init__(self, repo):
        self.repo, self.rule, self.asked, self.sent = pathlib.Path(repo), lambda *_: None, {}, 0
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), BadHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def close(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class BadHandler(http.server.BaseHTTPRequestHandler):
    def reply(self, status, body, length=None, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        here = self.server
        path = here.repo / self.path.lstrip("/")
        here.asked[self.path] = here.asked.get(self.path, 0) + 1
        if not path.is_file():
            return self.send_error(404)
        data, what = path.read_bytes(), here.rule(self.path, here.asked[self.path])
        if what is None:
            return self.reply(200, data)
        if isinstance(what, int):
            return self.reply(what, b"busy", headers=[("Retry-After", "120")])
        self.close_connection = True
        if what == "close":
            self.reply(200, data[:len(data) // 2], len(data))
        elif what == "garbage":
            self.reply(200, os.urandom(len(data)))
        elif what == "stall":
            self.reply(200, data[:len(data) // 2], len(data))
            self.wfile.flush()
            here.over.wait(60)
        elif what == "drip":
            self.reply(200, b"", len(data))
            for byte in data:
                if here.over.wait(0.2):
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
        elif what == "endless":
            self.send_response(200)
            self.end_headers()
            try:
                while not here.over.is_set() and here.sent < 2_000_000_000:
                    self.wfile.write(data[:64] + os.urandom(1_000_000))
                    here.sent += 1_000_000
            except OSError:
                pass

    def log_message(self, *_):
        pass


@pytest.fixture
def bad(publisher):  # noqa: F811
    made = BadServer(publisher.repo)
    yield made
    made.close()


def is_file(path):
    return path.endswith(".filez")


def largest(publisher):  # noqa: F811
    return max((path for path in publisher.repo.rglob("*.filez")), key=lambda p: p.stat().st_size)


@pytest.mark.parametrize("what", ["stall", "drip"])
def test_a_server_that_falls_silent(host, publisher, bad, what):  # noqa: F811
    publisher.publish("2", files={
        "large": os.urandom(200_000), **{f"n/{i}": os.urandom(50) for i in range(60)}})
    host.set_url(bad.url)
    name = "/" + str(largest(publisher).relative_to(publisher.repo))
    bad.rule = lambda path, nth: what if path == name else None
    before = host.state()
    began = time.monotonic()
    error = host.run("upgrade", "--timeout", "4", status=1).stderr
    assert time.monotonic() - began < 90
    assert "the server sent less than 100 bytes a second for 4 seconds" in error
    after = host.state()
    assert (after[0], after[2], after[3]) == (before[0], before[2], before[3])
    # goes on from what came: only what was on its way comes again
    others = {path for path in bad.asked if is_file(path) and path != name}
    bad.rule = lambda path, nth: None
    bad.asked.clear()
    host.run("upgrade")
    assert len(others & set(bad.asked)) <= 16 and bad.asked[name] == 1
    assert host.versions() == ["2", "1"]
    run("ostree", "fsck", f"--repo={host.repo}")


def test_the_signed_part_stalls(host, publisher, bad):  # noqa: F811
    publisher.publish("2")
    host.set_url(bad.url)
    bad.rule = lambda path, nth: "stall" if path.endswith(".commit") else None
    error = refused(host, "asking ‘", "upgrade", "--timeout", "3")
    assert "less than 100 bytes a second for 3 seconds" in error


def test_a_server_that_breaks_off(host, publisher, bad):  # noqa: F811
    publisher.publish("2", files={str(i): os.urandom(5000) for i in range(5)})
    host.set_url(bad.url)
    # once is not noticed; twice, and the next try, which is the agent's after half a minute, goes
    # on from there
    name = "/" + str(largest(publisher).relative_to(publisher.repo))
    bad.rule = lambda path, nth: "close" if path == name and nth <= 2 else None
    assert "partial file" in host.run("upgrade", status=1).stderr
    host.run("upgrade")
    assert host.versions() == ["2", "1"]
    run("ostree", "fsck", f"--repo={host.repo}")
    publisher.publish("3", files={"other": os.urandom(5000)})
    bad.rule = lambda path, nth: "close" if is_file(path) else None
    error = host.run("upgrade", status=1).stderr
    assert "fetching 3 (" in error and host.versions() == ["2", "1"]
    bad.rule = lambda path, nth: "garbage" if is_file(path) else None
    assert "fetching 3 (" in host.run("upgrade", status=1).stderr
    assert host.versions() == ["2", "1"]
    run("ostree", "fsck", f"--repo={host.repo}")
    bad.rule = lambda path, nth: 503 if is_file(path) else None
    assert "503" in host.run("upgrade", status=1).stderr
    bad.rule = lambda path, nth: None
    host.run("upgrade")
    assert host.versions() == ["3", "2"]


def test_fetches_many_at_a_time(host, publisher, bad):  # noqa: F811
    """More than libostree has under way: each answer waits for fifteen others."""
    before = set(publisher.repo.rglob("*.filez"))
    publisher.publish("2", files={str(i): os.urandom(50) for i in range(64)})
    new = sorted(set(publisher.repo.rglob("*.filez")) - before)[:64]
    held = {"/" + str(path.relative_to(publisher.repo)) for path in new}
    host.set_url(bad.url)
    together = threading.Barrier(16)

    def rule(path, nth):
        if path in held and nth == 1:
            together.wait(120)

    bad.rule = rule
    host.run("upgrade", "--timeout", "200")
    assert all(nth == 1 for path, nth in bad.asked.items() if is_file(path)), bad.asked
    assert not together.broken
    assert host.versions() == ["2", "1"]
    run("ostree", "fsck", f"--repo={host.repo}")


def test_a_body_without_an_end(host, publisher, bad):  # noqa: F811
    """What the commit says of its sizes bounds what is taken."""
    publisher.publish("2", files={"large": os.urandom(200_000)}, extra=["--generate-sizes"])
    host.set_url(bad.url)
    name = "/" + str(largest(publisher).relative_to(publisher.repo))
    bad.rule = lambda path, nth: "endless" if path == name else None
    error = host.run("upgrade", status=1).stderr
    assert "more than the commit can have: given up" in error, error
    assert bad.sent < 1_500_000_000
    bad.over.set()
    bad.rule = lambda path, nth: None
    host.run("cleanup")
    host.run("upgrade")
    assert host.versions() == ["2", "1"]


def test_replay(host, publisher):  # noqa: F811
    """T1: an older commit, rightly signed, is no update."""
    first = host.status()[0]["checksum"]
    publisher.publish("2")
    host.run("upgrade")
    ref = publisher.repo / "refs/heads/atoll/x86_64/stable"
    second = ref.read_text()
    ref.write_text(first + "\n")
    error = refused(host, "refusing 1 (")
    assert "older than the host's own" in error and "(nothing was changed)" in error
    ref.write_text(second)
    host.run("upgrade", status=3)


def test_rotating_keys(tmp_path, make_host):  # noqa: F811
    """T5: the new key comes with a version that the old one vouches for; then the old one goes."""
    publisher = Publisher(tmp_path)  # noqa: F811
    publisher.publish("1", trusted=(1,))
    host = make_host(publisher)  # noqa: F811
    second = publisher.publish("2", seed=1, trusted=(1, 2))
    third = publisher.publish("3", seed=2, trusted=(2,), revoked=(1,))
    # a host that slept through it cannot take the third, and is told what to do
    error = refused(host, "by a key that this image trusts")
    assert "if the publisher has a new key, put that into /etc/ostree/trusted.ed25519" in error
    host.run("deploy", "2")
    host.run("upgrade")
    assert [one["checksum"] for one in host.status()[:2]] == [third, second]
    assert host.status()[0]["signature"]["key"] == public_key(2)
    # from now on the old key is worth nothing, also for what it had signed before
    publisher.publish("4", seed=1)
    refused(host, "signed with a revoked key")
    assert host.status()[1]["signature"]["state"] == "revoked"


@pytest.fixture
def agent(tmp_path, host, server):  # noqa: F811
    made = Agent(tmp_path, host, server)
    yield made
    made.stop()


def test_killed_in_each_state(agent, server, publisher, bad):  # noqa: F811
    """P1: whatever it was at, the next agent goes on, and the release is not blamed for it."""
    commits = [booted(agent.host), publisher.publish("2", files={"large": os.urandom(200_000)})]
    server.offer(*commits)
    agent.host.set_url(bad.url)
    agent.write("20-lock.yaml", updates={"strategy": "fleet_lock"},
                **{"fleet-lock": {"url": server.url}})
    # while it asks for the graph
    server.graph_may_answer.clear()
    agent.start()
    agent.wait(lambda: "/v1/graph" in server.paths())
    agent.kill()
    server.graph_may_answer.set()
    # while it fetches
    name = "/" + str(largest(publisher).relative_to(publisher.repo))
    bad.rule = lambda path, nth: "stall" if path == name else None
    agent.start()
    agent.wait(lambda: name in bad.asked)
    assert agent.status()["state"] == "staging"
    agent.kill()
    bad.rule = lambda path, nth: None
    # while it waits for a slot: what is staged is so still, and nobody is failed for it
    server.slots = 0
    agent.start()
    agent.wait_state("staged", "gives no slot")
    assert agent.host.versions() == ["2", "1"]
    agent.kill()
    # while it asks for the slot
    server.slots = 1
    server.lock_may_answer.clear()
    agent.start()
    agent.wait(lambda: agent.status().get("state") is not None)
    agent.kill()
    server.lock_may_answer.set()
    agent.start()
    agent.wait_state("idle", "up to date")  # in a sysroot that does not run, what is staged is next
    assert agent.run("agent", "ask").stdout == "the host may reboot now\n"
    assert len(server.holders) == 1 and not agent.rebooted.exists()
    ledger = agent.dir / "agent.json"
    assert not ledger.exists() or json.loads(ledger.read_text()).get("blocked", []) == []
    run("ostree", "fsck", f"--repo={agent.host.repo}")


def test_odd_graphs(agent, server):  # noqa: F811
    """F2, as a host sees it; the parser's own cases are tests/data/graph."""
    here, other = booted(agent.host), "e" * 64
    server.offer(here, other, edges=[[0, 1], [1, 0]])
    assert agent.run("agent", "check").stdout == "2 is next\n"
    server.offer(here, other, edges=[[0, 1], [1, 7]])
    assert "edge" in agent.run("agent", "check", status=1).stderr
    server.offer(here, other, other)
    assert other[:12] in agent.run("agent", "check", status=1).stderr
    server.offer(here, other)
    server.graph["nodes"][1]["metadata"][PREFIX + "scheme"] = "oci"
    assert "up to date" in agent.run("agent", "check", status=3).stdout
    server.graph = {"nodes": [], "edges": []}
    found = json.loads(agent.run("agent", "check", "--json").stdout)
    assert found["result"] == "unknown" and "does not know what runs here" in found["text"]
    server.offer(here, other)
    server.graph["nodes"][0]["metadata"]["padding"] = "x" * 10_000_000
    assert agent.run("agent", "check").stdout == "2 is next\n"
    server.graph["nodes"][0]["metadata"]["padding"] = "x" * 17_000_000
    error = agent.run("agent", "check", status=1).stderr
    assert server.url in error and "x" * 100 not in error


def test_a_barrier_is_walked_through(agent, server):  # noqa: F811
    commits = [booted(agent.host)] + [agent.host.publisher.publish(v) for v in "234"]
    server.offer(*commits, edges=[[0, 1], [1, 2], [1, 3], [2, 3]])
    server.graph["nodes"][1]["metadata"].update({PREFIX + "updates.barrier": "true",
                                                 PREFIX + "updates.barrier_reason": "new keys"})
    seen = []
    for expected in ("2", "4"):
        agent.rebooted.unlink(missing_ok=True)
        agent.start()
        agent.wait(agent.rebooted.exists)
        metrics = (agent.dir / "atoll.prom").read_text()
        seen.append("\natoll_graph_next_release_is_barrier 1\n" in metrics)
        agent.stop()
        assert agent.host.versions()[0] == expected
    assert seen == [True, False]
    agent.start()
    agent.wait_state("idle", "up to date")


def test_pause(agent, server):  # noqa: F811
    server.offer(booted(agent.host), agent.host.publisher.publish("2"))
    assert "for how long?" in run(PROGRAM, "agent", "pause", "--agent-dir", agent.dir, status=2).stderr
    assert agent.tell("agent", "pause", "--for", "2h", "--reason", "moving house") == \
        "paused: the agent does nothing until then\n"
    agent.start()
    agent.wait_state("idle", "moving house")
    status = agent.status()
    assert status["paused"] and status["held"] and server.asked == []
    assert 7100 < status["next"] - status["time"] <= 7200
    assert "atoll_agent_held 1" in (agent.dir / "atoll.prom").read_text()
    # by hand it looks, and does nothing with it
    agent.tell("check-now")
    agent.wait(lambda: agent.status().get("last-result") == "target")
    assert agent.host.versions() == ["1"]
    assert agent.tell("agent", "resume") == "resumed\n"
    agent.wait(agent.rebooted.exists)
    # written when the order has been given
    agent.wait(lambda: "atoll_reboots_ordered_total 1\n" in (agent.dir / "atoll.prom").read_text())
    text = (agent.dir / "atoll.prom").read_text()
    for line in ("atoll_agent_held 0", "atoll_agent_update_staged 1", "atoll_stage_attempts_total 1",
                 "atoll_reboots_ordered_total 1", 'atoll_agent_state{state="rebooting"} 1',
                 'atoll_agent_info{stream="stable",strategy="immediate",staged="2"} 1'):
        assert line + "\n" in text, text
    # every line is what Prometheus reads
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or float(line.rsplit(" ", 1)[1]) >= 0
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names)) > 15


def test_three_hosts_and_one_slot(tmp_path, serve, server):  # noqa: F811
    """F1: never two down at once. ‘Down’ is from the reboot's order to the agent's next start."""
    publisher = Publisher(tmp_path)  # noqa: F811
    publisher.publish("1")
    url = serve(publisher.repo).url + "/repo"
    agents = []
    for number in range(3):
        directory = tmp_path / str(number)
        directory.mkdir()
        made = Agent(directory, Host(directory / "sysroot", publisher, url), server)
        made.write(graph={"url": server.url, "interval-seconds": 3600},
                   identity={"node-uuid": "0" * 31 + str(number)},
                   updates={"strategy": "fleet_lock"}, **{"fleet-lock": {"url": server.url}})
        agents.append(made)
    first = booted(agents[0].host)
    second = publisher.publish("2")
    server.offer(first, second)
    server.slots = 0  # lowered below what is asked for: nobody goes down
    try:
        for made in agents:
            made.start()
        for made in agents:
            made.wait_state("staged", "gives no slot")
        assert not any(made.rebooted.exists() for made in agents)
        server.slots = 1
        done = set()
        while len(done) < 3:
            for made in agents:
                if made not in done and made.process is not None:
                    made.stop()
                    made.start()  # what waits is asked again at once
            # what is deployed in a sysroot that does not run is no staged update: ask by hand
            verdicts = [made for made in agents if made not in done and json.loads(
                made.run("agent", "ask", "--json").stdout)["may"]]
            assert len(verdicts) == 1 and len(server.holders) == 1
            down = verdicts[0]
            for made in agents:
                if made not in done and made is not down:
                    assert "gives no slot" in made.run("agent", "ask", status=3).stdout
            # it comes up again: gives the slot back, once, and is up to date
            down.stop()
            (down.dir / "steady").unlink(missing_ok=True)
            down.start()
            down.wait(lambda: not server.holders)
            down.wait_state("idle", "up to date")
            done.add(down)
        # the lock server forgets all: who is down then may be joined by another, as the protocol has
        # no leases; who asks twice still has one slot
        agents[0].run("agent", "ask")
        server.holders.clear()
        agents[0].run("agent", "ask")
        assert len(server.holders) == 1
        assert "gives no slot" in agents[1].run("agent", "ask", status=3).stdout
    finally:
        for made in agents:
            made.stop()
            for path in (made.host.sysroot / "ostree/deploy/atoll/deploy").iterdir():
                subprocess.run(["chattr", "-i", path], check=False, stderr=subprocess.DEVNULL)
