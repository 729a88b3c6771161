# SPDX-License-Identifier: LGPL-2.1-or-later
"""The power goes at a random moment between the start of an update and its being found good.

The disk's cache keeps everything in every second run, and loses what was not flushed (or a random
part of that) in the others. Afterwards its repository is sound, the host boots the old version or the
new one and finds it good, and the next update works: that is the one in which the power goes next.
--power-runs=N makes N runs; the seed of each is printed.
"""
import random
import signal
import subprocess
import time

import pexpect

from bootedhost import BootedHost, Grub, Loop
from conftest import run
from survivor import Survivor, check_each
from test_boot_faults import (PASSWORD, POWER_VERSIONS, ROOT_OFFSET, Host, copy_disk,  # noqa: F401
                              host_disks, pytestmark, runs, skip_unless_asked, versions)
from nbd import CacheDisk
from powerlog import RecordingDisk
from vm import VmError

PHASES = ["fetch and stage", "finish at shutdown", "start and check"]


class PowerHost(Host):
    """A host whose first disk is a CacheDisk."""

    def __init__(self, disks, directory):
        super().__init__(disks, "bios", "cache.raw", log=directory / "console.log")
        self.directory = directory

    def _disk_args(self):
        return ["-drive", f"file=nbd+unix:///?socket={self.directory}/disk,format=raw,if=virtio,"
                "cache=writeback"]

    def login_after_cut(self):
        """GRUB replays no journal: it may have taken a menu whose deployment went with it. Then the
        initramfs restarts the machine by itself, and GRUB sees what the kernel has put in order."""
        try:
            self.login("root", PASSWORD)
        except VmError as error:
            if "find specified OSTree root" not in str(error) or "ended" not in str(error):
                raise
            print(", started once more", end="", flush=True)
            self.restart()
            self.login("root", PASSWORD)

    def let_go(self, seconds):
        """Goes on for so long, and then has no power."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:  # its console has to be read, or it stalls
                self._child.read_nonblocking(65536, timeout=0.2)
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF:
                break  # it is between two starts: as good a moment as any
        # at once: QEMU flushes its disks when it is asked to end
        self._child.kill(signal.SIGKILL)
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


def fsck(disk, directory):
    """What is on the disk after a power cut, once its journal was replayed: libostree's repository
    and the file system, checked on a copy."""
    copy, mount = directory / "copy.raw", directory / "mount"
    run("cp", "--sparse=always", disk, copy)
    mount.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-o", f"loop,offset={ROOT_OFFSET}", copy, mount],
                      check=False, capture_output=True).returncode != 0:
        copy.unlink()
        return False  # a container without loop devices
    try:
        run("ostree", "fsck", "--quiet", f"--repo={mount}/ostree/repo", timeout=900)
    finally:
        run("umount", mount)
    run("/sbin/e2fsck", "-fn", f"{copy}?offset={ROOT_OFFSET}", timeout=900)
    copy.unlink()
    return True


class Power:
    """A host that is updated again and again, and how long its phases last on this machine now."""

    def __init__(self, disks, directory):
        self.disks, self.directory = disks, directory
        self.disk = copy_disk(disks, directory)
        self.version, self.number = "1", -1
        self.boot_s = self.stage_s = None
        self.checked = True
        self.ended = []

    def next_version(self):
        self.number = (self.number + 1) % POWER_VERSIONS
        return f"8-power-{self.number}"

    def check(self, host, old, new):
        """What must hold however the power went."""
        began = time.monotonic()
        host.login_after_cut()
        status = host.settle()
        self.boot_s = time.monotonic() - began
        self.version = runs(status)
        assert self.version in (old, new)
        if old != new:
            self.ended.append("new" if self.version == new else "old")
            print(f"; runs the {self.ended[-1]} one", end="", flush=True)
        if not status["boot"]["default"]:
            status = self.start_once_more(host, status, old, new)
        assert status["boot"]["good"] and status["boot"]["default"], status["boot"]
        assert not status["blocked"] and "fallback" not in status
        if not self.checked:
            host.check("ostree fsck --repo=/sysroot/ostree/repo", 1800)
        began = time.monotonic()
        version = self.next_version()
        host.check(f"atoll-host deploy --quiet {version}", 600)
        self.stage_s = time.monotonic() - began
        status = host.status()
        assert versions(status)[0] == version and status["deployments"][0]["staged"]
        return version

    def start_once_more(self, host, status, old, new):
        """GRUB replays no journal: in the moment of the change it may have taken the menu that the
        disk had before, and takes the new one when the old version has run once more."""
        assert runs(status) == old and versions(status)[:2] == [new, old], status["deployments"]
        assert not status["boot"]["fell-back"] and status["pending"] is None
        host.send("systemctl reboot")
        host.next_boot()
        status = host.settle()
        assert runs(status) == new
        self.version = new
        print(", and then the new one", end="", flush=True)
        return status

    def one(self, old, new, phase, chance, honest, dice):
        """Starts the host after the last cut, and cuts the power in its next update."""
        with CacheDisk(self.disk, f"{self.directory}/disk", honest) as disk:
            with PowerHost(self.disks, self.directory) as host:
                new = self.check(host, old, new)
                if phase == 0:
                    new = self.next_version()
                    host.send(f"atoll-host deploy --quiet {new}")
                else:
                    host.send("systemctl reboot")
                if phase == 2:
                    host.restart()
                    host.expect(r"GNU GRUB", what="boot menu")
                limit_s = [self.stage_s * 1.1, self.boot_s * 0.3, self.boot_s * 1.2][phase]
                host.let_go(limit_s * chance)
            disk.lose_power(dice)
            lost = disk.n_lost
        self.checked = fsck(self.disk, self.directory)
        print(f"\ncut in ‘{PHASES[phase]}’ at {chance:.2f} of {limit_s:.0f} s, cache "
              f"{'honest' if honest else 'lossy'}, {lost} blocks lost", end="", flush=True)
        return self.version, new


def test_power_cuts(host_disks, tmp_path, request):  # noqa: F811
    skip_unless_asked(request)
    count = request.config.getoption("--power-runs")
    first_seed = request.config.getoption("--power-seed")
    power = Power(host_disks, tmp_path)
    old = new = "1"
    for seed in range(first_seed, first_seed + count):
        dice = random.Random(seed)
        phase, chance = seed % len(PHASES), dice.random()
        honest = seed % 2 == 0
        old, new = power.one(old, new, phase, chance, honest, dice)
    # and after the last
    with CacheDisk(power.disk, f"{tmp_path}/disk", honest=True), \
            PowerHost(host_disks, tmp_path) as host:
        power.check(host, old, new)
        host.power_off()
    assert len(power.ended) == count
    print(f"\n{count} power cuts from seed {first_seed}: {power.ended.count('old')} ended in the old "
          f"version, {power.ended.count('new')} in the new")


class Machines:
    """The disks of machines, for Survivor. What they update from is mounted at `repo`."""

    def __init__(self, directory, repo, disk):
        self.directory, self.repo = directory, repo
        self.boots = [[self.grub(disk).cat(path) for path in entry[:2]]
                      for entry in self.grub(disk).entries()]

    @staticmethod
    def grub(image):
        return Grub(image, ",gpt3", ROOT_OFFSET)

    def mount(self, image):
        return Loop(image, self.directory / "mount", ROOT_OFFSET)

    def boot(self, root, link):
        return BootedHost(root, link, self.directory / "run", "atoll",
                          ["--ro-bind", self.repo, "/var/mnt"])

    def kernel(self, _version):
        """One for all that are used here."""
        return tuple(self.boots[0])

    @staticmethod
    def check_tree(deployment):
        """All that the commit has is there; its content is what ‘ostree fsck’ looks at."""
        commit = deployment.resolve().name.split(".")[0]
        repo = deployment.resolve().parents[3] / "repo"
        for line in run("ostree", "ls", "-R", f"--repo={repo}", commit, "/usr").stdout.splitlines():
            words = line.split(None, 4)
            path = deployment / words[4].split(" -> ")[0].lstrip("/")
            status = path.lstat()
            assert words[0][0] != "-" or status.st_size == int(words[3]), path
        assert (deployment / "etc/passwd").read_text() and (deployment / "etc/lamp").read_text()


def test_cuts_of_a_recorded_update(host_disks, tmp_path, request):  # noqa: F811
    """All writes of a machine from the start of an update to its being found good, a new boot loader
    included, and what each of many cuts leaves."""
    skip_unless_asked(request)
    before, image = copy_disk(host_disks, tmp_path), tmp_path / "recorded.raw"
    run("cp", "--sparse=always", before, image)
    with RecordingDisk(image, f"{tmp_path}/disk") as disk, PowerHost(host_disks, tmp_path) as host:
        host.login("root", PASSWORD)
        host.settle()
        disk.mark("stage")
        host.check("atoll-host deploy --quiet 6-good", 1800)
        disk.mark("finish")
        # the first thing of a shutdown; the journal of a first boot is gone after it
        host.check("systemctl stop ostree-finalize-staged.service")
        host.send("systemctl reboot")
        host.restart()
        disk.mark("start")
        host.login("root", PASSWORD)
        status = host.settle()
        assert runs(status) == "6-good" and status["boot"]["good"]
        disk.mark("run")
        host.power_off()
    with Loop(host_disks / "repo.ext4", tmp_path / "repo"):
        machines = Machines(tmp_path, tmp_path / "repo", before)
        survivor = Survivor(machines, tmp_path / "cut.raw", ("1", "6-good"), (), following="7-better")
        check_each(disk, before, survivor, 4 * request.config.getoption("--power-runs"),
                   request.config.getoption("--power-seed"))
