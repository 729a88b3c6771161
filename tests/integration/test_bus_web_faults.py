# SPDX-License-Identifier: LGPL-2.1-or-later
"""The event log's servers when things go wrong: killed peers, readers that do not read, crowds."""
import json
import pathlib
import resource
import select
import socket
import threading
import time

import pytest

from conftest import Server
from database import free_port, wait_until
from webclient import Client, Stream, make_token

IDLE_CLIENTS = 10_000


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "state"
    path.mkdir()
    return path


@pytest.fixture
def n_idle():
    """How many clients this machine's limit of open files allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(IDLE_CLIENTS, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def rss_bytes(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) * 1024


class Worker(threading.Thread):
    """Publishes and reads at one server until told to stop; what fails is kept."""

    def __init__(self, port, token, name, strict=True):
        super().__init__(daemon=True)
        self.client = Client(port, token)
        self.label = name
        self.strict = strict
        self.stop = threading.Event()
        self.published = []
        self.failures = []

    def run(self):
        number = 0
        while not self.stop.is_set():
            try:
                made = self.client.publish(body={"from": self.label, "n": number})
                self.published.append(made["id"])
                number += 1
                for path in ("/raw?rows_per_page=5", "/messagecount", "/log", "/healthz",
                             f"/events/{made['seq']}"):
                    response, data = self.client.request("GET", path)
                    if response.status != 200:
                        raise AssertionError(f"{path}: {response.status} {data[:200]}")
            except Exception as error:  # pylint: disable=broad-except
                if self.strict:
                    self.failures.append(repr(error))
                self.client.close()
                time.sleep(0.05)


def test_two_servers_one_killed(serve, state, postgres, tmp_path, request):
    """Two servers on one PostgreSQL under load; one is killed and comes back, again and again. No
    request to the other fails, and both serve the same log."""
    url = postgres.url(postgres.make_database())
    token = make_token(state, database=url)
    second_state = tmp_path / "second"  # another machine: the same keys, another directory
    second_state.mkdir()
    (second_state / "keys").symlink_to(state / "keys")
    steady = serve(None, "--state", state, "--database", url, "--quiet")
    directory = tmp_path / "victim"
    directory.mkdir()
    words = ("--state", second_state, "--database", url, "--quiet", "--listen",
             f"127.0.0.1:{free_port()}")
    victim = Server(None, directory, *words)
    workers = [Worker(steady.port, token, f"steady-{n}") for n in range(3)]
    workers += [Worker(victim.port, token, "victim", strict=False)]
    seen = []
    follower = Stream(steady.port, "?since=0", timeout=300)

    def follow():
        try:
            while True:
                seen.append(follower.event()["seq"])
        except (OSError, EOFError, ValueError):
            pass

    threading.Thread(target=follow, daemon=True).start()
    for worker in workers:
        worker.start()

    def go_on(some):
        """Until each of them has published, with whatever else it does, twice more."""
        marks = [(worker, len(worker.published) + 2) for worker in some]
        wait_until(lambda: all(len(worker.published) >= mark or worker.failures
                               for worker, mark in marks))

    end = time.monotonic() + request.config.getoption("--fault-seconds") / 2
    kills = 0
    while kills < 3 or time.monotonic() < end:
        go_on(workers)
        victim.process.kill()
        victim.process.wait()
        kills += 1
        go_on(workers[:-1])
        victim = Server(None, directory, *words)
    go_on(workers)
    for worker in workers:
        worker.stop.set()
    for worker in workers:
        worker.join(timeout=300)
        assert worker.failures == []
    total = Client(steady.port).get("/messagecount")["messagecount"]
    wait_until(lambda: len(seen) >= total)
    follower.close()
    assert seen == list(range(1, total + 1))
    logs = []
    for server in (steady, victim):
        with Stream(server.port, "?since=0") as stream:
            logs.append([stream.event() for _ in range(total)])
    assert logs[0] == logs[1]
    ids = [event["id"] for event in logs[0]]
    assert len(set(ids)) == len(ids)
    for worker in workers:
        assert set(worker.published) <= set(ids)
    assert victim.stop() == 0


def open_idle(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=300)
    client.sendall(b"GET /events?topic=nothing.at.all HTTP/1.1\r\nHost: h\r\n\r\n")
    return client


def test_ten_thousand_idle_followers(serve, state, n_idle):
    """They cost little, the one who listens is served, and all of them end with the server."""
    token = make_token(state)
    server = serve(None, "--state", state, "--quiet")
    publisher = Client(server.port, token)
    publisher.publish()
    before = rss_bytes(server.process)
    idle = [open_idle(server.port) for _ in range(n_idle)]
    for client in idle:
        assert client.recv(200).startswith(b"HTTP/1.1 200")
    with Stream(server.port) as live:
        for number in range(20):
            made = publisher.publish(body={"n": number})
            assert live.event() == made
    each = (rss_bytes(server.process) - before) / n_idle
    assert each < 128 * 1024, f"{each:.0f} bytes for each follower"
    assert publisher.get("/messagecount")["messagecount"] >= 20
    for client in idle[::2]:
        client.close()
    publisher.publish()
    publisher.close()
    server.process.terminate()
    assert server.process.wait(timeout=300) == 0
    for client in idle[1::2]:
        client.settimeout(300)
        while client.recv(65536):
            pass
        client.close()


def test_a_reader_that_never_reads(serve, state):
    """It is hung up on when the ring has gone past it, others notice nothing, and it can come back."""
    token = make_token(state)
    server = serve(None, "--state", state, "--quiet")
    publisher = Client(server.port, token)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.settimeout(300)
    deaf.connect(("127.0.0.1", server.port))
    deaf.sendall(b"GET /events?since=0 HTTP/1.1\r\nHost: h\r\n\r\n")
    poller = select.poll()
    poller.register(deaf, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
    sent = []
    with Stream(server.port, "?category=test", timeout=300) as live:
        deadline = time.monotonic() + 300
        while not poller.poll(0):
            assert time.monotonic() < deadline, "nobody hung up"
            sent.append(publisher.publish(body={"n": len(sent), "x": "y" * 800_000})["seq"])
            assert live.event()["seq"] == sent[-1]
    assert len(sent) >= 16, "it was cut before the ring was full"
    assert len(sent) < 120, "the ring grows without end"
    deaf.close()
    with Stream(server.port, "?category=test", last_id=sent[0], timeout=300) as back:
        assert [back.event()["seq"] for _ in sent[1:]] == sent[1:]


def test_slow_request_lines_and_half_open_clients(serve, state):
    """Clients that send nothing, or half a request, hold up nobody."""
    token = make_token(state)
    server = serve(None, "--state", state, "--quiet")
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    for index, client in enumerate(silent):
        client.sendall([b"", b"GET /ev", b"GET /events HTTP/1.1\r\nHo", b"POST /events HTTP/1.1\r\n"
                        b"Host: h\r\nContent-Length: 100\r\n\r\n{"][index % 4])
    client = Client(server.port, token)
    for number in range(20):
        made = client.publish(body={"n": number})
        assert client.get(f"/events/{made['seq']}") == made
    for one in silent:
        one.close()


def test_a_retry_is_not_doubled(serve, state):
    """A publisher whose connection broke sends again under the same id."""
    token = make_token(state)
    server = serve(None, "--state", state, "--quiet")
    message = json.dumps({"topic": "org.atoll.prod.test.x.y", "body": {},
                          "id": "8f14e45f-ceea-467a-9575-6f5e4e1f5c11"}).encode()
    request = (f"POST /events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n"
               f"Content-Length: {len(message)}\r\n\r\n").encode() + message
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_RDWR)
    client = Client(server.port, token)
    response, _ = client.request("POST", "/events", message)
    assert response.status in (201, 409)
    found = client.get("/raw", topic="org.atoll.prod.test.x.y")
    assert found["total"] == 1
