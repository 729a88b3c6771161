# SPDX-License-Identifier: LGPL-2.1-or-later
"""The event log under kill -9, full disks, restarts of its database, and forgers.

--fault-seconds says how long the random ones go on; the seed is printed with a failure.
"""
import hashlib
import json
import random
import signal
import subprocess
import threading
import time
import uuid

import pytest

from eventlog import Log, fill, log  # noqa: F401 (a fixture)
from conftest import run
from database import wait_until

SEED = 20261120


def event_id(number):
    return str(uuid.UUID(int=number + (4 << 76) + (8 << 60)))


class Writer:
    """Imports numbered lines, each with an id of its own, again and again from where it was cut.

    A hundred lines are a transaction, so a kill tears some of them in the middle.
    """

    def __init__(self, log):
        self.log, self.sent, self.stopping = log, 0, False
        self.process = None
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def committed(self):
        """How many of our lines are in: their numbers have no gap, so the newest one tells."""
        result = subprocess.run(self.log.argv("search", "--topic", "w.x", "--limit", "1", "--json"),
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        if result.returncode != 0:
            return None
        return json.loads(result.stdout)["body"]["i"] + 1 if result.stdout else 0

    def work(self):
        while not self.stopping:
            start = self.committed()
            if start is None:
                time.sleep(0.1)
                continue
            # some that are in already: they may not go in twice
            self.feed(max(0, start - 150))

    def feed(self, number):
        self.process = subprocess.Popen(self.log.argv("import", "-"), stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        try:
            while not self.stopping:
                self.process.stdin.write(json.dumps(
                    {"topic": "w.x", "id": event_id(number), "body": {"i": number}}) + "\n")
                number += 1
                self.sent = max(self.sent, number)
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    def stop(self, beyond=0):
        """Not before it has brought in more than @beyond lines, however slow the machine is."""
        wait_until(lambda: (self.committed() or 0) > beyond, 600)
        self.stopping = True
        self.thread.join(timeout=300)
        assert not self.thread.is_alive()

    def abandon(self):
        self.stopping = True
        self.kill()


class Reader:
    """Follows the log; killed, it goes on after the last whole line that it printed."""

    def __init__(self, log):
        self.log, self.seen, self.stopping = log, [], False
        self.process = None
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not self.stopping:
            self.process = subprocess.Popen(
                self.log.argv("tail", "--since", self.seen[-1] if self.seen else 0, "--follow", "--json"),
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for line in self.process.stdout:
                if line.endswith("\n"):
                    self.seen.append(json.loads(line)["seq"])
            self.process.wait()

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    def abandon(self):
        self.stopping = True
        self.kill()

    def stop(self, last):
        end = time.monotonic() + 600
        while (not self.seen or self.seen[-1] < last) and time.monotonic() < end:
            time.sleep(0.05)
        self.stopping = True
        self.process.send_signal(signal.SIGINT)
        self.thread.join(timeout=300)
        assert self.seen == list(range(1, last + 1))


@pytest.fixture
def start():
    """start(kind, log) makes a Writer or Reader; none outlives the test."""
    started = []

    def make(kind, log):
        started.append(kind(log))
        return started[-1]

    yield make
    for one in started:
        one.abandon()


def check_nothing_lost(log, writer, readers):
    result = log.verify()
    assert result["proven"]
    last = result["events"]
    for reader in readers:
        reader.stop(last)
    ours = [json.loads(line)["body"]["i"] for line in log.bus("export").splitlines()
            if '"topic":"w.x"' in line]
    assert ours == list(range(len(ours))) and 0 < len(ours) <= writer.sent


def test_kill_writer_and_readers(log, start, request):
    """Nothing lost, doubled or reordered, and the chain verifies."""
    rng = random.Random(SEED)
    log.publish("a.b")
    writer, readers = start(Writer, log), [start(Reader, log), start(Reader, log)]
    end = time.monotonic() + request.config.getoption("--fault-seconds")
    kills = 0
    while time.monotonic() < end:
        time.sleep(rng.uniform(0.02, 0.6))
        rng.choice([writer, *readers]).kill()
        kills += 1
    writer.stop()
    assert kills > 5
    check_nothing_lost(log, writer, readers)


def test_postgresql_restarts(atoll, own_postgres, start, tmp_path, request):
    """Killed at once, as by a power cut; publishing waits, readers go on where they were."""
    rng = random.Random(SEED)
    log = Log(atoll, own_postgres.url(own_postgres.make_database()), tmp_path / "state")
    log.publish("a.b")
    writer, readers = start(Writer, log), [start(Reader, log)]
    end = time.monotonic() + request.config.getoption("--fault-seconds")
    numbers = []
    while time.monotonic() < end:
        time.sleep(rng.uniform(0.2, 1.0))
        with subprocess.Popen(log.argv("publish", "during.restart"), stdout=subprocess.PIPE,
                              text=True) as publisher:
            own_postgres.control("restart", "immediate")
            numbers.append(int(publisher.communicate(timeout=300)[0].split()[0]))
            assert publisher.returncode == 0
    writer.stop()
    assert len(set(numbers)) == len(numbers) > 0
    assert run(*log.argv("search", "--topic", "during.restart", "--limit", "0")).stderr == \
        f"0 of {len(numbers)}\n"
    check_nothing_lost(log, writer, readers)


def test_postgresql_fails_over(atoll, postgres_pair, start, tmp_path):
    """The primary dies for good, its standby takes over: one URL names both."""
    primary, standby = postgres_pair
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    log = Log(atoll, f"postgresql://atoll@{hosts}/{primary.make_database()}?target_session_attrs="
              "read-write&connect_timeout=5", tmp_path / "state")
    before = [log.publish("before.it") for _ in range(5)]
    writer, readers = start(Writer, log), [start(Reader, log), start(Reader, log)]
    wait_until(writer.committed)
    time.sleep(1)
    # the standby has to have seen what was acknowledged, however late it is with the rest
    acknowledged = writer.committed()
    with subprocess.Popen(log.argv("publish", "during.it"), stdout=subprocess.PIPE,
                          text=True) as publisher:
        primary.control("stop", "immediate")
        standby.control("promote")
        assert publisher.wait(timeout=300) == 0
    writer.stop(beyond=acknowledged)
    assert not primary.is_up()
    found = run(*log.argv("search", "--topic", "before.it", "--limit", "0")).stderr
    assert found == f"0 of {len(before)}\n"
    assert run(*log.argv("search", "--topic", "during.it", "--limit", "0")).stderr == "0 of 1\n"
    check_nothing_lost(log, writer, readers)


DISK = """
set -e
mount -t tmpfs -o size=6m tmpfs "$1"
head -c 1500000 /dev/zero > "$1/ballast"
set +e
"$2" bus import "$3" --state "$1/s" 2>&1; echo "status $?"
rm "$1/ballast"
"$2" bus verify --state "$1/s" --json
"$2" bus publish after.it '{}' --state "$1/s"
"$2" bus verify --state "$1/s" -q
"""


def test_disk_full(atoll, tmp_path):
    """The transaction that meets the end of the disk is gone as a whole, and later ones work."""
    (tmp_path / "disk").mkdir()
    lines = tmp_path / "lines"
    with open(lines, "w", encoding="utf-8") as out:
        for i in range(20000):
            out.write(json.dumps({"topic": "w.x", "body": {"i": i, "text": "x" * 200}}) + "\n")
    done = run("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", DISK, "sh", tmp_path / "disk",
               atoll, lines, status=None)
    assert "status 1" in done.stdout and ("full" in done.stdout or "disk I/O" in done.stdout), done
    report = json.loads(done.stdout[done.stdout.index("{"):done.stdout.rindex("}") + 1])
    assert report["proven"] and report["events"] % 100 == 1 and report["events"] > 100
    assert done.returncode == 0, done


# What is done to event 700 of 901, and what verify has to call it.
FORGERIES = {
    "altered body": ("UPDATE bus_event SET body = '{\"i\":0}' WHERE seq = 700",
                     "altered", "the body of event 700 is altered"),
    "altered text": ("UPDATE bus_event SET signed = replace(signed, 'service', 'SERVICE') WHERE seq = 700",
                     "altered", "event 700 is altered"),
    "removed": ("DELETE FROM bus_event WHERE seq = 700", "removed", "event 700 is removed"),
    "cut": ("DELETE FROM bus_event WHERE seq >= 700", "removed", "events 700 to 901 are removed"),
    "swapped": ("UPDATE bus_event SET seq = -1 WHERE seq = 700; UPDATE bus_event SET seq = 700 WHERE "
                "seq = 701; UPDATE bus_event SET seq = 701 WHERE seq = -1;",
                "swapped", "event 700 is not in its place: what stands there is event 701"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_named(log, tmp_path, request, name):
    sql, kind, message = FORGERIES[name]
    fill(log, tmp_path, 900)
    log.sql(lambda: request.getfixturevalue("postgres"), sql)
    finding = log.verify(status=1)["findings"][0]
    assert finding["kind"] == kind and finding["seq"] == 700 and message in finding["message"]


def test_forged_signature_and_foreign_key(atoll, log, tmp_path, request):
    """A signature of another key, with hashes that fit it."""
    fill(log, tmp_path, 900)
    other = Log(atoll, f"sqlite:{tmp_path}/o/atoll.db", tmp_path / "o")
    fill(other, tmp_path, 900)
    event = [json.loads(line) for line in log.bus("export").splitlines()][699]
    foreign = [json.loads(line) for line in other.bus("export").splitlines()][699]
    blob = "x'{}'" if log.url.startswith("sqlite") else "'\\x{}'"

    def put(text, signature):
        leaf = hashlib.sha256(b"\0" + text.encode() + bytes.fromhex(signature)).hexdigest()
        log.sql(lambda: request.getfixturevalue("postgres"),
                f"UPDATE bus_event SET signed = '{text}', signature = {blob.format(signature)}, "
                f"hash = {blob.format(leaf)} WHERE seq = 700")
        return log.verify(status=1)["findings"]

    findings = put(event["signed"], foreign["signature"])
    assert findings[0]["kind"] == "forged" and findings[0]["seq"] == 700
    findings = put(foreign["signed"], foreign["signature"])
    assert findings[0]["kind"] == "denied" and findings[0]["seq"] == 700
    assert foreign["key"] in findings[0]["message"]


def test_forked_log(atoll, log, tmp_path):
    """The same machine's key, another history: a head that was kept tells."""
    fill(log, tmp_path, 300)
    (tmp_path / "head").write_text(log.bus("prove"))
    fork = Log(atoll, f"sqlite:{tmp_path}/fork/atoll.db", log.state)
    fill(fork, tmp_path, 400)
    assert fork.verify()["proven"]
    finding = fork.verify("--head", tmp_path / "head", status=1)["findings"][0]
    assert finding["kind"] == "forked" and "event 301" in finding["message"]
    refused = run(*fork.argv("prove", "--since", tmp_path / "head"), status=1)
    assert "forked" in refused.stderr
