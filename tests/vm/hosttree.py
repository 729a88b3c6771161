# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trees for virtual machines: a composed tree with this checkout's host programs laid over it,
and cheap variations of it, each a signed commit.

The host programs come from `plain`, a build directory without sanitizers; libraries that the
composed tree lacks come from this machine, which has to run the same distribution.
"""
import fcntl
import os
import pathlib
import shutil
import subprocess

# what a test machine need not start
MASKED = ["ssh.service", "ssh.socket", "chrony.service", "systemd-resolved.service",
          "systemd-networkd.service", "systemd-networkd-wait-online.service", "podman.service",
          "podman.socket", "podman-auto-update.timer", "podman-restart.service",
          "podman-auto-update.service", "podman-clean-transient.service", "netavark.service",
          "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer",
          "e2scrub_reap.service", "dpkg-db-backup.timer", "man-db.timer", "nftables.service",
          "systemd-pstore.service", "getty@tty1.service", "systemd-networkd.socket",
          "systemd-network-generator.service", "systemd-hwdb-update.service",
          "modprobe@drm.service", "modprobe@fuse.service", "modprobe@loop.service",
          "modprobe@dm_mod.service", "modprobe@configfs.service", "sys-kernel-debug.mount",
          "sys-kernel-tracing.mount", "dev-hugepages.mount", "dev-mqueue.mount",
          "systemd-binfmt.service", "kmod-static-nodes.service", "ldconfig.service",
          "systemd-repart.service", "systemd-timesyncd.service", "polkit.service"]


def run(*argv, **options):
    done = subprocess.run([str(word) for word in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build_plain(source, plain, programs=("atoll-host", "atoll-host-agent")):
    """Programs without sanitizers, in the build directory `plain`."""
    plain.mkdir(exist_ok=True)
    with open(plain / ".tests-lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several tests may want it at once
        if not (plain / "build.ninja").exists():
            run("meson", "setup", plain, source)
        run("ninja", "-C", plain, *(f"src/programs/{name}" for name in programs))


def install(source, plain, work, root):
    """What the package atoll-host installs, into `root`."""
    dressing = work / "dressing"
    run("meson", "setup", dressing, source, "-Dprefix=/usr", "-Dhost-units=true",
        "-Dlibexecdir=libexec")
    for name in ("atoll-host", "atoll-host-agent"):
        shutil.copy(plain / "src/programs" / name, dressing / "src/programs" / name)
    run("meson", "install", "-C", dressing, "--no-rebuild", "--tags", "host", "--destdir", root)
    for name in ("bin/atoll-host", "libexec/atoll-host-agent"):
        run("strip", root / "usr" / name)
    # where the program looks for its agent when it was built with another prefix
    os.symlink("../libexec/atoll-host-agent", root / "usr/bin/atoll-host-agent")


def add_libraries_of(root, program):
    """The libraries of a program that the tree in `root` has not got."""
    libraries = root / "usr/lib/x86_64-linux-gnu"
    for line in run("ldd", program).splitlines():
        words = line.split()
        if len(words) >= 3 and words[2].startswith("/") and not (libraries / words[0]).exists():
            shutil.copy(os.path.realpath(words[2]), libraries / words[0])


def add_libraries(root, repo, ref):
    """The libraries of the programs that the tree of `ref` has not got."""
    libraries = root / "usr/lib/x86_64-linux-gnu"
    have = run("ostree", "ls", f"--repo={repo}", ref, "/usr/lib/x86_64-linux-gnu")
    for line in run("ldd", root / "usr/bin/atoll-host").splitlines():
        words = line.split()
        if len(words) < 3 or f"/{words[0]}" in have:
            continue
        libraries.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(words[2]), libraries / words[0])


# all that a machine of these tests needs before its root is there
INITRAMFS_MODULES = "bash systemd systemd-initrd dracut-systemd ostree base fs-lib rootfs-block " \
                    "udev-rules shutdown"
INITRAMFS_DRIVERS = "virtio_blk virtio_pci ext4 softdog"


def make_initramfs(work, build_repo, ref, kernel):
    """A small initramfs by the tree's own dracut: half of a start under emulation is udev, which
    looks at every driver that there is. Returns its bytes."""
    root, out = work / "initramfs-root", work / "initramfs-out"
    run("ostree", "checkout", f"--repo={build_repo}", "-U", "-H", ref, root)
    out.mkdir()
    run("bwrap", "--bind", root, "/", "--ro-bind", root / "usr/etc", "/etc", "--dev", "/dev",
        "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var", "--dir",
        "/var/tmp", "--dir", "/run/out", "--bind", out, "/run/out", "--setenv", "PATH",
        "/usr/sbin:/usr/bin", "--", "dracut", "--force", "--no-hostonly", "--no-hostonly-cmdline",
        "--reproducible", "--no-compress", "--no-early-microcode", "-m", INITRAMFS_MODULES,
        "--drivers", INITRAMFS_DRIVERS, "--kver", kernel, "/run/out/initramfs.img")
    run("zstd", "-q", "-6", out / "initramfs.img", "-o", out / "initramfs.zst")
    data = (out / "initramfs.zst").read_bytes()
    shutil.rmtree(root)
    shutil.rmtree(out)
    return data


def add_to_initramfs(initramfs, files):
    """An initramfs in which `files` are others: an archive of its own after it. Path to bytes, or to
    None for a directory that is not there yet."""
    def entry(name, mode, data):
        fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)

    added = b"".join(entry(path, 0o40755 if data is None else 0o100644, data or b"")
                     for path, data in files.items())
    return initramfs + bytes(-len(initramfs) % 4) + added + entry("TRAILER!!!", 0, b"")


class Versions:
    """Signed commits of one branch in an archive repository: variations of a tree."""

    def __init__(self, work, repo, ref, sign):
        """`repo` has the composed `ref`; `sign` is the program that signs a commit."""
        self.work = work
        self.state = work / "state"
        self.repo = self.state / "repo"
        self.ref = ref
        self.sign = sign
        self.commits = {}
        self.state.mkdir(parents=True)
        run("cp", "-al", repo, self.repo)

    def lay_over(self, root):
        """Makes the base of all versions: the composed tree and `root`."""
        masks = root / "usr/etc/systemd/system"
        masks.mkdir(parents=True, exist_ok=True)
        for unit in MASKED:
            os.symlink("/dev/null", masks / unit)
        keys = root / "usr/share/ostree/trusted.ed25519.d"
        keys.mkdir(parents=True)
        (keys / "test.ed25519").write_text(run(self.sign, "-", "-", "1"))
        run("ostree", "commit", f"--repo={self.repo}", "-b", "base", f"--tree=ref={self.ref}",
            f"--tree=dir={root}")

    def commit(self, version, files=None):
        """`files`: path to (content, mode), or to a link's target as a string."""
        tree = self.work / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        for path, content in {"/usr/lib/version": (f"{version}\n", 0o644), **(files or {})}.items():
            at = tree / path.lstrip("/")
            at.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                os.symlink(content, at)
                continue
            data, mode = content
            at.write_bytes(data if isinstance(data, bytes) else data.encode())
            at.chmod(mode)
        # a few seconds apart, since a host takes nothing older than what it has
        seconds = 1700000000 + 60 * len(self.commits)
        commit = run("ostree", "commit", f"--repo={self.repo}", "-b", "host/test",
                     "--tree=ref=base", f"--tree=dir={tree}",
                     f"--timestamp=@{seconds}",
                     f"--add-metadata-string=version={version}").strip()
        run(self.sign, self.repo, commit, "1")
        self.commits[version] = commit
        return commit

    def disk(self, path):
        """An ext4 disk with the repository, for a machine that updates without a network."""
        run("ostree", "summary", f"--repo={self.repo}", "-u")
        path.unlink(missing_ok=True)
        size_kib = int(run("du", "-sk", self.repo).split()[0]) * 5 // 4 + 65536
        run("/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", self.repo, path,
            f"{size_kib}k")
        return path


def kernel_version(repo, ref):
    """The version of the only kernel in a tree."""
    lines = run("ostree", "ls", f"--repo={repo}", ref, "/usr/lib/modules").splitlines()
    return pathlib.Path(lines[-1].split()[-1]).name
