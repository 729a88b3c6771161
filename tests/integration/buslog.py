# SPDX-License-Identifier: LGPL-2.1-or-later
"""A state directory with an event log, and daemons that work on it."""
import json
import os
import signal
import subprocess

import pytest

from database import wait_until


class Log:
    def __init__(self, build, directory):
        self.build = build
        self.env = None
        self.state = directory
        self.daemons = []

    def use_database(self, url):
        self.env = dict(os.environ, ATOLL_DATABASE=url)

    def tool(self, *words, data=None):
        done = subprocess.run([str(w) for w in (self.build / "tests/support/bus-log", self.state,
                                                *words)],
                              input=data, text=True, capture_output=True, timeout=600, check=False,
                              env=self.env)
        if done.returncode != 0:
            pytest.fail(done.stderr)
        return done.stdout

    def append(self, *events, batch=100):
        """Events are dicts of topic, body, actor, severity, objects."""
        self.tool("append", batch, data="".join(json.dumps(e) + "\n" for e in events))

    def read(self, actor=None):
        """All events of others than the log itself."""
        events = [json.loads(line) for line in self.tool("read").splitlines()]
        events = [e for e in events if not e["topic"].startswith("org.atoll.prod.bus.")]
        return [e for e in events if actor is None or e["actor"] == actor]

    def parked(self, subscription):
        return self.tool("parked", subscription).splitlines()

    def atoll(self, *words, status=0):
        argv = [self.build / "src/programs/atoll", *words, "--state", self.state]
        done = subprocess.run([str(w) for w in argv], text=True, capture_output=True, timeout=600,
                              check=False, env=self.env)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    def json(self, *words):
        return json.loads(self.atoll(*words, "--json").stdout)

    def start(self, *words, prefix=()):
        argv = [*prefix, self.build / "src/programs/atoll", *words, "--state", self.state]
        path = self.state.parent / f"d{len(self.daemons)}.log"
        daemon = Daemon([str(w) for w in argv], path, self.env)
        self.daemons.append(daemon)
        return daemon

    def wait_events(self, count, others=()):
        """Until that many have come. When they do not, or when a daemon of this log or of @others
        ends without being told to, what all hold and said is in the message."""
        logs = [self, *others]
        daemons = [daemon for log in logs for daemon in log.daemons if not daemon.is_killed]

        def say():
            return "\n".join([*(f"{log.state}: {len(log.read())}\n{log.tool('subscriptions')}" for log in logs),
                              *(f"{daemon.argv}, exit status {daemon.process.poll()}: {daemon.text()}"
                                for daemon in daemons)])

        def is_over():
            return len(self.read()) >= count or any(daemon.process.poll() is not None for daemon in daemons)

        wait_until(is_over, say=say)
        assert len(self.read()) >= count, say()


class Daemon:
    def __init__(self, argv, log, env=None):
        self.argv = argv
        self.path = log
        self.is_killed = False
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, env=env)

    def text(self):
        return self.path.read_text(encoding="utf-8", errors="replace")

    def kill(self):
        self.is_killed = True
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(timeout=300) == 0, self.text()
        assert "Sanitizer" not in self.text()

    def fails(self):
        """What it says when it ends by itself, with exit status 1."""
        assert self.process.wait(timeout=300) == 1, self.text()
        return self.text()

    def wait_for(self, text, times=1):
        """Until it has said so that often."""
        wait_until(lambda: self.text().count(text) >= times or self.process.poll() is not None)
        assert self.text().count(text) >= times, self.text()


@pytest.fixture
def make_log(build, tmp_path):
    """make_log(NAME) is a new Log; its daemons are stopped at the end, and must exit with 0."""
    logs = []

    def make(name="state"):
        logs.append(Log(build, tmp_path / name / "s"))
        (tmp_path / name).mkdir()
        return logs[-1]

    yield make
    for log in logs:
        for daemon in log.daemons:
            if daemon.process.poll() is None:
                daemon.stop()


@pytest.fixture
def log(make_log):
    return make_log()
