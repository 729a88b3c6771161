#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures composes of rpms against `dnf --installroot` and `ostree commit`, turn about.

The packages are the tests' own distribution, since no mirror of a real one can be counted on:
some fifty small ones with every kind of scriptlet, so this is about scripts and databases more
than about bytes. Quote the ratios: seconds belong to the machine.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def timed(argv, status=0, **options):
    start = time.monotonic()
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != status:
        sys.exit(f"bench: {argv[0]} failed ({done.returncode}):\n{done.stdout[-3000:]}")
    return time.monotonic() - start


class Bench:
    def __init__(self, work, build):
        self.work = pathlib.Path(work)
        self.atoll = build / "src/programs/atoll"
        os.environ["ATOLL_BUILD"] = str(build)
        sys.path.insert(0, str(ROOT / "tests/integration"))
        import rpmdistro
        import rpmdistro_packages
        self.distro = rpmdistro
        left_out = {"old-name", "weak-suggested"}
        self.packages = sorted(
            package.name for package in rpmdistro_packages.base() + rpmdistro_packages.features()
            if package.name not in left_out)
        self.repository = rpmdistro.repository()

    def manifest(self, packages):
        path = self.work / f"tree-{len(packages)}.yaml"
        path.write_text(json.dumps({
            "ref": "bench/rpm", "packages": packages, "automatic-version-prefix": "1",
            "recommends": False,
            "repos": [{"name": "distro", "type": "rpm", "trusted": True,
                       "url": f"file://{self.repository}"}]}))
        return path

    def peer(self, name):
        """What dnf installs, committed into a repository that can be served."""
        root = self.work / name / "root"
        repo = self.work / name / "repo"
        root.mkdir(parents=True)
        start = time.monotonic()
        self.distro.dnf_install(root, self.repository, self.packages)
        timed(["ostree", "init", f"--repo={repo}", "--mode=archive"])
        shutil.rmtree(root / "dev")
        timed(["ostree", "commit", f"--repo={repo}", "-b", "bench/rpm", root])
        return time.monotonic() - start

    def ours(self, state, packages, status=0):
        return timed([self.atoll, "compose", self.manifest(packages), "--quiet", "--state", state],
                     status=status)

    def one(self, number):
        name = f"run-{number}"
        row = {"peer": self.peer(name)}
        state = self.work / name / "state"
        row["cold"] = self.ours(state, self.packages)
        row["unchanged"] = self.ours(state, self.packages, status=3)
        row["leaf"] = self.ours(state, [p for p in self.packages if p != "weak-recommended"])
        shutil.rmtree(self.work / name, ignore_errors=True)
        return row


def report(rows):
    print(f"{'median of pairs, rpm':<58}{'ours':>6}{'peer':>7}{'ratio':>7}{'goal':>7}")
    for key, text, goal in (("cold", "compose, nothing imported", 0.4),
                            ("leaf", "compose, one leaf package less", 0.1),
                            ("unchanged", "compose, nothing changed", 0.02)):
        ours = statistics.median(row[key] for row in rows)
        peer = statistics.median(row["peer"] for row in rows)
        ratio = statistics.median(row[key] / row["peer"] for row in rows)
        print(f"{text + ' / dnf + ostree commit':<58}{ours:>5.2f}s{peer:>6.2f}s{ratio:>7.3f}"
              f"{goal:>7}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--build", default=str(ROOT / "build"))
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: needs root, for dnf")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as work:
        bench = Bench(work, pathlib.Path(options.build).resolve())
        rows = []
        for number in range(options.runs):
            print(f"run {number + 1} of {options.runs}: dnf, then atoll", file=sys.stderr)
            rows.append(bench.one(number))
        report(rows)


if __name__ == "__main__":
    main()
