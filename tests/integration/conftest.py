# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fixtures of the whole-program tests: where the programs are, repositories, servers."""
import os
import pathlib
import re
import subprocess
import time

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ATOLL_BUILD", SOURCE / "build"))

pytest_plugins = ["local", "database"]


def pytest_addoption(parser):
    parser.addoption("--fault-seconds", type=float, default=10,
                     help="how long each test of kills and restarts goes on (default: 10)")
    parser.addoption("--provision-boots", action="store_true",
                     help="boot whole hosts that are set up (default: not, since each takes "
                          "minutes)")
    parser.addoption("--power-runs", type=int, default=0,
                     help="how often a host's power is cut while it updates (default: 0, which is "
                          "a few times, and without the rest of ‘make check-power’)")
    parser.addoption("--power-seed", type=int, default=4,
                     help="the seed of the first of these runs (default: 4)")


# The files that take longest; what is dear to make and shared is wanted by the first of them only.
FIRST = ("test_image", "test_bus_deliver", "test_compose_faults", "test_rpm_host",
         "test_boot_faults", "test_deb_compare", "test_verify")


def pytest_collection_modifyitems(items):
    """The longest files first: otherwise one of them is all that still runs at the end."""
    def place(item):
        name = item.path.stem
        return FIRST.index(name) if name in FIRST else len(FIRST)
    items.sort(key=place)


def with_whole_stacks():
    """Environment in which the leak sanitizer walks whole stacks, so that it sees which leak is a
    library's; for the commands that call one which loses memory. Slow."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return dict(os.environ, ASAN_OPTIONS=options + ":fast_unwind_on_malloc=0")


def run(*argv, status=0, **options):
    """Runs a program to its end, and fails with all that it printed on another exit status."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    options.setdefault("text", True)
    options.setdefault("timeout", 300)
    argv = [str(word) for word in argv]
    result = subprocess.run(argv, **options)
    if status is not None and result.returncode != status:
        pytest.fail(f"{' '.join(argv)}: exit status {result.returncode}, wanted {status}\n"
                    f"{result.stdout}\n{result.stderr}")
    return result


class Server:
    """A running `atoll serve` on a free port."""

    def __init__(self, repo, directory, *extra):
        port_file = directory / "port"
        port_file.unlink(missing_ok=True)
        if "--state" not in extra:
            extra += ("--state", directory / "state")
        if "--listen" not in extra:
            extra += ("--listen", "127.0.0.1:0")
        if repo is not None:
            extra += ("--repo", repo)
        self.log = open(directory / "serve.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [BUILD / "src/programs/atoll", "serve", "--port-file", port_file, *extra],
            stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 300
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("atoll serve did not start: " + self.read_log())
            time.sleep(0.01)
        self.port = int(port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}"

    def read_log(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=300)


@pytest.fixture
def serve(tmp_path):
    """serve(repo) starts a Server; all are stopped, and must exit with 0, at the end."""
    servers = []

    def start(repo, *extra):
        directory = tmp_path / f"serve-{len(servers)}"
        directory.mkdir()
        servers.append(Server(repo, directory, *extra))
        return servers[-1]

    yield start
    for server in servers:
        assert server.stop() == 0, server.read_log()
        server.log.close()


@pytest.fixture(scope="session")
def atoll():
    return BUILD / "src/programs/atoll"


@pytest.fixture(scope="session")
def atoll_host():
    return BUILD / "src/programs/atoll-host"


@pytest.fixture(scope="session")
def build():
    return BUILD


@pytest.fixture
def ordinary_user():
    """The name of an account with a range of subordinate ids."""
    if os.geteuid() != 0:
        pytest.skip("making an account needs root")
    name = f"atoll-test-{os.getpid()}"
    run("useradd", "--create-home", "--shell", "/bin/sh", name)
    for file, flag in (("/etc/subuid", "--add-subuids"), ("/etc/subgid", "--add-subgids")):
        if not re.search(rf"^{name}:", pathlib.Path(file).read_text(), re.MULTILINE):
            run("usermod", flag, "900000-965535", name)
    probe = run("su", name, "-c", "unshare --user true", status=None)
    if probe.returncode == 0:
        yield name
    subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)
    if probe.returncode != 0:
        pytest.skip("no user namespaces for ordinary users: " + probe.stderr.strip())
