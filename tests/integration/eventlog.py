# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the event log share: `atoll bus` on one database."""
import json
import sqlite3

import pytest

from conftest import run


class Log:
    """`atoll bus` on one database, with one state directory (so one key)."""

    def __init__(self, atoll, url, state):
        self.atoll, self.url, self.state = atoll, url, state

    def argv(self, *words):
        command, *rest = words
        options = [] if command == "check-proof" else ["--state", self.state, "--database", self.url]
        return [str(word) for word in [self.atoll, "bus", command, *rest, *options]]

    def bus(self, *words, **options):
        return run(*self.argv(*words), **options).stdout

    def publish(self, topic, body="{}", *words):
        return int(self.bus("publish", topic, body, *words).split()[0])

    def events(self, *words):
        return [json.loads(line) for line in self.bus("tail", "--json", *words).splitlines()]

    def verify(self, *words, status=0):
        return json.loads(self.bus("verify", "--json", *words, status=status))

    def sql(self, server, text):
        """Changes the tables behind the log's back."""
        if self.url.startswith("sqlite:"):
            with sqlite3.connect(self.url.removeprefix("sqlite:")) as database:
                database.executescript(text)
            database.close()
        else:
            server().sql(self.url.rsplit("/", 1)[1], text)


@pytest.fixture
def log(atoll, database, tmp_path):
    return Log(atoll, database, tmp_path / "state")


def fill(log, tmp_path, count, topic="org.atoll.prod.fill.thing.done", start=0):
    lines = tmp_path / "lines.jsonl"
    with open(lines, "w", encoding="utf-8") as out:
        for i in range(start, start + count):
            out.write(json.dumps({"topic": topic, "body": {"i": i}, "actor": f"service:s{i % 3}",
                                  "objects": [f"deb:p{i % 7}"]}) + "\n")
    log.bus("import", lines)
