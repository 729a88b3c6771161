# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts disks that a power cut left, as a machine would: GRUB chooses, the kernel replays the journal,
the host's programs settle what runs, find it good, and stage the next version.

Whose disks they are comes as an object with grub(image), mount(image), boot(root, link),
kernel(version) (what GRUB has to load for it, as a pair of bytes) and check_tree(deployment).
"""
import collections
import random
import re

from conftest import run


class Survivor:
    """A disk after a power cut. `allowed` are the versions that may run, `blocked` those that may
    have been given up, `following` is what it can go on to."""

    def __init__(self, versions, image, allowed, blocked, following):
        self.versions, self.image = versions, image
        self.allowed, self.blocked, self.following = allowed, blocked, following
        self.grub = versions.grub(image)

    def check(self):
        """Starts it until what runs is what its menu has first, and good; which versions ran. None
        stands for a start that did not come up."""
        ran = []
        while True:
            version, is_settled = self.start()
            ran.append(version)
            if is_settled:
                break
            assert len(ran) < 3, f"it does not settle: {ran}"
        run("/sbin/e2fsck", "-fn", f"{self.image}?offset={self.grub.offset}")
        assert self.menu()[0][0] == self.versions.kernel(self.following)
        return ran

    def menu(self):
        """((kernel, initramfs), link) of what can be started; GRUB can read all of it."""
        return [((self.grub.cat(kernel), self.grub.cat(initramfs)), link)
                for kernel, initramfs, link in self.grub.entries()]

    def start(self):
        """(version, whether it runs for good)."""
        entry, counter = self.grub.choose()
        self.grub.script()
        menu = self.menu()
        self.grub.set_counter(counter)
        with self.versions.mount(self.image) as disk:
            # GRUB's menu may be older than the journal; the initramfs gives up, and restarts
            if not (disk.at / menu[entry][1]).exists():
                return None, False
            for loaded, link in menu:
                if (disk.at / link).exists():
                    version = (disk.at / link / "usr/lib/version").read_text().strip()
                    assert loaded == self.versions.kernel(version), f"GRUB cannot load {version}"
            for link in re.findall(r"ostree=/(\S+)", (
                    disk.at / "boot/loader/syslinux.cfg").read_text()):
                self.versions.check_tree(disk.at / link)
            run("ostree", "fsck", "--quiet", f"--repo={disk.at}/ostree/repo", timeout=900)
            return self.run(self.versions.boot(disk.at, menu[entry][1]))

    def run(self, host):
        """What the host's own units do at a start, and then an update."""
        version = host.version()
        assert version in self.allowed, version
        tried = host.atoll("boot", "start", status=None)
        if tried.returncode != 0:
            # it was being given up, and GRUB still saw it: what finds versions good fails, too
            assert "bootloader entry not found" in tried.stderr, tried.stderr
            assert version in self.blocked and host.may_be_given_up()
            return version, False
        return self.run_known(host, version)

    def run_known(self, host, version):
        """The same of a deployment that is in the menu."""
        status = host.status()
        boot = status["boot"]
        on_trial = boot["default"] and not boot["good"] and len(status["deployments"]) > 1
        assert host.may_be_given_up() == on_trial, boot
        host.atoll("boot", "bless", status=None)
        assert not host.may_be_given_up()
        status = host.status()
        blocked = {one["version"] for one in status["blocked"]}
        assert blocked <= set(self.blocked)
        # one that was being given up has its tries once more when the power goes before it is gone
        assert ("fallback" in status) == bool(blocked - {version})
        if not status["boot"]["default"]:
            return version, False
        assert status["boot"]["good"]
        host.atoll("deploy", "--quiet", self.following)
        host.finish()
        return version, True


def check_each(disk, before, survivor, count, seed):
    """Looks at about `count` cuts of what the RecordingDisk `disk` got since `before`."""
    ended, n_lossy = collections.Counter(), 0
    positions = disk.positions(count)
    for cut in disk.cuts(before, positions, random.Random(seed), survivor.image):
        try:
            ran = survivor.check()
        except BaseException:
            print(f"\nthe cut {cut}, seed {seed}")
            raise
        ended[" ".join(map(str, ran))] += 1
        n_lossy += cut.lost > 0
    assert n_lossy > len(positions) // 8, "the disk has to be one that loses something"
    print(f"\n{len(positions)} cuts of {len(disk.events)} events, {n_lossy} of them lost blocks; the "
          f"versions that ran: {dict(ended)}")
