# SPDX-License-Identifier: LGPL-2.1-or-later
"""Databases for tests: a PostgreSQL server of the test session's own, and one URL a test."""
import os
import pathlib
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time

import pytest


RESERVED = []


def free_port():
    """A port that this process may listen on, as long as it lives.

    It is none that the kernel gives to clients, and a name that only one can have keeps it from
    other tests; a port that was only free when asked for is taken by somebody sooner or later."""
    first_of_clients = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(10000, max(first_of_clients, 20000)), 2000):
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0atoll-port-{port}")
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        RESERVED.append(name)
        return port
    return pytest.fail("no port is free")


def program(name):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not found:
        pytest.fail(f"{name} is not installed (package postgresql)")
    return found[-1]


class Postgres:
    """A server on a free port, in a directory of its own. It refuses to run as root.

    With a primary it is that one's standby, which follows it until it is promoted."""

    def __init__(self, primary=None):
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="atoll-pg-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(self.directory, "postgres")
        self.data = self.directory / "data"
        self.port = free_port()
        self.names = 0
        if primary is None:
            self.tool("initdb", "-D", self.data, "-A", "trust", "-U", "atoll", "-E", "UTF8",
                      "--locale=C")
        else:
            self.tool("pg_basebackup", "-D", self.data, "-h", "127.0.0.1", "-p", primary.port, "-U",
                      "atoll", "-R", "-c", "fast")
        with open(self.data / "postgresql.auto.conf", "a", encoding="utf-8") as conf:
            conf.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                       f"unix_socket_directories = '{self.directory}'\nmax_connections = 200\n"
                       # servers are killed here, machines are not: what was written stays
                       "fsync = off\n")
        self.control("start")

    def tool(self, name, *words):
        prefix = ["runuser", "-u", self.user, "--"] if os.getuid() == 0 else []
        argv = [*prefix, program(name), *words]
        done = subprocess.run([str(word) for word in argv], cwd="/tmp", text=True, timeout=600,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            pytest.fail(f"{name}: {done.stdout}")
        return done.stdout

    def control(self, action, mode="fast"):
        """pg_ctl start, stop, restart or promote; mode is fast or immediate."""
        extra = ["-m", mode] if action in ("stop", "restart") else []
        self.tool("pg_ctl", "-D", self.data, "-l", self.directory / "log", "-w", *extra, action)

    def sql(self, database, text):
        """Runs SQL by psql and returns its rows, one a line, columns joined by ‘|’."""
        return self.tool("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                         "-p", self.port, "-U", "atoll", "-d", database, "-c", text).strip()

    def make_database(self):
        """The name of a new, empty database."""
        self.names += 1
        name = f"t{os.getpid()}_{self.names}"
        self.sql("postgres", f"CREATE DATABASE {name}")
        return name

    def url(self, name):
        return f"postgresql://atoll@127.0.0.1:{self.port}/{name}"

    def is_up(self):
        return (self.data / "postmaster.pid").exists()

    def stop(self):
        if self.is_up():
            self.control("stop", "immediate")
        shutil.rmtree(self.directory)


@pytest.fixture(scope="session")
def postgres():
    """A running Postgres; tests that restart it make one of their own."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def own_postgres():
    """A Postgres that the test alone uses, to stop and restart."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def postgres_pair():
    """A primary and its synchronous standby: what is committed is on both."""
    primary = Postgres()
    standby = None
    try:
        standby = Postgres(primary)
        primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.sql("postgres", "SELECT pg_reload_conf()")
        wait_until(lambda: primary.sql("postgres", "SELECT sync_state FROM pg_stat_replication")
                   == "sync")
        yield primary, standby
    finally:
        for server in (standby, primary):
            if server is not None:
                server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """The URL of a new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/state/atoll.db"
    server = request.getfixturevalue("postgres")
    return server.url(server.make_database())


def wait_until(condition, seconds=300, say=lambda: ""):
    """Fails when condition() does not become true, and with what say() knows of it; the time is one
    for a machine under load."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited in vain\n{say()}")
        time.sleep(0.02)
