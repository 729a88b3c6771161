# SPDX-License-Identifier: LGPL-2.1-or-later
"""A booted host without a machine: a container whose root is a deployment on a mounted disk, and what
GRUB makes of that disk.

The host's programs stage, finish and find good in it as they do on a machine; systemd is not there.
GRUB's part is asked of GRUB's own file system code (grub-fstest), which does not replay ext4's
journal, so that it may see an older state than the kernel does.
"""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

import pytest

from conftest import SOURCE, run
from test_host import KERNEL, REF, REFSPEC, Publisher

sys.path.insert(0, str(SOURCE / "tests/vm"))
import hosttree  # noqa: E402

needs_mounts = pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/dev/loop-control"),
                                  reason="mounting needs root and loop devices")

PLAIN = SOURCE / "build-check"
BLOCK = 4096
GRUBENV = "boot/grub/grubenv"
SCRIPT = "boot/grub/grub.cfg"
# of a disk that an earlier version made; whoever finds a version good writes his own
OLD_SCRIPT = b"# Written when the disk image was made.\n" + b"# old\n" * 900 + b"# end\n"
# files below /run of the container
STUBS = {"ostree-booted": "", "bin/systemctl": "#!/bin/sh\n"}


class Loop:
    """A disk image, or a file that stands for one, whose file system at `offset` is mounted."""

    def __init__(self, image, at, offset=0):
        self.at = at
        at.mkdir(exist_ok=True)
        self.device = run("losetup", "--show", "-f", "-o", str(offset), image).stdout.strip()
        try:
            run("mount", self.device, at)
        except BaseException:
            run("losetup", "-d", self.device)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        run("umount", self.at)
        run("losetup", "-d", self.device)
        # the mounts of a container that has just ended go a moment later than it, and the device
        # with the last of them
        backing = pathlib.Path("/sys/block", pathlib.Path(self.device).name, "loop")
        deadline = time.monotonic() + 300
        while backing.exists():
            assert time.monotonic() < deadline, f"{self.device} is still in use"
            time.sleep(0.01)


class Grub:
    """What GRUB sees on a disk, and does; `partition` is ",gpt3" or nothing."""

    def __init__(self, image, partition="", offset=0):
        self.image, self.partition, self.offset = image, partition, offset

    def cat(self, path):
        """Its content, or None."""
        done = subprocess.run(["grub-fstest", self.image, "cat", f"(loop0{self.partition})/{path}"],
                              check=False, capture_output=True)
        return done.stdout if done.returncode == 0 else None

    def entries(self):
        """(kernel, initramfs, link to the deployment) of each menu entry, the default first."""
        for loader in ("loader", "loader.0", "loader.1"):
            menu = self.cat(f"boot/{loader}/syslinux.cfg") or b""
            if b"DEFAULT " in menu:
                break
        else:
            raise AssertionError("GRUB finds no menu")
        default, *blocks = menu.decode().split("LABEL ")
        assert blocks[0].splitlines()[0] == re.search(r"^DEFAULT (.*)$", default, re.M).group(1)
        return [tuple(re.search(pattern, block).group(1) for pattern in (
            r"KERNEL /?(\S+)", r"INITRD /?(\S+)", r"ostree=/(\S+)")) for block in blocks]

    def script(self):
        """"old", or that of the host's programs: "new"; the whole of either."""
        script = self.cat(SCRIPT)
        if script == OLD_SCRIPT:
            return "old"
        assert script.startswith(b"# Written by atoll.") and script.endswith(b"  sleep --interruptible 5\nfi\n")
        assert b"\0" not in script
        return "new"

    def counter(self):
        block = self.cat(GRUBENV)
        assert block is not None and len(block) == 1024, "GRUB finds no environment block"
        return re.search(rb"atoll_boot=(\w+)", block).group(1).decode()

    def is_good(self):
        return any(self.cat(f"boot/loader/entries/atoll-good-{n}") is not None and
                   self.cat(f"ostree/boot.{n}/atoll-good") is not None for n in (0, 1))

    def choose(self):
        """Which entry it starts, and what the counter becomes: the table of boot/counter.c."""
        counter = self.counter()
        if self.is_good():
            return 0, counter
        several = len(self.entries()) > 1
        return {"new3": (0, "new2"), "new2": (0, "new1"), "new1": (0, "new0"),
                "new0": (1, "old2") if several else (0, "stop"), "old2": (1, "old1"),
                "old1": (1, "old0"), "old0": (1, "stop"), "stop": (int(several), "stop")}[counter]

    def set_counter(self, counter, write=None):
        """In place, as GRUB does it; `write` is called with a place on the disk and bytes."""
        where = f"{self.image}?offset={self.offset}"
        found = run("/sbin/debugfs", "-c", "-R", f"blocks /{GRUBENV}", where).stdout.split()
        (write or self._write)(self.offset + int(found[-1]) * BLOCK, environment_block(counter))

    def _write(self, offset, data):
        with open(self.image, "r+b") as disk:
            disk.seek(offset)
            disk.write(data)


def environment_block(counter):
    return f"# GRUB Environment Block\natoll_boot={counter}\n".ljust(1024, "#").encode()


class BootedHost:
    """The deployment that `link` leads to, on the disk mounted at `root`, as what runs. Everything
    below `run_dir` goes: it is /run of a new boot. `options` are further ones of bwrap's."""

    def __init__(self, root, link, run_dir, osname, options=()):
        self.root = root
        self.deployment = (root / link).resolve()
        self.run_dir = run_dir
        self.var = root / f"ostree/deploy/{osname}/var"
        self.state = self.var / "lib/atoll-host"
        self.options = ["--bind", self.var, "/var", *options]
        shutil.rmtree(run_dir, ignore_errors=True)
        for name, text in STUBS.items():
            path = run_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        (run_dir / "cmdline").write_text(f"quiet ostree=/{link}\n")

    def run(self, *words, status=0, **env):
        more = [word for name, value in env.items() for word in ("--setenv", name, value)]
        return run("bwrap", "--cap-add", "ALL", "--unshare-pid", "--bind", self.deployment, "/",
                   "--bind", self.root, "/sysroot", "--bind", self.root / "boot", "/boot",
                   "--dev", "/dev", "--proc", "/proc", "--ro-bind", self.run_dir / "cmdline",
                   "/proc/cmdline", "--tmpfs", "/tmp", "--bind", self.run_dir, "/run",
                   "--setenv", "PATH", "/run/bin:/run/programs:/usr/sbin:/usr/bin",
                   *self.options, *more, "--", *words, status=status)

    def atoll(self, *words, status=0):
        return self.run("atoll-host", *words, status=status)

    def status(self):
        return json.loads(self.atoll("status", "--json").stdout)

    def version(self):
        return (self.deployment / "usr/lib/version").read_text().strip()

    def finish(self):
        """What ostree-finalize-staged.service does at shutdown, without libostree's merge."""
        done = self.atoll("agent", "finalize")
        assert done.stdout.startswith("/etc keeps "), done.stdout

    def may_be_given_up(self):
        """Whether the unit that ends the tries of a new version would do so now."""
        unit = (SOURCE / "data/systemd/atoll-host-trial-failed.service").read_text()
        conditions = re.findall(r"^ConditionPathExists=(!?)(/\S+)$", unit, re.M)
        assert len(conditions) == 3
        return all(self._exists(path) == (negation == "") for negation, path in conditions)

    def _exists(self, path):
        top, _, rest = path.lstrip("/").partition("/")
        places = {"run": self.run_dir, "var": self.var}
        return (places[top] / rest).exists()


class Versions(Publisher):
    """Published trees that a BootedHost can run, each with a kernel and files of its own. `made` is
    version to path to content."""

    def __init__(self, directory):
        super().__init__(directory)
        self.made = {}
        hosttree.build_plain(SOURCE, PLAIN)

    def make_tree(self, version, **keys):
        tree = super().make_tree(version, **keys)
        dice = random.Random(version)
        for name in ("sysroot", "boot", "var", "proc", "dev", "run", "tmp"):
            (tree / name).mkdir()
        for name, target in {"ostree": "sysroot/ostree", "bin": "usr/bin", "lib": "usr/lib",
                             "lib64": "usr/lib64"}.items():
            (tree / name).symlink_to(target)
        for name, size in (("vmlinuz", 200_000), ("initramfs.img", 600_000)):
            (tree / "usr/lib/modules" / KERNEL / name).write_bytes(dice.randbytes(size))
        (tree / "usr/lib/version").write_text(version)
        for i in range(60):
            (tree / f"usr/lib/file{i}").write_bytes(dice.randbytes(dice.randint(100, 9000)))
        for i in range(10):
            (tree / f"usr/etc/conf{i}").write_text(f"{version}\n")
        self.made[version] = {str(path.relative_to(tree)): path.read_bytes()
                              for path in tree.rglob("*") if path.is_file()}
        return tree

    def disk(self, image, at, size_mib=64):
        """Makes a disk as ‘atoll image’ does, without partitions, with what is published now."""
        with open(image, "wb") as disk:
            disk.truncate(size_mib << 20)
        run("/sbin/mke2fs", "-q", "-t", "ext4", "-b", str(BLOCK), image)
        with Loop(image, at):
            run("ostree", "admin", "init-fs", "--modern", at)
            for name in ("loader.0/entries", "syslinux", "grub"):
                (at / "boot" / name).mkdir(parents=True)
            (at / "boot/loader.0/syslinux.cfg").write_text("TIMEOUT 10\n")
            (at / "boot/loader").symlink_to("loader.0")
            (at / "boot/syslinux/syslinux.cfg").symlink_to("../loader/syslinux.cfg")
            (at / GRUBENV).write_bytes(environment_block("new3"))
            (at / SCRIPT).write_bytes(OLD_SCRIPT)
            repo = f"--repo={at}/ostree/repo"
            run("ostree", "admin", "os-init", f"--sysroot={at}", "os")
            run("ostree", "config", repo, "set", "sysroot.bootloader", "syslinux")
            run("ostree", "config", repo, "set", "sysroot.readonly", "true")
            run("ostree", "remote", "add", repo, "--set=gpg-verify=false",
                "--set=sign-verify=ed25519", "origin", "file:///run/repo")
            run("ostree", "pull-local", repo, "--remote=origin", self.repo, REF)
            run("ostree", "admin", "deploy", f"--sysroot={at}", "--os=os", "--karg=quiet", REFSPEC)
        return image

    def boot(self, root, link):
        """The deployment of a disk() that `link` leads to, running; its programs are those of
        PLAIN, with this machine's libraries."""
        return BootedHost(root, link, self.directory / "run", "os", [
            "--ro-bind", "/usr", "/usr", "--ro-bind", self.repo, "/run/repo",
            "--ro-bind", PLAIN / "src/programs", "/run/programs"])

    @staticmethod
    def grub(image):
        return Grub(image)

    def mount(self, image):
        return Loop(image, self.directory / "mount")

    def kernel(self, version):
        return tuple(self.made[version][f"usr/lib/modules/{KERNEL}/{name}"]
                     for name in ("vmlinuz", "initramfs.img"))

    def check_tree(self, deployment):
        """All files of a version, and /etc as it was merged: etc/conf1 is a local file."""
        files = self.made[(deployment / "usr/lib/version").read_text()]
        for name, data in files.items():
            assert (deployment / name).read_bytes() == data, name
            if name.startswith("usr/etc/"):
                expected = b"mine\n" if name == "usr/etc/conf1" else data
                assert (deployment / name.removeprefix("usr/")).read_bytes() == expected, name
