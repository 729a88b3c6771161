#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the event log: appends, verifying, queries; against the disk and against RabbitMQ.

All sides run in turn, several rounds; quote the ratios: rates belong to the machine. Queries run
over --events stored events on SQLite and, copied row by row, on PostgreSQL.
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

# table, columns, which of these are bytes, and what limits it to whole blocks
TABLES = [
    ("bus_event", "seq, id, signed, signature, hash, body, blob", {1, 3, 4}, "seq <= {0}"),
    ("bus_ref", "h, seq", set(), "seq <= {0}"),
    ("bus_count", "h, block, n", set(), "block < {0} / 1024"),
    ("bus_block", "block, min_us, max_us", set(), "block < {0} / 1024"),
    ("bus_name", "h, kind, name", set(), "{0} > 0"),
]


def log(text):
    print(text, file=sys.stderr, flush=True)


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

    def append(self, name, number, batch):
        state = self.state(name)
        return self.rate(self.helper, "append", os.path.join(state, "atoll.db"), state, number, batch)

    def measure_appends(self, rounds, port):
        n = int(20000 * self.scale)
        seen = {"batches": [], "singles": [], "disk": [], "peer_batches": [], "peer_singles": []}
        for i in range(rounds):
            log(f"appends: round {i + 1} of {rounds}")
            seen["disk"].append(self.rate(self.helper, "fsync", "-", self.work, n // 10))
            seen["singles"].append(self.append("single", n // 10, 1))
            seen["batches"].append(self.append("batch", n, 100))
            if port is not None:
                seen["peer_batches"].append(self.rate(self.peer, port, n, 100))
                seen["peer_singles"].append(self.rate(self.peer, port, n // 20, 1))
        medians = {name: statistics.median(rates) for name, rates in seen.items() if rates}
        self.results.update(medians)
        self.results["singles_to_disk"] = statistics.median(
            single / disk for single, disk in zip(seen["singles"], seen["disk"]))
        if port is not None:
            self.results["batches_to_rabbitmq"] = medians["batches"] / medians["peer_batches"]
            self.results["singles_to_rabbitmq"] = medians["singles"] / medians["peer_singles"]

    def measure_verify(self):
        log("verifying")
        state = self.state("batch")
        start = time.monotonic()
        report = json.loads(self.run(self.atoll, "bus", "verify", "--json", "--state", state))
        if not report["proven"]:
            sys.exit("bench: the log does not prove: %s" % report["findings"])
        self.results["verify"] = report["events"] / (time.monotonic() - start)

    def measure_queries(self, events, postgres, filled, limit):
        state = filled or self.state("queries")
        url = os.path.join(state, "atoll.db")
        log(f"queries: {events} events on SQLite")
        if filled is None:
            self.run(self.helper, "fill", url, state, events)
        self.results["sqlite"] = json.loads(self.run(self.helper, "query", url, state, 200))
        if postgres is None:
            return
        name = postgres.make_database()
        log("queries: copying to PostgreSQL")
        self.run(self.atoll, "bus", "key", "list", "--database", postgres.url(name), "--state", state)
        self.copy(url, postgres, name, limit)
        log("queries: on PostgreSQL")
        self.results["postgresql"] = json.loads(
            self.run(self.helper, "query", postgres.url(name), state, 200))

    def copy(self, path, postgres, name, limit):
        source = sqlite3.connect(path)
        seq, = source.execute("SELECT seq FROM bus_head").fetchone()
        seq = min(seq, limit - limit % 1024 if limit else seq)
        postgres.sql(name, "ALTER TABLE bus_ref DROP CONSTRAINT bus_ref_pkey")
        postgres.sql(name, "DROP INDEX bus_event_id")
        for table, columns, blobs, where in TABLES:
            psql = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", postgres.url(name),
                                     "-c", f"COPY {table} ({columns}) FROM STDIN"],
                                    stdin=subprocess.PIPE, text=True)
            for row in source.execute(f"SELECT {columns} FROM {table} WHERE {where.format(seq)}"):
                psql.stdin.write("\t".join(
                    "\\N" if value is None else "\\\\x" + value.hex() if i in blobs
                    else str(value).replace("\\", "\\\\") for i, value in enumerate(row)) + "\n")
            psql.stdin.close()
            if psql.wait() != 0:
                sys.exit("bench: psql failed")
        postgres.sql(name, f"UPDATE bus_head SET seq = {seq}")
        postgres.sql(name, "ALTER TABLE bus_ref ADD PRIMARY KEY (h, seq)")
        postgres.sql(name, "CREATE UNIQUE INDEX bus_event_id ON bus_event (id)")
        postgres.sql(name, "ANALYZE")


def goals(results):
    """name, what it is, the goal, whether it was reached"""
    rows = [("signed, durable events a second in batches of 100", results["batches"], 20000),
            ("single appends to the disk's fsync rate", results["singles_to_disk"], 0.8),
            ("verified events a second", results["verify"], 30000)]
    if "batches_to_rabbitmq" in results:
        rows.append(("batches to RabbitMQ's durable publish with confirms of 100",
                     results["batches_to_rabbitmq"], 2))
        rows.append(("singles to RabbitMQ's durable publish with a confirm each",
                     results["singles_to_rabbitmq"], 2))
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
    parser.add_argument("--postgresql-events", type=int, default=0,
                        help="copy only so many of them to PostgreSQL; 0: all")
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
        if not options.no_rabbitmq:
            from rabbitmq import Broker
            broker = Broker()
        bench.measure_appends(options.rounds, broker.port if broker else None)
        bench.measure_verify()
        if options.events or options.filled:
            postgres = None if options.no_postgresql else Postgres()
            bench.measure_queries(options.events, postgres, options.filled, options.postgresql_events)
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", work], check=False)
        for server in (broker, postgres):
            if server is not None:
                server.stop()
    rows = goals(bench.results)
    if options.json:
        print(json.dumps(bench.results, indent=2))
    for name, value, goal, reached in rows:
        print("%-82s %12.2f  %-10s %s" % (name, value, goal, "" if reached else "MISSED"),
              file=sys.stderr if options.json else sys.stdout)
    if not all(row[3] for row in rows):
        sys.exit("bench: a goal was missed")


if __name__ == "__main__":
    main()
