#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the event log: appends, verifying, queries; against the disk and against RabbitMQ.

All sides run in turn, several rounds; quote the ratios: rates belong to the machine. RabbitMQ is
asked like for like: a durable queue, persistent messages, and as many of them unconfirmed as we
have events on their way: one, against single appends; 100, against batches of 100; one on each of
16 channels, against 16 publishers that share their commits; 200, against two publishers of batches.
Either kind of its durable queues is measured, and the faster one counts. Both sides have run for a
while before, as servers have: SQLite's log grows to its size in a process's first seconds. CPU time
is that of all processes of a side: RabbitMQ's server and its client, or the one that appends.
Queries run over --events stored events on SQLite and, copied, on PostgreSQL.
"""
import argparse
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests/integration"))

# table and columns, as bench-bus copy prints them
TABLES = [
    ("bus_event", "seq, id, signed, signature, hash, body, blob"),
    ("bus_ref", "at, refs"),
    ("bus_fresh", "at, refs"),
    ("bus_block", "block, min_us, max_us"),
    ("bus_name", "h, kind, name"),
]

# what is measured: which part of the number of events, ours, and RabbitMQ's window and channels
KINDS = {
    "batches": (1, ("append", 100), (100,)),
    "singles": (4, ("append", 1), (1,)),
    "shared": (1, ("group", 1, 16), (1, 16)),
    "pairs": (1, ("group", 100, 2), (200,)),
}


def log(text):
    print(text, file=sys.stderr, flush=True)


def group_cpu_seconds(pid):
    """User and system time of the processes of a group that are there."""
    ticks = 0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, work, build, scale):
        self.work, self.scale = work, scale
        self.helper = os.path.join(build, "bench/bench-bus")
        self.peer = os.path.join(build, "bench/bench-bus-rabbitmq")
        self.atoll = os.path.join(build, "src/programs/atoll")
        self.results = {}

    def run(self, *argv):
        done = subprocess.run([str(word) for word in argv], stdout=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            sys.exit("bench: %s failed (%d)" % (" ".join(str(word) for word in argv), done.returncode))
        return done.stdout

    def rate(self, *argv):
        return json.loads(self.run(*argv))["per_second"]

    def state(self, name):
        path = os.path.join(self.work, name)
        os.makedirs(path, exist_ok=True)
        return path

    def measure_ours(self, name, number, mode, *options):
        state = self.state(name)
        said = json.loads(self.run(self.helper, mode, os.path.join(state, "atoll.db"), state, number,
                                   *options))
        return said["per_second"], said["cpu_us"]

    def measure_peer(self, broker, queue, number, *options):
        before = group_cpu_seconds(broker.server.pid)
        said = json.loads(self.run(self.peer, broker.port, queue, number, *options))
        used = group_cpu_seconds(broker.server.pid) - before
        return said["per_second"], used * 1e6 / number + said["cpu_us"]

    def measure_appends(self, rounds, broker):
        n = int(20000 * self.scale)
        runs = {}
        for kind, (share, ours, _) in KINDS.items():
            runs[kind] = lambda kind=kind, m=n // share, ours=ours: self.measure_ours(kind, m, *ours)
        for queue in ("classic", "quorum") if broker else ():
            for kind, (share, _, theirs) in KINDS.items():
                runs[f"{kind}_{queue}"] = lambda q=queue, m=n // share, theirs=theirs: (
                    self.measure_peer(broker, q, m, *theirs))
        for queue in ("classic", "quorum") if broker else ():
            self.run(self.peer, broker.port, queue, 2 * n, 100)  # as the writer here has some before
        seen = {name: [] for name in runs}
        disk = []
        for i in range(rounds):
            log(f"appends: round {i + 1} of {rounds}")
            disk.append(self.rate(self.helper, "fsync", "-", self.work, n // 4))
            for name, measure in runs.items():
                seen[name].append(measure())
        self.results["disk"] = statistics.median(disk)
        for name, both in seen.items():
            self.results[name] = statistics.median(rate for rate, _ in both)
            self.results[name + "_cpu_us"] = statistics.median(used for _, used in both)
        self.results["singles_to_disk"] = statistics.median(
            single / rate for (single, _), rate in zip(seen["singles"], disk))
        for kind in KINDS if broker else ():
            peers = [[rate for rate, _ in seen[f"{kind}_{queue}"]] for queue in ("classic", "quorum")]
            self.results[f"{kind}_to_rabbitmq"] = statistics.median(
                ours / max(theirs) for (ours, _), *theirs in zip(seen[kind], *peers))

    def measure_verify(self):
        log("verifying")
        state = self.state("batches")
        start = time.monotonic()
        report = json.loads(self.run(self.atoll, "bus", "verify", "--json", "--state", state))
        if not report["proven"]:
            sys.exit("bench: the log does not prove: %s" % report["findings"])
        self.results["verify"] = report["events"] / (time.monotonic() - start)

    def measure_queries(self, events, postgres, filled):
        state = filled or self.state("queries")
        url = os.path.join(state, "atoll.db")
        log(f"queries: {events} events on SQLite")
        if filled is None:
            self.run(self.helper, "fill", url, state, events)
        self.results["sqlite"] = json.loads(self.run(self.helper, "query", url, state, 200))
        self.measure_filled(url, state)
        if postgres is not None:
            self.measure_postgres(postgres, self.results["sqlite"]["events"])

    def measure_filled(self, url, state):
        log("appends onto the filled log")
        n = int(20000 * self.scale)
        self.results["filled_batches"] = self.rate(self.helper, "append", url, state, n, 100)
        disk = self.rate(self.helper, "fsync", "-", state, n // 4)
        single = self.rate(self.helper, "append", url, state, n // 4, 1)
        self.results["filled_singles_to_disk"] = single / disk

    def measure_postgres(self, postgres, events):
        state = self.state("queries-postgresql")
        name = postgres.make_database()
        log(f"queries: {events} events on PostgreSQL")
        self.run(self.atoll, "bus", "key", "list", "--database", postgres.url(name), "--state", state)
        self.copy(postgres, name, events)
        self.results["postgresql"] = json.loads(
            self.run(self.helper, "query", postgres.url(name), state, 200))

    def copy(self, postgres, name, events):
        postgres.sql(name, "ALTER TABLE bus_ref DROP CONSTRAINT bus_ref_pkey")
        postgres.sql(name, "DROP INDEX bus_event_id")
        for table, columns in TABLES:
            with subprocess.Popen([self.helper, "copy", table, "-", str(events)],
                                  stdout=subprocess.PIPE) as source:
                subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", postgres.url(name),
                                "-c", f"COPY {table} ({columns}) FROM STDIN"],
                               stdin=source.stdout, check=True)
            if source.returncode != 0:
                sys.exit("bench: bench-bus copy failed")
        for sql in ("UPDATE bus_head SET seq = (SELECT max(seq) FROM bus_event)",
                    "SET maintenance_work_mem = '512MB'; ALTER TABLE bus_ref ADD PRIMARY KEY (at)",
                    "CREATE UNIQUE INDEX bus_event_id ON bus_event (id)", "VACUUM ANALYZE"):
            self.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", postgres.url(name), "-c", sql)


def goals(results):
    """name, what it is, the goal, whether it was reached"""
    rows = [("signed, durable events a second in batches of 100", results["batches"], 20000),
            ("single appends to the disk's fsync rate", results["singles_to_disk"], 0.8),
            ("verified events a second", results["verify"], 30000)]
    if "batches_to_rabbitmq" in results:
        rows.append(("batches to RabbitMQ's durable publish, up to 100 unconfirmed",
                     results["batches_to_rabbitmq"], 2))
        rows.append(("singles to RabbitMQ's durable publish with a confirm each",
                     results["singles_to_rabbitmq"], 2))
        rows.append(("16 publishers of singles to RabbitMQ's with 16 channels",
                     results["shared_to_rabbitmq"], 2))
        rows.append(("2 publishers of batches to RabbitMQ's, up to 200 unconfirmed",
                     results["pairs_to_rabbitmq"], 2))
    if "filled_batches" in results:
        rows.append(("the same batches onto the log that the queries run over", results["filled_batches"], 20000))
        rows.append(("single appends onto that log to the disk's fsync rate",
                     results["filled_singles_to_disk"], 0.8))
    out = [(name, value, f">= {goal}", value >= goal) for name, value, goal in rows]
    for engine in ("sqlite", "postgresql"):
        for kind, times in results.get(engine, {}).items():
            if kind != "events":
                out.append((f"{engine}: {kind}, p99 in ms of a page over {results[engine]['events']} events",
                            times["p99_ms"], "< 100", times["p99_ms"] < 100))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1, help="length of the append runs")
    parser.add_argument("--events", type=int, default=10_000_000, help="stored events for queries; 0: none")
    parser.add_argument("--filled", help="a state directory that bench-bus fill made already")
    parser.add_argument("--postgresql-only", action="store_true", help="of all this, only its queries")
    parser.add_argument("--no-rabbitmq", action="store_true")
    parser.add_argument("--no-postgresql", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from database import Postgres
    work = tempfile.mkdtemp(prefix="atoll-bench-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    bench = Bench(work, os.path.abspath(options.build), options.scale)
    broker = postgres = None
    try:
        if options.postgresql_only:
            postgres = Postgres()
            bench.measure_postgres(postgres, options.events)
            print(json.dumps(bench.results, indent=2))
            return
        if not options.no_rabbitmq:
            from rabbitmq import Broker
            broker = Broker()
        bench.measure_appends(options.rounds, broker)
        bench.measure_verify()
        if options.events or options.filled:
            postgres = None if options.no_postgresql else Postgres()
            bench.measure_queries(options.events, postgres, options.filled)
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", work], check=False)
        for server in (broker, postgres):
            if server is not None:
                server.stop()
    rows = goals(bench.results)
    if options.json:
        print(json.dumps(bench.results, indent=2))
    for kind in KINDS:
        used = {side: bench.results[key] for side, key in (
            ("here", f"{kind}_cpu_us"), ("RabbitMQ, classic queue", f"{kind}_classic_cpu_us"),
            ("quorum queue", f"{kind}_quorum_cpu_us")) if key in bench.results}
        log(f"CPU time of {kind} in µs an event: "
            + ", ".join(f"{side} {value:.0f}" for side, value in used.items()))
    for name, value, goal, reached in rows:
        print("%-82s %12.2f  %-10s %s" % (name, value, goal, "" if reached else "MISSED"),
              file=sys.stderr if options.json else sys.stdout)
    if not all(row[3] for row in rows):
        sys.exit("bench: a goal was missed")


if __name__ == "__main__":
    main()
