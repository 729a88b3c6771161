#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures composes of rpms against `dnf --installroot` and `ostree commit`, turn about.

The packages are the tests' own distribution, since no mirror of a real one can be counted on:
some forty small ones with every kind of scriptlet, so this is about scripts and databases more
than about bytes. Quote the ratios: seconds belong to the machine.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from clock import Clock, head, row

ROOT = pathlib.Path(__file__).resolve().parents[1]
# a leaf of the tree, which has a file and no scripts
LEAF = "weak-recommended"


def run(argv, status=0):
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != status:
        sys.exit(f"bench: {argv[0]} failed ({done.returncode}):\n{done.stdout[-3000:]}")


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
        packages = rpmdistro_packages.base() + rpmdistro_packages.features()
        self.packages = sorted(one.name for one in packages if one.name not in left_out)
        self.repository = rpmdistro.repository()
        self.changed = self.change([one for one in packages if one.name == LEAF][0])

    def change(self, leaf):
        """The repository once more, with a newer version of one leaf package."""
        target = self.work / "changed"
        shutil.copytree(self.repository, target)
        file = dataclasses.replace(leaf.files[0], content="changed\n")
        self.distro.build_package(dataclasses.replace(leaf, version="1.1", files=[file]), target)
        run(["createrepo_c", "--quiet", "--revision", "2", "--set-timestamp-to-revision", target])
        return target

    def manifest(self, repository):
        path = self.work / f"{repository.name}.yaml"
        path.write_text(json.dumps({
            "ref": "bench/rpm", "packages": self.packages, "automatic-version-prefix": "1",
            "recommends": False,
            "repos": [{"name": "distro", "type": "rpm", "trusted": True,
                       "url": f"file://{repository}"}]}))
        return path

    def peer(self, name):
        """What dnf installs, committed into a repository that can be served."""
        root = self.work / name / "root"
        repo = self.work / name / "repo"
        root.mkdir(parents=True)
        clock = Clock()
        self.distro.dnf_install(root, self.repository, self.packages)
        run(["ostree", "init", f"--repo={repo}", "--mode=archive"])
        shutil.rmtree(root / "dev")
        run(["ostree", "commit", f"--repo={repo}", "-b", "bench/rpm", root])
        return clock.read()

    def ours(self, state, repository, status=0):
        manifest = self.manifest(repository)
        clock = Clock()
        run([self.atoll, "compose", manifest, "--quiet", "--state", state], status=status)
        return clock.read()

    def one(self, number):
        name = f"run-{number}"
        state = self.work / name / "state"
        return {"peer": self.peer(name), "cold": self.ours(state, self.repository),
                "unchanged": self.ours(state, self.repository, status=3),
                "leaf": self.ours(state, self.changed)}


def report(rows):
    print(head("median of pairs, against dnf and ostree commit"))
    for key, text, goal in (("cold", "compose of rpms, nothing imported", 0.4),
                            ("leaf", "compose of rpms, one leaf package changed", 0.1),
                            ("unchanged", "compose of rpms, nothing changed", 0.02)):
        print(row(text, [one[key] for one in rows], [one["peer"] for one in rows], goal))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--build", default=str(ROOT / "build"))
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: needs root, for dnf")
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as work:
        bench = Bench(work, pathlib.Path(options.build).resolve())
        rows = []
        for number in range(options.runs):
            print(f"run {number + 1} of {options.runs}: dnf, then atoll", file=sys.stderr)
            rows.append(bench.one(number))
        report(rows)


if __name__ == "__main__":
    main()
