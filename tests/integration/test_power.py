# SPDX-License-Identifier: LGPL-2.1-or-later
"""The power goes at a random moment between the start of an update and its being found good.

Each run starts from one saved machine that is up; the disk's cache keeps everything in every
second run, and loses what was not flushed (or a random part of that) in the others. Afterwards the
host boots the old version or the new one, its repository is sound, and the next update works.
--power-runs=N makes N runs; the seed of each is printed.
"""
import json
import random
import re
import shutil
import time

import pexpect
import pytest

from conftest import run
from test_boot_faults import PASSWORD, Host, host_disks, pytestmark, runs  # noqa: F401
from nbd import CacheDisk
from qmp import Qmp
from vm import PROMPT

DEPLOY = "atoll-host deploy --quiet 6-good && echo is''-staged && systemctl reboot"
PHASES = ["fetch and stage", "finish at shutdown", "start and check"]


class PowerHost(Host):
    """A host whose first disk is a CacheDisk."""

    def __init__(self, disks, directory, saved=None):
        super().__init__(disks, "bios", "cache.raw", log=directory / "console.log")
        self.directory = directory
        self.saved = saved
        self.extra_args += ["-qmp", f"unix:{directory}/qmp,server=on,wait=off"]

    def command(self):
        """The first start of a saved machine goes on where it was; the next is a new start."""
        saved, self.saved = self.saved, None
        more = ["-incoming", f"exec:cat {saved}"] if saved is not None else []
        return super().command() + more

    def _disk_args(self):
        return ["-drive", f"file=nbd+unix:///?socket={self.directory}/disk,format=raw,if=virtio,"
                "cache=writeback"]

    def resume(self):
        with Qmp(f"{self.directory}/qmp") as qmp:
            qmp.resume()
        self.credentials = ("root", PASSWORD)
        self.send("")
        self.expect(re.escape(PROMPT), what="shell prompt of the saved machine")
        self.run("true")

    def kill(self):
        """What the power supply does."""
        self.stop()


def test_the_disk_loses_what_was_not_flushed(tmp_path):
    """The disk itself, with QEMU's own client."""
    path, address = tmp_path / "disk.raw", f"{tmp_path}/disk"
    with open(path, "wb") as disk:
        disk.truncate(16 << 20)

    def client(*commands):
        words = [word for command in commands for word in ("-c", command)]
        output = run("qemu-io", "-t", "writeback", "-f", "raw", *words,
                     f"nbd+unix:///?socket={address}", status=None).stdout
        assert "verification failed" not in output
        # what it says is lost when it aborts
        assert "abort" in commands or "ops/sec" in output

    class Nothing(random.Random):
        def choice(self, seq):
            return seq[0]

    with CacheDisk(path, address) as disk:
        # abort: the client ends without a word, as a killed machine does
        client("write -P 7 0 64k", "write -P 9 1000 3000", "flush", "write -P 5 128k 64k", "abort")
        assert disk.n_flushes == 1
        disk.lose_power(Nothing())
        assert disk.n_lost == 16
        client("read -P 0 128k 64k", "read -P 7 0 1000", "read -P 9 1000 3000", "read -P 7 4k 60k")
        client("write -f -P 3 8k 4k", "abort")
        disk.lose_power(Nothing())
        assert disk.n_lost == 16
        client("read -P 3 8k 4k")


def make_dir(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def saved(host_disks, tmp_path_factory):  # noqa: F811
    """A machine that is up and good: its memory, its disk, and how long its phases last."""
    directory = tmp_path_factory.mktemp("saved")
    run("cp", "--sparse=always", host_disks / "disk.raw", directory / "disk.raw")
    with CacheDisk(directory / "disk.raw", f"{directory}/disk") as disk, \
            PowerHost(host_disks, directory) as host:
        began = time.monotonic()
        host.login("root", PASSWORD)
        assert host.settle()["boot"]["good"]
        boot_s = time.monotonic() - began
        host.check("sync")
        with Qmp(f"{directory}/qmp") as qmp:
            qmp.save(directory / "memory")
        disk.flush()
    return directory, boot_s


def wait_and_kill(host, phase, chance, boot_s):
    """Kills the machine in a phase of the update; `chance` says when in it, from 0 to 1."""
    host.send(DEPLOY)
    if phase > 0:
        host.expect(r"is-staged", what="the staged update")
    if phase > 1:
        host.restart()
        host.expect(r"GNU GRUB", what="boot menu")
    # on this machine, now: a boot takes as long as it took a moment ago
    limit_s = [boot_s * 0.5, boot_s * 0.3, boot_s * 1.2][phase]
    deadline = time.monotonic() + limit_s * chance
    while time.monotonic() < deadline:
        try:  # its console has to be read, or it stalls
            host._child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            break  # it is between two starts: as good a moment as any
    host.kill()


def check_after(host):
    """What must hold however the power went; returns the version that runs."""
    host.login("root", PASSWORD)
    status = host.settle()
    assert runs(status) in ("1", "6-good")
    assert status["boot"]["good"] and status["boot"]["default"], status["boot"]
    assert not status["blocked"]
    assert "object" in host.check("ostree fsck --repo=/sysroot/ostree/repo", 600)
    host.check("atoll-host deploy --quiet 7-better", 600)
    assert host.status()["deployments"][0]["version"] == "7-better"
    return runs(status)


def test_power_cuts(request, tmp_path):
    count = request.config.getoption("--power-runs")
    if count == 0:
        pytest.skip("‘make check-power’ cuts the power of machines")
    host_disks = request.getfixturevalue("host_disks")  # noqa: F811
    saved_dir, boot_s = request.getfixturevalue("saved")
    first_seed = request.config.getoption("--power-seed")
    ended = {"1": 0, "6-good": 0}
    for seed in range(first_seed, first_seed + count):
        dice = random.Random(seed)
        phase, chance, honest = seed % len(PHASES), dice.random(), seed % 2 == 0
        directory = make_dir(tmp_path / "run")
        run("cp", "--sparse=always", saved_dir / "disk.raw", directory / "disk.raw")
        with CacheDisk(directory / "disk.raw", f"{directory}/disk", honest) as disk:
            with PowerHost(host_disks, directory, saved_dir / "memory") as host:
                host.resume()
                wait_and_kill(host, phase, chance, boot_s)
            disk.lose_power(dice)
            print(f"\nseed {seed}: power cut in ‘{PHASES[phase]}’ at {chance:.2f}, cache "
                  f"{'honest' if honest else 'lossy'}: {disk.n_lost} blocks lost", end="", flush=True)
            with PowerHost(host_disks, directory) as host:
                version = check_after(host)
            ended[version] += 1
            print(f"; runs {version}", end="", flush=True)
    print(f"\n{count} power cuts: {ended['1']} ended in the old version, {ended['6-good']} in the new")
    assert json.dumps(ended) and sum(ended.values()) == count
