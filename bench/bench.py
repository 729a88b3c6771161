#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures atoll against its peers, side by side in one run.

The packages of examples/debian-12-minimal.yaml are laid into one repository on disk; both
sides build from it, turn about, with the same dracut options and the same compression of
the initramfs. Quote the ratios: seconds belong to the machine.
"""

import argparse
import glob
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

import mkosi
from clock import Clock, Took, head, ratio, row

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MANIFEST = os.path.join(ROOT, "examples/debian-12-minimal.yaml")
# a leaf of the tree that does not go into the initramfs either
LEAF = "slirp4netns"

# About 300 with what they depend on, of every corner of the archive.
SOLVE = ("systemd-sysv openssh-server podman nginx postgresql python3-django git build-essential "
         "vim curl rsync tmux htop ruby nodejs default-jre-headless gdb ffmpeg").split()

# The peer's initramfs is made once, as atoll's is, with the same options.
DRACUT = ("dracut.real --force --no-hostonly --no-hostonly-cmdline --reproducible "
          "--no-early-microcode --add ostree --compress 'zstd -9 -T2 -q'")


def log(text):
    print(text, file=sys.stderr, flush=True)


def run(argv, **options):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)
    if done.returncode != 0:
        sys.exit("bench: %s failed (%d):\n%s" % (
            argv[0], done.returncode, (done.stderr + done.stdout).decode()[-3000:]))
    return done.stdout


def timed(argv, status=0, **options):
    """What a command took, the peak memory in MB of its largest process, and its output."""
    clock = Clock()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=said, **options)
        output = child.stdout.read()
        _, ended, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(ended)
        took = clock.read()
        said.seek(0)
        lines = (output + said.read()).decode(errors="replace").splitlines()
    if status is not None and child.returncode != status:
        sys.exit("bench: %s failed (%d):\n%s" % (
            argv[0], child.returncode, "\n".join(line[:200] for line in lines[-60:])))
    return took, usage.ru_maxrss / 1024, output


class Bench:
    def __init__(self, work, build, runs):
        self.work, self.runs = work, runs
        self.atoll = os.path.join(build, "src/programs/atoll")
        self.export = os.path.join(build, "bench/bench-export")
        self.packages = []
        self.twins = []

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    # -- set-up ---------------------------------------------------------------------------

    def fetch(self):
        log("set-up: fetching the packages")
        run([self.atoll, "compose", "--quiet", "--state", self.path("seed"), MANIFEST])
        commit = self.commit_of(self.path("seed"))
        listing = json.loads(run([self.atoll, "manifest", "show", "--json", MANIFEST]))
        self.ref, self.manifest = listing["ref"], listing
        text = run(["ostree", "--repo=" + self.path("seed/repo"), "show", commit,
                    "--print-metadata-key=atoll.packages"]).decode()
        rows = eval(text.strip(), {"__builtins__": {}})  # GVariant text of tuples of strings
        self.packages = [row[0] for row in rows]
        os.makedirs(self.path("apt"))
        for name, version, arch, _, sha256 in rows:
            shutil.copy(self.path("seed/cache/packages", sha256 + ".deb"), self.path(
                "apt", "%s_%s_%s.deb" % (name, version.replace(":", "%3a"), arch)))
        self.index("apt")

    def commit_of(self, state):
        return run(["ostree", "--repo=" + os.path.join(state, "repo"), "rev-parse",
                    run(["ostree", "--repo=" + os.path.join(state, "repo"), "refs"])
                    .decode().split()[0]]).decode().strip()

    def index(self, folder):
        packages = run(["dpkg-scanpackages", "--multiversion", "."], cwd=self.path(folder))
        with open(self.path(folder, "Packages"), "wb") as out:
            out.write(packages)
        # mmdebstrap looks for the essential packages of a suite by its name
        release = run(["apt-ftparchive", "-o", "APT::FTPArchive::Release::Codename=bookworm",
                       "-o", "APT::FTPArchive::Release::Suite=bookworm", "release", "."],
                      cwd=self.path(folder))
        with open(self.path(folder, "Release"), "wb") as out:
            out.write(release)

    def change_leaf(self):
        """A second repository, in which one leaf package has a new version."""
        shutil.copytree(self.path("apt"), self.path("apt2"))
        old = glob.glob(self.path("apt2", LEAF + "_*.deb"))[0]
        run(["dpkg-deb", "-R", old, self.path("leaf")])
        control = self.path("leaf/DEBIAN/control")
        with open(control) as source:
            text = source.read()
        lines = [line + "+bench1" if line.startswith("Version:") else line
                 for line in text.splitlines()]
        with open(control, "w") as out:
            out.write("\n".join(lines) + "\n")
        with open(self.path("leaf/usr/bin", LEAF), "ab") as out:
            out.write(b"changed")
        os.remove(old)
        run(["dpkg-deb", "--root-owner-group", "-b", self.path("leaf"), self.path("apt2/leaf.deb")])
        self.index("apt2")

    def write_manifest(self, name, folder):
        keep = ("units", "documentation", "recommends")
        manifest = {key: self.manifest[key] for key in keep if key in self.manifest}
        manifest.update({
            "ref": "bench/tree", "packages": self.packages,
            "repos": [{"name": "bench", "type": "deb", "url": "file://" + self.path(folder), "suites": ["./"],
                       "trusted": True}]})
        with open(self.path(name), "w") as out:
            json.dump(manifest, out)
        return self.path(name)

    # -- the two sides --------------------------------------------------------------------

    def compose(self, manifest, state):
        seconds, memory, output = timed(
            [self.atoll, "compose", "--quiet", "--json", "--state", state, manifest])
        return seconds, memory, json.loads(output)

    def peer(self):
        """mmdebstrap of the same packages, then ostree commit into an archive repo."""
        root, repo = self.path("peer"), self.path("peer-repo")
        run(["rm", "-rf", "--one-file-system", root, repo])
        # kernel and dracut both have hooks that make an initramfs: once is what atoll does too
        divert = ("chroot \"$1\" dpkg-divert --quiet --local --rename "
                  "--divert /usr/bin/dracut.real --add /usr/bin/dracut && "
                  "printf '#!/bin/sh\\n' > \"$1\"/usr/bin/dracut && chmod 755 \"$1\"/usr/bin/dracut")
        initramfs = "chroot \"$1\" sh -c 'set -e; cd /lib/modules; for k in *; do " \
                    + DRACUT.replace("'", "\"") + " --kver $k /boot/initramfs.img; done'"
        excludes = [] if self.manifest.get("documentation", True) else [
            "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            "--dpkgopt=path-exclude=/usr/share/info/*",
            "--dpkgopt=path-exclude=/usr/share/lintian/*"]
        first, _, _ = timed(
            # in a mount namespace of its own: what it mounts ends with it, come what may
            ["unshare", "--mount", "--propagation", "private", "--fork", "--kill-child",
             "mmdebstrap", "--mode=root", "--variant=essential",
             "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "--format=directory",
             "--include=" + ",".join(self.packages), "--essential-hook=" + divert,
             "--customize-hook=" + initramfs] + excludes +
            ["bookworm", root, "deb [trusted=yes] copy:%s ./" % self.path("apt")])
        return first + self.commit_tree(root, repo)

    def commit_tree(self, root, repo):
        """`ostree commit` of a peer's tree into a new archive repo."""
        run(["rm", "-rf", "--one-file-system", os.path.join(root, "dev")])  # OSTree has no devices
        run(["ostree", "init", "--repo=" + repo, "--mode=archive"])
        took, _, _ = timed(["ostree", "commit", "--repo=" + repo, "--branch=bench/tree",
                            "--tree=dir=" + root])
        return took

    def cold(self):
        shutil.rmtree(self.path("cold"), ignore_errors=True)
        return self.compose(self.path("one.yaml"), self.path("cold"))

    def warm(self):
        shutil.rmtree(self.path("warm"), ignore_errors=True)
        run(["cp", "-a", self.path("cold"), self.path("warm")])
        os.sync()
        return self.compose(self.path("two.yaml"), self.path("warm"))

    def again(self):
        """Nothing changed since the compose before: the third of three, so that all is warm."""
        for _ in range(2):
            self.unchanged()
        return self.unchanged()

    def unchanged(self):
        seconds, _, output = timed(
            [self.atoll, "compose", "--quiet", "--json", "--state", self.path("cold"),
             self.path("one.yaml")], status=3)
        if not json.loads(output)["unchanged"]:
            sys.exit("bench: a compose of the same found a change")
        return seconds

    def unchanged_online(self):
        """The same with the machine's apt sources: their Release files are asked for."""
        seconds, _, _ = timed([self.atoll, "compose", "--quiet", "--state", self.path("seed"),
                               MANIFEST], status=3)
        return seconds

    # -- the solver -----------------------------------------------------------------------

    def write_solving(self):
        """As many of the archive's packages as 300 come to, and nothing to do but choose them."""
        manifest = {"ref": "bench/solve", "repos": ["host-apt"], "recommends": False,
                    "packages": SOLVE}
        with open(self.path("solve.json"), "w") as out:
            json.dump(manifest, out)

    def solve_ours(self):
        """`atoll lock --check`: metadata asked for, all of the archive solved over."""
        seconds, memory, _ = timed([self.atoll, "lock", "--check", "--quiet", "--state",
                                    self.path("solve"), self.path("solve.json")], status=None)
        return seconds, memory

    def solve_theirs(self):
        seconds, _, output = timed(
            ["apt-get", "-s", "install", "--no-install-recommends", "-o",
             "Dir::State::status=/dev/null"] + SOLVE)
        return seconds, output.count(b"\nInst ")

    # -- twice the tree -------------------------------------------------------------------

    def double(self):
        """Every package once more under another name, with its files under another folder."""
        shutil.copytree(self.path("apt"), self.path("apt-double"))
        for deb in glob.glob(self.path("apt", "*.deb")):
            root = self.path("twin")
            for folder in ("usr/lib/twin", "DEBIAN"):
                os.makedirs(os.path.join(root, folder))
            run(["dpkg-deb", "-x", deb, os.path.join(root, "usr/lib/twin", os.path.basename(deb))])
            name = "twin-" + os.path.basename(deb).split("_")[0]
            with open(os.path.join(root, "DEBIAN/control"), "w") as out:
                out.write("Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: nobody "
                          "<nobody@example.org>\nDescription: twin\n" % name)
            run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", root,
                 self.path("apt-double", name + ".deb")])
            shutil.rmtree(root)
            self.twins.append(name)
        self.index("apt-double")

    def memory_of_double(self):
        self.double()
        single = self.packages
        self.packages = single + self.twins
        self.write_manifest("double.yaml", "apt-double")
        self.packages = single
        _, memory, _ = self.compose(self.path("double.yaml"), self.path("double"))
        shutil.rmtree(self.path("double"))
        return memory

    def export_alone(self):
        target = self.path("export-repo")
        shutil.rmtree(target, ignore_errors=True)
        seconds, _, _ = timed([self.export, self.path("cold"), "bench/tree", target])
        return seconds

    def commit_alone(self):
        repo, tree = self.path("commit-repo"), self.path("commit-tree")
        shutil.rmtree(repo, ignore_errors=True)
        if not os.path.exists(tree):
            run(["ostree", "checkout", "--repo=" + self.path("cold/build"), "-U", "bench/tree",
                 tree])
        return self.commit_tree(tree, repo)

    def decompress(self):
        """The floor: every package's payload decompressed, two at a time, into nothing."""
        seconds, _, _ = timed(
            ["sh", "-c", "find . -name '*.deb' -print0 | sort -z | "
             "xargs -0 -P2 -n4 sh -c 'for f; do dpkg-deb --fsys-tarfile \"$f\" > /dev/null; done' x"],
            cwd=self.path("apt"))
        return seconds

    # -- the run --------------------------------------------------------------------------

    def measure(self):
        self.fetch()
        self.change_leaf()
        self.write_manifest("one.yaml", "apt")
        self.write_manifest("two.yaml", "apt2")
        self.write_solving()
        rows = {name: [] for name in (
            "peer", "cold", "warm", "same", "same-online", "solve", "apt", "solved", "export",
            "commit", "floor", "mkosi", "mkosi-commit", "mkosi-ours", "memory", "cold-phases", "warm-phases",
            "double-memory")}
        rival = mkosi.Mkosi(self)
        rival.prepare()
        for number in range(1, self.runs + 1):
            log("run %d of %d: mmdebstrap and ostree commit" % (number, self.runs))
            rows["peer"].append(self.peer())
            log("run %d of %d: atoll, nothing imported" % (number, self.runs))
            seconds, memory, cold = self.cold()
            rows["cold"].append(seconds)
            rows["memory"].append(memory)
            rows["cold-phases"].append(cold["phases"])
            rows["same"].append(self.again())
            rows["same-online"].append(self.unchanged_online())
            log("run %d of %d: atoll, one leaf package changed" % (number, self.runs))
            seconds, memory, result = self.warm()
            rows["warm"].append(seconds)
            rows["memory"].append(memory)
            rows["warm-phases"].append(result["phases"])
            scripts = [phase["milliseconds"] / 1000 for phase in cold["phases"]
                       if phase["phase"] == "scripts"][0]
            if rival.reason is None:
                log("run %d of %d: mkosi, then atoll, of the same" % (number, self.runs))
                took = rival.build()
                rows["mkosi"] += took[:1] if took else []
                rows["mkosi-commit"] += [sum(took[1:], took[0])] if took else []
                rows["mkosi-ours"] += [rival.ours()] if took else []
            log("run %d of %d: the solver" % (number, self.runs))
            self.solve_ours()  # the metadata, and libsolv's copy of it
            run(["apt-get", "-s", "install", "less"])  # apt's own cache
            rows["solve"].append(self.solve_ours()[0])
            seconds, n_solved = self.solve_theirs()
            rows["apt"].append(seconds)
            rows["solved"].append(n_solved)
            log("run %d of %d: export, commit, decompression" % (number, self.runs))
            rows["export"].append(self.export_alone())
            rows["commit"].append(self.commit_alone())
            rows["floor"].append(self.decompress() + Took(scripts, float("nan")))
        log("once: a tree twice as large")
        rows["double-memory"].append(self.memory_of_double())
        rows["mkosi-reason"] = rival.reason
        return rows


# Where the time goes, beside what could not be less: imports decompress, scripts are the distribution's.
FLOORS = {"import": "decompression", "scripts": "the distribution's own", "initramfs": "dracut's own",
          "fetch": "the disk or the network"}


def print_phases(title, runs):
    """Median of each phase over the runs."""
    print(title)
    for name in [phase["phase"] for phase in runs[0]]:
        times = [phase["milliseconds"] for run_phases in runs for phase in run_phases
                 if phase["phase"] == name]
        print("  %-12s %8.2fs  %s" % (name, statistics.median(times) / 1000, FLOORS.get(name, "ours")))


def report(rows, as_json):
    lines = [
        ("nothing imported / mmdebstrap + ostree commit", "cold", "peer", 0.4),
        ("one leaf changed / mmdebstrap + ostree commit", "warm", "peer", 0.1),
        ("nothing changed / mmdebstrap + ostree commit", "same", "peer", 0.02),
        ("the same, network's Release files asked for", "same-online", "peer", 0.02),
        ("solving %d packages / apt-get -s" % statistics.median(rows["solved"]), "solve", "apt",
         0.15),
        ("archive export / ostree commit into an archive", "export", "commit", 0.25),
        ("nothing imported / decompression + scripts", "cold", "floor", None),
    ]
    if rows["mkosi"]:
        lines += [("nothing imported / mkosi + ostree commit", "mkosi-ours", "mkosi-commit", 0.4),
                  ("nothing imported / mkosi to a directory", "mkosi-ours", "mkosi", None)]
    memory, double = max(rows["memory"]), max(rows["double-memory"])
    if as_json:
        print(json.dumps({"runs": rows, "ratios": {
            ours + "/" + theirs: {kind: ratio(rows[ours], rows[theirs], kind)
                                  for kind in ("wall", "cpu")} for _, ours, theirs, _ in lines},
            "peak_memory_mb": memory, "peak_memory_of_twice_the_tree_mb": double}, indent=2,
            default=vars))
        return True
    print(head("median of pairs"))
    good = memory < 300 and double < 1.25 * memory
    for title, ours, theirs, goal in lines:
        good = good and (goal is None or ratio(rows[ours], rows[theirs], "wall") <= goal)
        print(row(title, rows[ours], rows[theirs], goal))
    print("peak memory of the largest process: %.0f MB (goal: 300)" % memory)
    print("and with a tree twice as large: %.0f MB, %.2f of it (goal: 1.25)" % (
        double, double / memory))
    print_phases("nothing imported, by phase:", rows["cold-phases"])
    print_phases("one leaf changed, by phase:", rows["warm-phases"])
    if rows["mkosi-reason"] is not None:
        print("mkosi was not measured: " + rows["mkosi-reason"])
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: the peer, mmdebstrap --mode=root, needs root")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    work = tempfile.mkdtemp(prefix="atoll-bench-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    try:
        bench = Bench(work, os.path.abspath(options.build), options.runs)
        rows = bench.measure()
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", work], check=False)
    if not report(rows, options.json):
        sys.exit("bench: a goal was missed")


if __name__ == "__main__":
    main()
