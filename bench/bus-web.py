#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the event log's HTTP service: followers, crowds, memory. Exits 1 when a goal is missed.

Latency is from the moment the log took the event (before its commit) to the last byte of it at the
follower; the followers are one process of their own. Memory is the server's resident set.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import random
import resource
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import datetime

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOAL_MILLISECONDS = 250
GOAL_GROWTH = 1.25


class Server:
    def __init__(self, atoll, directory):
        self.atoll = atoll
        self.state = directory / "state"
        self.state.mkdir()
        self.process = None
        self.token = self.run("token", "add", "service:bench", "--topic", "org.atoll.*").strip()
        self.start()

    def run(self, *words):
        return subprocess.run([self.atoll, *words, "--state", self.state], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def start(self):
        port_file = self.state / "port"
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [self.atoll, "serve", "--state", self.state, "--listen", "127.0.0.1:0", "--port-file",
             port_file, "--quiet"], stdout=subprocess.DEVNULL)
        while not port_file.exists():
            if self.process.poll() is not None:
                sys.exit("bench: atoll serve did not start")
            time.sleep(0.02)
        self.port = int(port_file.read_text())

    def stop(self):
        self.process.terminate()
        if self.process.wait() != 0:
            sys.exit("bench: atoll serve ended badly")

    def rss(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024

    def grow(self, count):
        """Appends @count events by `atoll bus import`."""
        topics = [f"org.atoll.prod.{category}.thing.done" for category in ("build", "compose", "git")]
        lines = (json.dumps({"topic": topics[n % 3], "headers": {}, "id": None,
                             "body": {"n": n, "text": "x" * 200}}) + "\n" for n in range(count))
        child = subprocess.Popen([self.atoll, "bus", "import", "-", "--state", self.state],
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in lines:
            child.stdin.write(line.replace('"id": null, ', ""))
        child.stdin.close()
        if child.wait() != 0:
            sys.exit("bench: import failed")


class Publisher:
    def __init__(self, server):
        self.server = server
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def publish(self, number):
        body = json.dumps({"topic": "org.atoll.prod.bench.live.tick", "body": {"n": number}})
        self.connection.request("POST", "/events", body,
                                {"Authorization": f"Bearer {self.server.token}"})
        response = self.connection.getresponse()
        response.read()
        if response.status != 201:
            sys.exit(f"bench: POST /events: {response.status}")

    def get(self, path):
        self.connection.request("GET", path)
        response = self.connection.getresponse()
        data = response.read()
        if response.status != 200:
            sys.exit(f"bench: GET {path}: {response.status}")
        return data


def connect(port, query=""):
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(f"GET /events{query} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    return client


def wait_for_headers(clients):
    for client in clients:
        data = b""
        while b"id: " not in data:
            data += client.recv(4096)
        client.setblocking(False)


def follow(port, n_clients, n_events, pipe):
    """Receives everything; sends back the latency of each event at each client."""
    clients = [connect(port) for _ in range(n_clients)]
    wait_for_headers(clients)
    poller = select.epoll()
    by_fd = {client.fileno(): client for client in clients}
    buffers = dict.fromkeys(by_fd, b"")
    for fd in by_fd:
        poller.register(fd, select.EPOLLIN)
    pipe.send("ready")
    latencies, logged, left = [], {}, n_clients * n_events
    deadline = time.monotonic() + 120
    while left > 0 and time.monotonic() < deadline:
        for fd, _ in poller.poll(1):
            data = buffers[fd] + by_fd[fd].recv(65536)
            now = time.time()
            *whole, buffers[fd] = data.split(b"\n\n")
            for block in whole:
                mark = block.find(b'"logged":"')
                if mark < 0:
                    continue
                text = block[mark + 10:mark + 37]
                if text not in logged:
                    stamp = text.decode().replace("Z", "+00:00")
                    logged[text] = datetime.fromisoformat(stamp).timestamp()
                latencies.append(now - logged[text])
                left -= 1
    pipe.send((latencies, left))


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def measure_followers(server, n_clients, n_events, rate):
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=follow,
                                    args=(server.port, n_clients, n_events, theirs), daemon=True)
    child.start()
    ours.recv()
    publisher = Publisher(server)
    start = time.monotonic()
    for number in range(n_events):
        time.sleep(max(0, start + number / rate - time.monotonic()))
        publisher.publish(number)
    latencies, missing = ours.recv()
    child.join()
    if missing:
        sys.exit(f"bench: {missing} events did not arrive")
    return [percentile(latencies, share) * 1000 for share in (0.5, 0.99, 1)]


def exercise(server, count):
    """The same queries each time, in random order of kind."""
    publisher = Publisher(server)
    order = random.Random(1)
    paths = ["/raw?category=build", "/v2/search?rows_per_page=100&page=2", "/log?category=git",
             "/messagecount", "/charts/line?split_on=categories", "/log/feed.atom", "/events/7",
             "/raw?topic=org.atoll.prod.compose.thing.done&order=asc"]
    for _ in range(count):
        publisher.get(order.choice(paths))


def measure_growth(server, small):
    """Both times the ring of newest events is full, which the server keeps whatever the log's size."""
    server.grow(small)
    exercise(server, 600)
    before = server.rss()
    server.grow(9 * small)
    exercise(server, 600)
    return before, server.rss()


def measure_idle(server, count):
    before = server.rss()
    idle = [connect(server.port, "?topic=no.such.topic") for _ in range(count)]
    wait_for_headers(idle)
    after = server.rss()
    publisher = Publisher(server)
    start = time.monotonic()
    publisher.publish(0)
    answer = (time.monotonic() - start) * 1000
    time.sleep(20)  # a round of heartbeats
    beaten = server.rss()
    for client in idle:
        client.close()
    return before, after, beaten, answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--atoll", default=os.path.join(ROOT, "build/src/programs/atoll"))
    parser.add_argument("--followers", type=int, default=1000)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10, help="events a second")
    parser.add_argument("--idle", type=int, default=10000)
    parser.add_argument("--small", type=int, default=20000, help="events before the log grows")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle = min(options.idle, hard - 1000)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="atoll-bench-"))
    server = Server(options.atoll, directory)
    missed = []
    try:
        middle, late, last = measure_followers(server, options.followers, options.events,
                                               options.rate)
        print(f"{options.followers} followers, {options.events} events at {options.rate:g} a second: "
              f"half within {middle:.1f} ms, 99 % within {late:.1f} ms (goal {GOAL_MILLISECONDS}), "
              f"all within {last:.1f} ms", flush=True)
        if late > GOAL_MILLISECONDS:
            missed.append("latency")
        before, after = measure_growth(server, options.small)
        print(f"memory over the same queries, log of {options.small} and of {10 * options.small} "
              f"events: {before:.1f} MiB, {after:.1f} MiB: {after / before:.2f} times "
              f"(goal {GOAL_GROWTH})", flush=True)
        if after / before > GOAL_GROWTH:
            missed.append("growth")
        before, after, beaten, answer = measure_idle(server, idle)
        print(f"{idle} idle followers: {before:.1f} MiB before, {after:.1f} MiB with them "
              f"({(after - before) * 1024 / idle:.1f} KiB each), {beaten:.1f} MiB after their "
              f"heartbeats; a publish among them {answer:.1f} ms", flush=True)
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
        shutil.rmtree(directory)
    if missed:
        sys.exit("bench: missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()
