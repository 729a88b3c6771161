# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts in QEMU that get bad versions: each goes back by itself and does not take it again.

The machines update from a repository on a second disk, so that nothing needs a network.
"""
import json
import os
import re
import shutil
import sys

import pexpect
import pytest

from conftest import BUILD, SOURCE, run
from local import once, session_dir

sys.path.insert(0, str(SOURCE / "tests/vm"))
import hosttree  # noqa: E402
from vm import KARGS, OVMF_CODE, OVMF_VARS, Vm  # noqa: E402

PASSWORD = "atoll-test"
PLAIN = SOURCE / "build-check"
ROOT_OFFSET = 66 << 20
# two for each power cut of ‘make check’; a longer run goes round
POWER_VERSIONS = 14

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="trees with root's files need root")


def other_loader(repo):
    """The tree's GRUB with another welcome, so that it comes out as another program."""
    files = {}
    for target in ("i386-pc", "x86_64-efi"):
        path = f"/usr/lib/grub/{target}/kernel.img"
        image = run("ostree", "cat", f"--repo={repo}", "base", path, text=False).stdout
        assert image.count(b"Welcome to GRUB!") == 1
        files[path] = (image.replace(b"Welcome to GRUB!", b"Welcome to 6-gd!"), 0o644)
    return files


def make_versions(versions, kernel, initramfs):
    """What goes wrong with each is in its name; the ones for power cuts are made by Power."""
    image = f"/usr/lib/modules/{kernel}/initramfs.img"
    versions.commit("2-panics", {image: (b"\0" * 512, 0o600)})
    # without the links by UUID the root file system is never there; nor is it waited for as long as
    # KARGS would have it
    wait = "etc/systemd/system/dev-disk-.device.d"
    versions.commit("2-no-root", {image: (hosttree.add_to_initramfs(initramfs, {
        "usr/lib/udev/rules.d/60-persistent-storage.rules": b"# none\n", wait: None,
        f"{wait}/wait.conf": b"[Unit]\nJobRunningTimeoutSec=30\n"}), 0o600)})
    # the initramfs starts this, and /sbin/init is a link to it
    versions.commit("3-hangs", {
        "/usr/lib/systemd/systemd": ("#!/bin/sh\nwhile :; do sleep 1000; done\n", 0o755)})
    versions.commit("4-unhealthy", {
        "/usr/lib/atoll/health.d/required.d/99-lamp": (
            "#!/bin/sh\necho 'the lamp is out'\nexit 1\n", 0o755)})
    versions.commit("5-no-agent", {"/usr/bin/atoll-host": ("#!/bin/false\n", 0o755)})
    versions.commit("6-good", {"/usr/lib/more": (os.urandom(4 << 20), 0o644),
                               "/usr/etc/lamp": ("new\n", 0o644),
                               "/usr/etc/bulb": ("new\n", 0o644),
                               **other_loader(versions.repo)})
    versions.commit("7-better")
    for number in range(POWER_VERSIONS):
        versions.commit(f"8-power-{number}", {"/usr/lib/power": (os.urandom(2 << 20), 0o644)})


@pytest.fixture(scope="session")
def host_disks(minimal_commit, tmp_path_factory, worker_id, request):
    """A directory with disk.raw, which has version 1, and, when machines are to update,
    repo.ext4 with all versions and commits.json."""
    state, ref = minimal_commit

    def make(path):
        hosttree.build_plain(SOURCE, PLAIN)
        root = path / "root"
        root.mkdir()
        hosttree.install(SOURCE, PLAIN, path, root)
        hosttree.add_libraries(root, state / "repo", ref)
        kernel = hosttree.kernel_version(state / "repo", ref)
        initramfs = hosttree.make_initramfs(path, state / "build", ref, kernel)
        image = root / "usr/lib/modules" / kernel / "initramfs.img"
        image.parent.mkdir(parents=True)
        image.write_bytes(initramfs)
        image.chmod(0o600)
        (root / "usr/etc").mkdir(exist_ok=True)
        for name in ("lamp", "bulb"):
            (root / "usr/etc" / name).write_text("old\n")
        versions = hosttree.Versions(path, state / "repo", ref, BUILD / "tests/support/sign-commit")
        versions.lay_over(root)
        versions.commit("1")
        hashed = run("openssl", "passwd", "-6", "-salt", "atoll", PASSWORD).stdout.strip()
        program = PLAIN / "src/programs/atoll"
        run(program if program.exists() else BUILD / "src/programs/atoll", "image", "host/test",
            "--state", versions.state, "--output", path / "disk.raw", "--format", "raw", "--size",
            "4G", "--quiet", "--root-password-hash", hashed, "--update-url", "file:///var/mnt",
            *(f"--karg={karg}" for karg in (*KARGS, "panic=1")), timeout=900)
        if asked(request):
            make_versions(versions, kernel, initramfs)
            versions.disk(path / "repo.ext4")
        (path / "commits.json").write_text(json.dumps(versions.commits))
        shutil.rmtree(versions.state)
        shutil.rmtree(root)

    return once(session_dir(tmp_path_factory, worker_id), "hosts", make)


class Host(Vm):
    """A machine with the repository of versions as its second disk."""

    def __init__(self, disks, firmware, disk, **more):
        super().__init__(disk, firmware, snapshot=False, memory_mib=1024, timeout_s=900,
                         extra_args=["-drive",
                                     f"file={disks}/repo.ext4,format=raw,if=virtio,readonly=on"],
                         **more)
        self.commits = json.loads((disks / "commits.json").read_text())

    def next_boot(self, restarts=1):
        """Logs in after the machine has restarted so many times."""
        for _ in range(restarts):
            self.restart()
        self.login(*self.credentials)

    def settle(self):
        """Waits until the boot's own checks are done; the status."""
        self.run("systemctl start atoll-host-bless.service")
        self.check("mountpoint -q /var/mnt || mount -o ro /dev/vdb /var/mnt")
        return self.status()

    def status(self):
        return json.loads(self.check("atoll-host status --json"))

    def deploy_and_reboot(self, version, tries=3):
        """Into a version, with fewer tries than it should have to save time."""
        self.check(f"atoll-host deploy --quiet {version}")
        if tries < 3:
            self.check(f"grub-editenv /boot/grub/grubenv set atoll_boot=new{tries}")
        self.send("systemctl reboot")


def versions(status):
    return [one["version"] for one in status["deployments"]]


def runs(status):
    return next(one["version"] for one in status["deployments"] if one["booted"])


def check_went_back(host, status, bad, reason):
    """Version 1 runs, is good and the default; `bad` is remembered, and people can read of it."""
    assert runs(status) == "1" and versions(status) == ["1"]
    assert status["boot"]["good"] and status["boot"]["default"]
    blocked = {one["version"]: one for one in status["blocked"]}
    assert reason in blocked[bad]["reason"]
    assert blocked[bad]["commit"] == host.commits[bad]
    assert f"Version {bad} (" in status["fallback"] and reason in status["fallback"]
    assert f"atoll-host unblock {bad}" in status["fallback"]
    assert status["fallback"].strip() == host.check("cat /run/motd.d/50-atoll-host").strip()
    source = (SOURCE / "src/host/messages.h").read_text()
    message = re.search(r'FELL_BACK "(\w+)"', source).group(1)
    assert bad in host.check(f"journalctl -b -o cat --no-pager MESSAGE_ID={message}")
    refused = host.run(f"atoll-host deploy {bad}")
    assert refused.status == 1 and "failed on this host before" in refused.output
    assert host.run("test -e /var/lib/atoll-host/trial").status != 0


def finalisation_seconds(host):
    """How long the last shutdown took to make the staged deployment the default."""
    text = host.check("journalctl -b -1 -o short-unix --no-pager -u ostree-finalize-staged.service")
    times = [float(line.split()[0]) for line in text.splitlines() if re.match(r"\d+\.\d+ ", line)]
    stopping = [i for i, line in enumerate(text.splitlines()) if "Stopping" in line]
    return times[-1] - times[stopping[0]] if stopping else times[-1] - times[0]


def copy_disk(disks, directory):
    disk = directory / "disk.raw"
    run("cp", "--sparse=always", disks / "disk.raw", disk)
    return disk


def asked(request):
    return request.config.getoption("--power-runs") > 0


def skip_unless_asked(request):
    if not asked(request):
        pytest.skip("‘make check-power’ runs it")


def test_bad_versions(host_disks, tmp_path, request):
    """One that hangs, one that is not healthy, one that panics: each is given up by itself."""
    skip_unless_asked(request)
    disk = copy_disk(host_disks, tmp_path)
    with Host(host_disks, "bios", disk, log=tmp_path / "console.log") as host:
        host.login("root", PASSWORD)
        status = host.settle()
        assert status["boot"]["good"] and status["health"]["healthy"]
        assert host.check("systemctl --failed --no-legend") == ""

        host.deploy_and_reboot("3-hangs", tries=1)
        host.next_boot(2)
        check_went_back(host, host.settle(), "3-hangs", "did not get as far")

        host.deploy_and_reboot("4-unhealthy", tries=1)
        host.next_boot(2)
        check_went_back(host, host.settle(), "4-unhealthy", "‘99-lamp’ failed: the lamp is out")

        # all three tries, and after the last the version before
        host.deploy_and_reboot("2-panics")
        for _ in range(3):
            host.restart()
            host.expect("Kernel panic", what="panic")
        host.next_boot()
        status = host.settle()
        check_went_back(host, status, "2-panics", "did not get as far")
        assert len(status["blocked"]) == 3
        # of the tries nothing is in the journal: before this start it is the one that staged
        print(f"\nfinalisation at shutdown: {finalisation_seconds(host):.2f} s")
        history = host.check("atoll-host history")
        assert all(version in history for version in ("3-hangs", "4-unhealthy", "2-panics")), history


def test_more_bad_versions(host_disks, tmp_path, request):
    """One without its root, and then a good one with a new boot loader."""
    skip_unless_asked(request)
    disk = copy_disk(host_disks, tmp_path)
    with Host(host_disks, "bios", disk, log=tmp_path / "console.log") as host:
        host.login("root", PASSWORD)
        host.settle()
        host.deploy_and_reboot("2-no-root", tries=1)
        host.next_boot(2)
        check_went_back(host, host.settle(), "2-no-root", "did not get as far")

        # a file of this host for which the next version has a new default
        host.check("mkdir -p /etc/atoll/etc.d && echo mine > /etc/lamp && echo mine > /etc/bulb && "
                   "echo 'rules: [{path: /etc/lamp, policy: take}]' > /etc/atoll/etc.d/10.yaml")
        # as a disk has it that an earlier atoll made
        host.check("sed -i '1i # Written when the disk image was made.' /boot/grub/grub.cfg")
        host.deploy_and_reboot("6-good")
        host.next_boot()
        status = host.settle()
        assert host.check("cat /etc/lamp /etc/bulb") == "new\nmine"
        assert host.check("cat /var/lib/atoll-host/etc-saved/*/etc/lamp") == "mine"
        assert "/etc/bulb" in host.check("atoll-host etc diff")
        assert "6-good" in host.check("atoll-host history | head -3")
        assert runs(status) == "6-good" and versions(status) == ["6-good", "1"]
        assert status["boot"]["good"] and "fallback" not in status
        assert host.run("test -e /run/motd.d/50-atoll-host").status != 0
        # still remembered
        assert [one["version"] for one in status["blocked"]] == ["2-no-root"]
        assert "failed on this host before" in host.run("atoll-host deploy 2-no-root").output
        told = host.check("journalctl -b -o cat --no-pager -u atoll-host-bless.service")
        assert "The boot loader for UEFI and BIOS is now" in told
        assert "The boot menu's script is now" in told
        assert host.check("head -c 18 /boot/grub/grub.cfg") == "# Written by atoll"
        assert "6-good" in host.check("atoll-host status")
        check_full_disk(host)
        # GRUB sees what is on the disk when the file system is unmounted
        host.check("atoll-host cleanup --staged")
        host.power_off()

    # the one that was there before is beside it, and both firmwares start the new one
    before, after = [path.read_bytes_of_bios() for path in (Disk(host_disks / "disk.raw"),
                                                           Disk(disk))]
    half = len(before) // 2
    assert before[:half] == after[:half] and not any(before[half:]) and any(after[half:])
    for firmware in ("bios", "uefi"):
        loader = Loader(disk, tmp_path, firmware)
        assert loader.starts(1) == ["new31"]


def check_full_disk(host):
    """A full root, which /boot is part of: refused in words, and what runs is not touched."""
    before = host.check("ls /ostree/deploy/*/deploy /boot/loader/entries; cat /boot/loader/syslinux.cfg")
    host.check("fallocate -l $(df --output=avail -B1 /var | tail -1) /var/full || "
               "dd if=/dev/zero of=/var/full bs=1M; sync; df /var")
    refused = host.run("atoll-host deploy 7-better")
    assert refused.status == 1 and "not enough space" in refused.output, refused.output
    assert before == host.check(
        "ls /ostree/deploy/*/deploy /boot/loader/entries; cat /boot/loader/syslinux.cfg")
    assert runs(host.status()) == "6-good"
    host.check("rm /var/full")
    host.check("atoll-host deploy --quiet 7-better")
    assert versions(host.status())[0] == "7-better"


def test_bad_versions_uefi(host_disks, tmp_path, request):
    """One whose own program of atoll is broken: nothing of it takes part in going back."""
    skip_unless_asked(request)
    disk = copy_disk(host_disks, tmp_path)
    with Host(host_disks, "uefi", disk, log=tmp_path / "console.log") as host:
        host.login("root", PASSWORD)
        host.settle()
        assert host.run("test -d /sys/firmware/efi").status == 0
        host.deploy_and_reboot("5-no-agent", tries=1)
        host.next_boot(2)
        check_went_back(host, host.settle(), "5-no-agent", "did not get as far")
        host.deploy_and_reboot("2-panics", tries=1)
        host.next_boot(2)
        check_went_back(host, host.settle(), "2-panics", "did not get as far")


def test_a_menu_older_than_the_journal(host_disks, tmp_path, request):
    """GRUB starts a deployment whose link went with the journal: the initramfs restarts by itself."""
    skip_unless_asked(request)
    loader = Loader(host_disks / "disk.raw", tmp_path, "bios")
    boot = re.search(r"ostree/boot\.(\d)/", loader.debugfs("cat /boot/loader/syslinux.cfg")).group(1)
    disk = copy_disk(host_disks, tmp_path)
    run("/sbin/debugfs", "-w", "-R", f"rm /ostree/boot.{boot}", f"{disk}?offset={ROOT_OFFSET}")
    with Host(host_disks, "bios", disk, log=tmp_path / "console.log") as host:
        host.restart()


class Disk:
    """What ‘atoll image’ made, byte by byte."""

    def __init__(self, path):
        self.path = path

    def read_bytes_of_bios(self):
        with open(self.path, "rb") as disk:
            disk.seek(1 << 20)
            return disk.read(1 << 20)


class Loader:
    """A disk of which only the boot loader runs: it says what it would start, and restarts."""

    def __init__(self, disk, directory, firmware):
        self.disk = directory / "loader.raw"
        run("cp", "--sparse=always", disk, self.disk)
        self.directory = directory
        self.firmware = firmware
        self.device = f"{self.disk}?offset={ROOT_OFFSET}"
        script = self.debugfs("cat /boot/grub/grub.cfg")
        script = script[script.index("#"):script.index("# a kernel that cannot")]
        # short: GRUB breaks lines at 80 characters
        self.write("/boot/grub/grub.cfg", script + 'if [ -n "$default" ]; then set found=1; fi\n'
                   'echo "@@ $atoll_boot entry=$entry wait=$wait good=$good found=$found @@"\nreboot\n')

    def debugfs(self, *commands):
        return run("/sbin/debugfs", "-w", "-f", "-", self.device,
                   input="".join(command + "\n" for command in commands)).stdout

    def write(self, path, text):
        local = self.directory / "file"
        local.write_text(text)
        self.debugfs(f"rm {path}", f"write {local} {path}")

    def set_counter(self, name):
        """In place, as the host does it."""
        text = f"# GRUB Environment Block\natoll_boot={name}\n"
        blocks = re.search(r"\(0\):(\d+)", self.debugfs("stat /boot/grub/grubenv")).group(1)
        with open(self.disk, "r+b") as disk:
            disk.seek(ROOT_OFFSET + 4096 * int(blocks))
            disk.write(text.ljust(1024, "#").encode())

    def starts(self, count):
        """What the next `count` starts of the boot loader come to."""
        argv = ["-accel", "tcg", "-m", "256", "-display", "none", "-monitor", "none", "-serial",
                "stdio", "-drive", f"file={self.disk},format=raw,if=virtio"]
        if self.firmware == "uefi":
            shutil.copyfile(OVMF_VARS, self.directory / "vars.fd")
            argv += ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}",
                     "-drive", f"if=pflash,format=raw,file={self.directory}/vars.fd"]
        child = pexpect.spawn("qemu-system-x86_64", argv, timeout=300, encoding="utf-8",
                              codec_errors="replace")
        said = []
        try:
            for _ in range(count):
                child.expect(r"@@ (\w*) entry=(\d?) wait=(\d*) good=(1?) found=1 @@")
                said.append("".join(child.match.groups()))
        finally:
            child.close(force=True)
        return said


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_boot_loader_counts(host_disks, tmp_path, firmware):
    """GRUB itself goes through the table that the host knows it by."""
    loader = Loader(host_disks / "disk.raw", tmp_path, firmware)
    # alone on the disk: three tries, then slowly
    assert loader.starts(5) == ["new20", "new10", "new00", "stop0600", "stop0600"]
    # with another one: three tries each
    loader.set_counter("new3")
    loader.write("/boot/loader/entries/ostree-2-atoll.conf", "title second\n")
    assert loader.starts(8) == ["new20", "new10", "new00", "old21", "old11", "old01", "stop1600",
                                "stop1600"]
    # found good: the counter is left alone
    boot = re.search(r"ostree/boot\.(\d)/", loader.debugfs("cat /boot/loader/syslinux.cfg")).group(1)
    loader.set_counter("new2")
    loader.write(f"/boot/loader/entries/atoll-good-{boot}", "")
    assert loader.starts(1) == ["new10"]
    links = re.search(r'"(boot\.\d\.\d)"', loader.debugfs(f"stat /ostree/boot.{boot}")).group(1)
    loader.write(f"/ostree/{links}/atoll-good", "")
    assert loader.starts(2) == ["new11", "new11"]
    # half of a change of what boots is on the disk (test_power_cuts.py): the menu is found
    loader.debugfs("rm /boot/loader")
    assert loader.starts(1) == ["new00"]
