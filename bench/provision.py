#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures first and later boots of a typical cloud-config: atoll-provision and Debian's cloud-init.

Both set up copies of one Debian root, turn about, in a container that has no network; host keys are
there already. CPU time and peak memory are those of the programs that the units of either run, with
all their children. Quote the ratios: milliseconds belong to the machine. The build has to be one
without sanitizers.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
USER_DATA = """\
#cloud-config
hostname: web1
users:
  - name: ada
    groups: [adm]
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    ssh_authorized_keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAlice alice@x
write_files:
  - {path: /etc/motd.d/hello, content: "hello\\n", permissions: "0644"}
  - {path: /opt/app/run.sh, content: "#!/bin/sh\\n", permissions: "0755"}
  - {path: /home/ada/notes, content: "x\\n", owner: "ada:ada", defer: true}
runcmd:
  - echo one > /var/run-one
  - [touch, /var/run-two]
ssh_deletekeys: false
ssh_genkeytypes: []
"""
META_DATA = "instance-id: i-bench\nlocal-hostname: host1\n"
NETWORK = """\
version: 2
ethernets:
  lan: {match: {macaddress: "52:54:00:12:34:56"}, dhcp4: true, addresses: [192.0.2.77/24]}
"""
OURS = [["atoll-provision", "boot", "--apply", "local"],
        ["atoll-provision", "boot", "--apply", "network"],
        ["atoll-provision", "apply", "--stage", "config", "--quiet"],
        ["atoll-provision", "boot", "--apply", "ready"]]
# the unit of a stage is not started when this is there
CONDITIONS = {"config": "/run/atoll/provision/config-done"}
LATER = [["atoll-provision-due"]]
THEIRS = [["cloud-init", "init", "--local"], ["cloud-init", "init"],
          ["cloud-init", "modules", "--mode=config"], ["cloud-init", "modules", "--mode=final"]]


def libraries(program):
    """Path by name of the shared libraries of a program."""
    found = {}
    for line in subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.splitlines():
        words = line.split()
        if len(words) >= 3 and words[2].startswith("/"):
            found[words[0]] = words[2]
    return found


class Bench:
    def __init__(self, work, build):
        self.work, self.build = work, build
        self.programs = build / "src/programs"
        self.usage = build / "bench/bench-usage"

    def unpack(self, tar, name):
        """A root that nobody has set up yet."""
        root = self.work / name
        subprocess.run(["rm", "-rf", "--one-file-system", root], check=True)
        root.mkdir()
        subprocess.run(["tar", "--exclude=./var/cache/apt/*", "-xf", tar, "-C", root], check=True)
        seed = root / "var/lib/cloud/seed/nocloud"
        seed.mkdir(parents=True)
        (root / "usr/lib/systemd/system/atoll-grow-root.service").write_text("[Unit]\n")
        for file, text in (("user-data", USER_DATA), ("meta-data", META_DATA),
                           ("network-config", NETWORK)):
            (seed / file).write_text(text)
        # or the first to wait for the disk would write all of this
        subprocess.run(["sync", "-f", root], check=True)
        return root

    def boot(self, root, commands, statuses=(0,)):
        """Milliseconds of CPU and KiB of memory of what a boot runs."""
        out = self.work / "usage"
        out.write_text("")
        binds = []
        for name in ("atoll-provision", "atoll-provision-due"):
            (root / "usr/bin" / name).touch()
            binds += ["--ro-bind", self.programs / name, f"/usr/bin/{name}"]
        lib = "usr/lib/x86_64-linux-gnu"
        for name, path in libraries(self.programs / "atoll-provision").items():
            if not (root / lib / name).exists() and not (root / "lib" / name).exists():
                (root / lib / name).touch()
                binds += ["--ro-bind", path, f"/{lib}/{name}"]
            elif (root / lib / name).is_file() and (root / lib / name).stat().st_size == 0:
                binds += ["--ro-bind", path, f"/{lib}/{name}"]
        for path in (root / "bench-usage", root / "usage"):
            path.touch()
        script = ""
        for command in commands:
            skipped = [path for word, path in CONDITIONS.items() if word in command]
            script += "".join(f"[ -e {path} ] || " for path in skipped)
            script += f"/bench-usage /usage {' '.join(command)} >/dev/null 2>&1; echo $?\n"
        done = subprocess.run(
            [str(word) for word in (
                "bwrap", "--bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run",
                "--unshare-uts", "--unshare-pid", "--unshare-net", "--hostname", "x",
                "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", *binds, "--ro-bind", self.usage,
                "/bench-usage", "--bind", out, "/usage", "sh", "-c", script)],
            stdout=subprocess.PIPE, text=True, check=True)
        if any(int(status) not in statuses for status in done.stdout.split()):
            sys.exit(f"bench: {commands[0][0]} exited with {done.stdout.split()}")
        lines = [line.split() for line in out.read_text().splitlines()]
        return (sum(int(cpu) for cpu, _ in lines) / 1000, max(int(memory) for _, memory in lines))

    def measure(self, tar, rounds):
        sides = {"first": [], "their_first": [], "later": [], "their_later": []}
        for _ in range(rounds):
            root = self.unpack(tar, "ours")
            sides["first"].append(self.boot(root, OURS, (0, 3)))
            if (root / "var/run-two").exists() is False:
                sys.exit("bench: the configuration was not applied")
            # it finds out that nothing is left to do, and what the next boots are told by
            sides["later"] += [self.boot(root, LATER, (1,)) for _ in range(5)]
            root = self.unpack(tar, "theirs")
            # its module for the locale fails in a container
            sides["their_first"].append(self.boot(root, THEIRS, (0, 1)))
            if (root / "var/run-two").exists() is False:
                sys.exit("bench: cloud-init has not applied the configuration")
            sides["their_later"].append(self.boot(root, THEIRS, (0, 1)))
        results = {}
        for name, pairs in sides.items():
            results[f"{name}_cpu_ms"] = statistics.median(cpu for cpu, _ in pairs)
            results[f"{name}_memory_kib"] = statistics.median(memory for _, memory in pairs)
        return results

    def sizes(self):
        stripped = {}
        for name in ("atoll-provision", "atoll-provision-early"):
            path = self.work / name
            subprocess.run(["strip", "-o", path, self.programs / name], check=True)
            stripped[name] = path
        packed = subprocess.run(["zstd", "-19", "-q", "-c", stripped["atoll-provision-early"]],
                                stdout=subprocess.PIPE, check=True).stdout
        there = libraries("/usr/bin/ostree")
        extra = {name: os.stat(path).st_size
                 for name, path in libraries(self.programs / "atoll-provision").items()
                 if name not in there}
        return {"program_kb": stripped["atoll-provision"].stat().st_size / 1000,
                "libraries_kb": sum(extra.values()) / 1000, "libraries": extra,
                "initramfs_kb": len(packed) / 1000}


def goals(results):
    """what it is, its value, the goal, whether it was reached"""
    rows = [("first boot: cloud-init's CPU time to ours",
             results["their_first_cpu_ms"] / results["first_cpu_ms"], 50, False),
            ("first boot: cloud-init's peak memory to ours",
             results["their_first_memory_kib"] / results["first_memory_kib"], 5, False),
            ("later boot: CPU time in ms", results["later_cpu_ms"], 3, True),
            ("the program, stripped, in kB", results["program_kb"], 500, True),
            ("libraries that an OSTree host has not anyway, in kB", results["libraries_kb"], 1000,
             True),
            ("growth of the initramfs, packed, in kB", results["initramfs_kb"], 1500, True)]
    return [(name, value, f"{'<' if below else '>='} {goal}",
             value < goal if below else value >= goal) for name, value, goal, below in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=ROOT / "build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tar", type=pathlib.Path, help="a tar of the Debian root that the tests made")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    build = options.build.resolve()
    os.environ["ATOLL_BUILD"] = str(build)
    sys.path.insert(0, str(ROOT / "tests/integration"))
    from test_provision_differential import make_debian_root
    tar = options.tar or make_debian_root()
    with tempfile.TemporaryDirectory(prefix="atoll-bench-", dir="/var/tmp") as work:
        bench = Bench(pathlib.Path(work), build)
        results = {**bench.sizes(), **bench.measure(tar, options.rounds)}
    if options.json:
        print(json.dumps(results, indent=2))
    rows = goals(results)
    out = sys.stderr if options.json else sys.stdout
    print("first boot: %.1f ms and %.1f MiB here, %.0f ms and %.1f MiB by cloud-init" % (
        results["first_cpu_ms"], results["first_memory_kib"] / 1024,
        results["their_first_cpu_ms"], results["their_first_memory_kib"] / 1024), file=out)
    print("later boot: %.2f ms here, %.0f ms by cloud-init" % (
        results["later_cpu_ms"], results["their_later_cpu_ms"]), file=out)
    for name, value, goal, reached in rows:
        print("%-58s %10.2f  %-8s %s" % (name, value, goal, "" if reached else "MISSED"), file=out)
    if not all(row[3] for row in rows):
        sys.exit("bench: a goal was missed")


if __name__ == "__main__":
    main()
