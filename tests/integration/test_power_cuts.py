# SPDX-License-Identifier: LGPL-2.1-or-later
"""The power goes at many moments of one update: what the disk was asked to write is recorded, and
each cut is a disk that has a part of it.

Each of these disks is started as a machine would: GRUB chooses, the kernel replays the journal, the
host's programs settle what runs, find it good, and stage the next version. --power-runs=N looks at
N times as many cuts.
"""
import contextlib
import os
import random
import subprocess
import time

import pytest

from bootedhost import Grub, Loop, Versions, needs_mounts
from conftest import run
from survivor import Survivor, check_each
from nbd import BLOCK
from powerlog import FLUSH, RecordingDisk

# looked at of each scenario
CUTS = 20

pytestmark = [needs_mounts, pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="no FUSE")]


def test_the_disks_after_cuts(tmp_path):
    """They have what was written up to the cut, except in as many blocks as it says were lost."""
    dice, size = random.Random(1), 64 * BLOCK
    before, image = tmp_path / "before.raw", tmp_path / "cut.raw"
    before.write_bytes(bytes(size))
    with open(tmp_path / "disk.raw", "wb") as file:
        file.truncate(size)
    with RecordingDisk(tmp_path / "disk.raw", f"{tmp_path}/disk.sock") as disk:
        disk.mark("writes")
        for _ in range(300):
            if dice.random() < 0.1:
                disk.flush()
                continue
            data = dice.randbytes(dice.randint(1, 2 * BLOCK))
            with disk.lock:
                disk._write(dice.randrange(size - len(data)), data, fua=dice.random() < 0.1)
    state, at, n_lost = bytearray(size), 0, 0
    for cut in disk.cuts(before, range(len(disk.events)), dice, image):
        for event in (event for event in disk.events[at:cut.position] if event is not FLUSH):
            state[event[0]:event[0] + len(event[1])] = event[1]
        at = cut.position
        there = image.read_bytes()
        n_other = sum(there[i:i + BLOCK] != state[i:i + BLOCK] for i in range(0, size, BLOCK))
        assert n_other <= cut.lost <= cut.pending, cut
        n_lost += n_other
    assert n_lost > 300


class Recorder:
    """A disk in use, all of whose writes are recorded, in marked phases."""

    def __init__(self, directory, versions):
        self.directory, self.versions = directory, versions
        self.image, self.at = directory / "disk.raw", directory / "mount"
        self.before = directory / "before.raw"
        run("cp", "--sparse=always", self.image, self.before)
        self.file = directory / "disk.fuse"
        self.file.touch()
        address = f"{directory}/disk.sock"
        self.disk = RecordingDisk(self.image, address)
        # the kernel's loop device on a file of FUSE's, which asks our server
        self.daemon = subprocess.Popen([
            "qemu-storage-daemon",
            "--blockdev", f"driver=nbd,node-name=disk,server.type=unix,server.path={address}",
            "--export", f"type=fuse,id=file,node-name=disk,mountpoint={self.file},writable=on"])
        deadline = time.monotonic() + 300
        while self.file.stat().st_size == 0:
            assert self.daemon.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)

    def __enter__(self):
        self.disk.__enter__()
        return self

    def __exit__(self, *exc):
        self.daemon.terminate()
        self.daemon.wait(300)
        self.disk.__exit__(*exc)

    @contextlib.contextmanager
    def boot(self, phase):
        """What GRUB starts, running; `phase` is the name of its first phase."""
        grub = Grub(self.image)
        entry, counter = grub.choose()
        self.disk.mark("boot loader")
        grub.set_counter(counter, self.disk.write)
        link = grub.entries()[entry][2]
        self.disk.mark(phase)
        with Loop(self.file, self.at):
            yield self.versions.boot(self.at, link)
            self.disk.mark("unmount")


@pytest.fixture
def recorder(tmp_path):
    versions = Versions(tmp_path)
    versions.publish("1")
    image = versions.disk(tmp_path / "disk.raw", tmp_path / "mount")
    with Loop(image, tmp_path / "mount") as mounted:
        link = Grub(image).entries()[0][2]
        (mounted.at / link / "etc/conf1").write_text("mine\n")
        versions.boot(mounted.at, link).atoll("boot", "bless")
    for version in ("2", "3"):
        versions.publish(version)
    with Recorder(tmp_path, versions) as recorder:  # pylint: disable=redefined-outer-name
        yield recorder


def check_cuts(recorder, request, allowed, blocked=()):  # pylint: disable=redefined-outer-name
    """Looks at many cuts of what was recorded."""
    recorder.versions.publish("9")
    image = recorder.directory / "cut.raw"
    count = CUTS * max(1, request.config.getoption("--power-runs"))
    survivor = Survivor(recorder.versions, image, allowed, blocked, following="9")
    check_each(recorder.disk, recorder.before, survivor, count,
               request.config.getoption("--power-seed"))


def test_update(recorder, request):
    """Staged, finished, started and found good."""
    mark = recorder.disk.mark
    with recorder.boot("mount") as host:
        assert host.version() == "1"
        mark("stage")
        host.atoll("deploy", "--quiet", "2")
        assert not host.may_be_given_up()
        mark("finish")
        host.finish()
    with recorder.boot("start") as host:
        assert host.version() == "2" and host.may_be_given_up()
        host.atoll("boot", "start")
        assert host.may_be_given_up()
        mark("bless")
        host.atoll("boot", "bless")
        assert host.status()["boot"]["good"] and not host.may_be_given_up()
    check_cuts(recorder, request, ("1", "2"))


def test_one_gives_way(recorder, request):
    """Two updates: the first version stays until the third is found good, and is removed then."""
    mark = recorder.disk.mark

    def update(host, version):
        mark("stage")
        host.atoll("deploy", "--quiet", version)
        mark("finish")
        host.finish()

    with recorder.boot("mount") as host:
        first = host.deployment
        update(host, "2")
    for version in ("2", "3"):
        with recorder.boot("start") as host:
            assert host.version() == version and first.exists()
            host.atoll("boot", "start")
            mark("bless")
            host.atoll("boot", "bless")
            assert first.exists() == (version == "2")
            if version == "2":
                update(host, "3")
    check_cuts(recorder, request, ("1", "2", "3"))


def test_going_back(recorder, request):
    """A version whose three tries fail, and the one before makes itself the default."""
    mark = recorder.disk.mark
    with recorder.boot("mount") as host:
        mark("stage")
        host.atoll("deploy", "--quiet", "2")
        mark("finish")
        host.finish()
    for left in (2, 1, 0):
        with recorder.boot("try") as host:
            assert host.version() == "2" and host.status()["boot"]["tries-left"] == left
    with recorder.boot("go back") as host:
        assert host.version() == "1" and host.status()["boot"]["fell-back"]
        host.atoll("boot", "start")
        mark("bless")
        host.atoll("boot", "bless")
        status = host.status()
        assert status["boot"]["good"] and status["blocked"][0]["version"] == "2"
        assert [one["version"] for one in status["deployments"]] == ["1"]
    check_cuts(recorder, request, ("1", "2"), blocked=("2",))
