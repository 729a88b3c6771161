# SPDX-License-Identifier: LGPL-2.1-or-later
"""Composes that are killed, interrupted, crowded or out of space: nothing is lost."""
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

import local
from conftest import run

KILLS = 6


def waits_for_the_dead(process):
    """Whether it is a bwrap that was to become a sandbox and waits for a word of the one that
    was killed before it could say it."""
    return (process / "comm").read_text() == "bwrap\n" and \
        (process / "wchan").read_text() in ("do_wait_intr_irq", "eventfd_read")


def users_of(path, killed=False):
    """Processes whose mounts or command line mention @path, besides this one."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            text = (process / "mountinfo").read_bytes() + (process / "cmdline").read_bytes()
            if killed and waits_for_the_dead(process):
                continue
        except OSError:
            continue
        if os.fsencode(path) in text:
            found.append((process.name, text))
    return found


def assert_no_leftovers(compose, killed=False):
    """The kernel kills what is in a sandbox's PID namespace after the sandbox's parent is gone: on a
    loaded machine that takes a while. And who forks and ends while /proc is read, is not seen
    there, but his child is the next time: only several looks that see nobody count."""
    wait_for(lambda: not any(users_of(compose.state, killed) for _ in range(3)),
             lambda: users_of(compose.state, killed))
    assert str(compose.state) not in pathlib.Path("/proc/self/mountinfo").read_text()


def prepare(directory, base, state):
    """The compose that is to be disturbed: with users, scripts and a large file."""
    compose = local.Compose(directory, base, state)
    compose.write(packages=list(local.BASE_PACKAGES))
    compose.add("user", files={"/usr/share/user/large": "0123456789abcdef" * 200000},
                scripts={"postinst": "#!/bin/sh\nset -e\nuseradd --system made-by-user\n"
                                     "echo x > /etc/user.conf\nsleep 0.3\n"})
    compose.write()
    return compose


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, worker_id, base_packages, base_state):
    """What the disturbed composes have to come to, and how long they take."""

    def make(path):
        times = {}
        for kind in ("warm", "fresh"):
            work = path / kind
            work.mkdir()
            state = make_state(kind, base_state, work)
            compose = prepare(work, base_packages, state)
            start = time.monotonic()
            compose.run()
            times[kind] = time.monotonic() - start
            text = "\n".join([str(times[kind]), *compose.contents()])
            (path / f"{kind}.txt").write_text(text)
            shutil.rmtree(work)

    path = local.once(local.session_dir(tmp_path_factory, worker_id), "undisturbed", make)
    result = {}
    for kind in ("warm", "fresh"):
        seconds, *contents = (path / f"{kind}.txt").read_text().split("\n")
        result[kind] = (float(seconds), contents)
    assert result["warm"][1] == result["fresh"][1]
    return result


def make_state(kind, base_state, directory):
    """With the base packages imported, or with nothing but the signing key."""
    state = directory / "state"
    if kind == "warm":
        return local.copy_state(base_state, state)
    state.mkdir()
    shutil.copytree(base_state / "keys", state / "keys")
    return state


@pytest.mark.parametrize("moment", range(KILLS))
def test_kill(moment, undisturbed, tmp_path, base_packages, base_state):
    """Killed at a moment of its own, a compose leaves a state in which the next one works."""
    kind = "fresh" if moment % 3 == 2 else "warm"
    seconds, contents = undisturbed[kind]
    compose = prepare(tmp_path, base_packages, make_state(kind, base_state, tmp_path))
    delay = random.Random(moment).uniform(moment / KILLS, (moment + 1) / KILLS) * seconds
    process = compose.start()
    time.sleep(delay)
    process.kill()
    process.communicate()
    assert_no_leftovers(compose, killed=True)
    before = compose.refs()
    if before:
        run("ostree", f"--repo={compose.repository}", "fsck", "--quiet")
    result = compose.run("--json", status=None)
    assert result.returncode in (0, 3), result.stderr
    assert result.returncode == 0 or before
    assert compose.contents() == contents
    compose.fsck()
    assert list((compose.state / "tmp").iterdir()) == []


def test_kill_in_a_script(undisturbed, tmp_path, base_packages, base_state):
    """The sandbox and all in it go with the compose that made it."""
    compose = prepare(tmp_path, base_packages, make_state("warm", base_state, tmp_path))
    compose.add("slow", scripts={"postinst": "#!/bin/sh\nsleep 987\n"})
    compose.write()
    process = compose.start()
    wait_for(lambda: b"slow.postinst" in b"".join(text for _, text in users_of(compose.state))
             or sleeping("987"))
    process.kill()
    process.communicate()
    assert_no_leftovers(compose, killed=True)
    assert not sleeping("987")
    compose.keys["packages"].remove("slow")
    compose.write()
    compose.make()
    assert compose.contents() == undisturbed["warm"][1]
    compose.fsck()


def sleeping(seconds):
    """Whether a process ‘sleep @seconds’ is running."""
    wanted = f"sleep\0{seconds}\0".encode()
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                return True
        except OSError:
            pass
    return False


def wait_for(condition, tell=lambda: "it did not come to that", seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.02)


def test_two_at_once(compose):
    """The second says who has the state directory; the first does not notice."""
    compose.add("slow", scripts={"postinst": "#!/bin/sh\nsleep 3\n"})
    compose.write()
    first = compose.start()
    lock = compose.state / "lock"
    wait_for(lambda: lock.exists() and lock.read_text() == str(first.pid))
    error = compose.fail()
    assert f"‘{compose.state}’ is in use" in error
    assert f"process {first.pid}" in error
    assert len(error.splitlines()) == 1
    _, messages = first.communicate(timeout=300)
    assert first.returncode == 0, messages
    compose.fsck()


@pytest.mark.parametrize("whole_group", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_in_a_script(compose, number, whole_group):
    """As by `kill`, and as by Ctrl-C at a terminal, which all of the group get."""
    seconds = f"{900 + number + 50 * whole_group}.{os.getpid()}"
    compose.add("slow", scripts={"postinst": f"#!/bin/sh\nsleep {seconds}\n"})
    compose.write()
    process = compose.start()
    wait_for(lambda: sleeping(seconds))
    (os.killpg if whole_group else os.kill)(process.pid, number)
    # the script would sleep for a quarter of an hour
    output, messages = process.communicate(timeout=300)
    messages = messages.removeprefix(local.NOTE)
    assert (process.returncode, output, messages) == (1, "", "atoll: interrupted\n")
    assert_no_leftovers(compose)
    assert not sleeping(seconds)
    assert compose.refs() == {}
    compose.write(packages=["passwd"])
    compose.make()
    compose.fsck()


@pytest.mark.parametrize("moment", range(3))
def test_interrupt(moment, undisturbed, tmp_path, base_packages, base_state):
    seconds, contents = undisturbed["fresh"]
    compose = prepare(tmp_path, base_packages, make_state("fresh", base_state, tmp_path))
    process = compose.start()
    time.sleep(random.Random(moment).uniform(0.1, 0.8) * seconds)
    process.send_signal(signal.SIGINT)
    output, messages = process.communicate(timeout=300)
    assert process.returncode in (0, 1)
    if process.returncode == 1:
        assert (output, messages.removeprefix(local.NOTE)) == ("", "atoll: interrupted\n")
        assert compose.refs() == {}
    assert_no_leftovers(compose)
    compose.run(status=0 if process.returncode == 1 else 3)
    assert compose.contents() == contents
    compose.fsck()


@pytest.fixture
def disk(tmp_path):
    """disk(bytes) mounts a file system of that size."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    image, target = tmp_path / "disk.img", tmp_path / "disk"

    def mount(size):
        target.mkdir()
        with open(image, "wb") as file:
            file.truncate(size)
        run("mke2fs", "-q", "-t", "ext4", "-m", "0", "-i", "4096", "-O", "^has_journal", image)
        mounted = run("mount", "-o", "loop", image, target, status=None)
        if mounted.returncode != 0:
            pytest.skip("no loop devices: " + mounted.stderr.strip())
        return target

    yield mount
    # lazily: what a failed test may have left running must not keep the others from their end
    if target.is_mount():
        subprocess.run(["umount", "-l", target], check=False)
    image.unlink(missing_ok=True)


def fill(path, leave):
    """Leaves @leave bytes of a file system free."""
    with open(path, "wb") as file:
        free = os.fstatvfs(file.fileno())
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leave)


@pytest.mark.parametrize("share", [0.002, 0.5, 0.83, 0.88])
def test_full_disk(share, disk, undisturbed, tmp_path, base_packages, base_state):
    """Too small for the first objects, half of the packages, the scripts, the export …"""
    size = int(run("du", "-s", "-B1", base_state).stdout.split()[0])
    target = disk(size * 2 + (64 << 20))
    state = target / "state"
    state.mkdir()
    shutil.copytree(base_state / "keys", state / "keys")
    compose = prepare(tmp_path, base_packages, state)
    fill(target / "ballast", int(size * share))
    error = compose.fail(timeout=600)
    assert error.startswith(f"no space is left for ‘{state}’: free some")
    # a script's shell has other words for it when its echo cannot write
    assert "No space left on device" in error or \
        re.search(r"script of package .* failed with exit status 1\n  \| .*echo: I/O error", error)
    assert not re.search(r"\n[^ ]", error.strip()), error
    assert_processes_gone(compose)
    (target / "ballast").unlink()
    compose.make()
    assert compose.contents() == undisturbed["fresh"][1]
    compose.fsck()


def assert_processes_gone(compose):
    """Its own mount is everywhere: only command lines tell."""
    wait_for(lambda: not any(f"{compose.state}/tmp".encode() in text
                             for _, text in users_of(compose.state / "tmp")))
