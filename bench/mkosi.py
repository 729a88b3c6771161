# SPDX-License-Identifier: LGPL-2.1-or-later
"""mkosi (14, as Debian 12 has it) as a peer of bench.py.

The set is another one than mmdebstrap's: without the kernel and dracut, so that neither side makes
an initramfs, and with what mkosi adds to every Debian image (apt, dbus and so on). mkosi makes a
directory of it, by debootstrap and apt from a repository on disk, and nothing else: no disk image,
no commit. Since atoll's result is a commit that hosts can fetch, with SBOM and provenance, the peer
is mkosi and `ostree commit` of what it made, as it is with mmdebstrap; a row of its own has mkosi
alone.
"""

import ast
import json
import os
import shutil
import subprocess
import sys

from clock import Clock

# what mkosi 14 installs into any Debian image, and what it needs for that
ADDS = "apt ca-certificates systemd systemd-sysv dbus libpam-systemd".split()
# of neither side: the kernel, and what makes an initramfs for one
LEAVES = ("linux-image", "dracut", "ostree-boot")
# In mounts of its own, which end with it: systemd-nspawn, in which mkosi runs programs of its
# tree, wants /run in memory, and a container has it on disk.
ALONE = ["unshare", "--mount", "--propagation", "private", "--fork", "--kill-child", "sh", "-c",
         "mount -t tmpfs -o mode=755 tmpfs /run && exec \"$@\"", "sh"]


def run(argv, **options):
    return subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          **options).stdout


def lay_out(rows, cache, target):
    """A repository as debootstrap wants it; @rows are of a commit's atoll.packages."""
    os.makedirs(os.path.join(target, "dists/bookworm/main/binary-amd64"))
    os.makedirs(os.path.join(target, "pool"))
    for name, version, arch, _, sha256 in rows:
        shutil.copy(os.path.join(cache, sha256 + ".deb"), os.path.join(
            target, "pool", "%s_%s_%s.deb" % (name, version.replace(":", "%3a"), arch)))
    with open(os.path.join(target, "dists/bookworm/main/binary-amd64/Packages"), "wb") as out:
        out.write(run(["dpkg-scanpackages", "--multiversion", "pool"], cwd=target,
                      stderr=subprocess.DEVNULL))
    suite = os.path.join(target, "dists/bookworm")
    fields = {"Codename": "bookworm", "Suite": "stable", "Components": "main",
              "Architectures": "amd64"}
    options = [word for name, value in fields.items()
               for word in ("-o", "APT::FTPArchive::Release::%s=%s" % (name, value))]
    text = run(["apt-ftparchive", *options, "release", "."], cwd=suite)
    with open(os.path.join(suite, "Release"), "wb") as out:
        out.write(text)


class Mkosi:
    """@bench is bench.py's."""

    def __init__(self, bench):
        self.bench, self.packages, self.reason = bench, [], None

    def prepare(self):
        """Lays the repository out; when mkosi cannot be measured here, @reason says why."""
        if shutil.which("mkosi") is None:
            self.reason = "it is not installed (apt-get install mkosi)"
            return
        done = subprocess.run([*ALONE, "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        if done.returncode != 0:
            self.reason = "it needs mounts of its own: " + done.stdout.strip()
            return
        bench, wanted = self.bench, list(ADDS)
        wanted += [name for name in bench.manifest["packages"] if not name.startswith(LEAVES)]
        print("set-up: fetching the packages for mkosi", file=sys.stderr)
        seed = self.write("mkosi-seed.json", {"repos": ["host-apt"], "packages": wanted})
        bench.compose(seed, bench.path("mkosi-seed"))
        text = run(["ostree", "--repo=" + bench.path("mkosi-seed/repo"), "show", "bench/mkosi",
                    "--print-metadata-key=atoll.packages"]).decode()
        rows = ast.literal_eval(text.strip())
        lay_out(rows, bench.path("mkosi-seed/cache/packages"), bench.path("mkosi"))
        shutil.rmtree(bench.path("mkosi-seed"))
        self.packages = [row[0] for row in rows]
        self.write("mkosi.json", {"packages": self.packages, "repos": [
            {"name": "bench", "type": "deb", "url": "file://" + bench.path("mkosi"),
             "suites": ["bookworm"], "components": ["main"], "trusted": True}]})

    def write(self, name, manifest):
        path = self.bench.path(name)
        with open(path, "w") as out:
            json.dump({"ref": "bench/mkosi", "documentation": False, "recommends": False,
                       "no-initramfs": True, **manifest}, out)
        return path

    def build(self):
        """What mkosi takes, and `ostree commit` of its tree into an archive; None when mkosi fails,
        and then @reason says why."""
        work = self.bench.path("mkosi-work")
        os.makedirs(work)
        words = [word for name in self.packages for word in ("--package", name)]
        clock = Clock()
        done = subprocess.run(
            [*ALONE, "mkosi", "--distribution=debian", "--release=bookworm", "--format=directory",
             "--local-mirror=file://" + self.bench.path("mkosi"), "--repository-key-check=no", "--nspawn-keep-unit",
             "--output=" + os.path.join(work, "tree"), "--force", *words, "build"], cwd=work,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", check=False)
        took = clock.read()
        if done.returncode == 0 and os.path.exists(os.path.join(work, "tree/usr/bin/podman")):
            committed = self.bench.commit_tree(os.path.join(work, "tree"), os.path.join(work, "repo"))
            run(["rm", "-rf", "--one-file-system", work])
            return took, committed
        run(["rm", "-rf", "--one-file-system", work])
        self.reason = (done.stdout.strip().splitlines() or ["it made no tree"])[-1][:200]
        return None

    def ours(self):
        """What a compose of the same takes, nothing imported."""
        state = self.bench.path("mkosi-cold")
        took, _, _ = self.bench.compose(self.bench.path("mkosi.json"), state)
        shutil.rmtree(state)
        return took
