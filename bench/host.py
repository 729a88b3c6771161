#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures `atoll-host upgrade` against `ostree admin upgrade`: one commit pair, one server, one
network, turn about. From "the server has a new commit" to "the new deployment is written".

The pair is the size of an update of a small host with a new kernel: some 5,000 objects. The network
is loopback, and loopback behind a relay that holds each byte back for half a round trip. Quote the
ratios: seconds belong to the machine.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
REF = "bench/host"
GOAL = 0.7
STATUS_GOAL_MS = 20
KERNEL = "usr/lib/modules/6.1.0"


def run(*argv, **options):
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, argv))} failed:\n{done.stdout[-3000:]}")
    return done.stdout.strip()


async def pump(reader, writer, delay_s):
    """Each piece `delay_s` after it came; a line has as much in flight as it likes."""
    loop = asyncio.get_running_loop()
    try:
        while data := await reader.read(1 << 16):
            loop.call_later(delay_s, writer.write, data)
        loop.call_later(delay_s, writer.close)
    except OSError:
        writer.close()


def relay(port, delay_s, pipe):
    """A TCP relay to `port` on loopback; its own port comes through `pipe`."""
    async def accepted(reader, writer):
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, there_writer, delay_s),
                             pump(there_reader, writer, delay_s))

    async def serve():
        server = await asyncio.start_server(accepted, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        async with server:
            await server.serve_forever()

    asyncio.run(serve())


class Bench:
    def __init__(self, work, build):
        self.work = pathlib.Path(work)
        self.programs = build / "src/programs"
        self.sign = build / "tests/support/sign-commit"
        self.repo = self.work / "repo"
        self.tree = self.work / "tree"
        self.processes = []
        self.make_commits()
        self.port = self.serve()

    def close(self):
        for process in self.processes:
            process.terminate()
        for path in self.work.glob("*/ostree/deploy/os/deploy/*"):
            subprocess.run(["chattr", "-i", path], check=False, stderr=subprocess.DEVNULL)

    def write(self, path, size, dice):
        """Half of it compresses."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dice.randbytes(size // 2) + bytes(size - size // 2))

    def commit(self, version):
        dice = random.Random(version)
        for i in range(3000):  # kernel modules
            self.write(self.tree / KERNEL / f"kernel/{i % 150}/{i}.ko", dice.randint(4000, 60000),
                       dice)
        for i in range(1000):  # other packages
            self.write(self.tree / f"usr/share/{i % 400}/d{i % 2}/{i}", dice.randint(100, 60000), dice)
        self.write(self.tree / KERNEL / "vmlinuz", 8 << 20, dice)
        self.write(self.tree / KERNEL / "initramfs.img", 24 << 20, dice)
        commit = run("ostree", "commit", f"--repo={self.repo}", "-b", REF,
                     f"--add-metadata-string=version={version}", f"--timestamp=@{1700000000 + version}",
                     "--owner-uid=0", "--owner-gid=0", "--generate-sizes", self.tree)
        run(self.sign, self.repo, commit, "1")
        return commit

    def make_commits(self):
        run("ostree", "init", f"--repo={self.repo}", "--mode=archive")
        run("ostree", "config", f"--repo={self.repo}", "set", "archive.zlib-level", "1")
        dice = random.Random(0)
        for i in range(5000):  # what stays
            self.write(self.tree / f"usr/lib/{i % 300}/{i}", dice.randint(100, 20000), dice)
        for i in range(300):
            self.write(self.tree / f"usr/etc/{i % 60}/{i}", 500, dice)
        keys = self.tree / "usr/share/ostree"
        keys.mkdir(parents=True)
        (keys / "trusted.ed25519").write_text(run(self.sign, "-", "-", "1") + "\n")
        (self.tree / "usr/lib/os-release").write_text("NAME=os\nID=os\nVERSION=1\n")
        self.commits = [self.commit(1), self.commit(2)]

    def serve(self):
        port_file = self.work / "port"
        self.processes.append(subprocess.Popen(
            [self.programs / "atoll", "serve", "--repo", self.repo, "--port-file", port_file,
             "--listen", "127.0.0.1:0", "--state", self.work / "state"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        while not port_file.exists():
            time.sleep(0.01)
        return int(port_file.read_text())

    def behind(self, rtt_ms):
        """The server's URL, so many milliseconds away."""
        port = self.port
        if rtt_ms > 0:
            ours, theirs = multiprocessing.Pipe()
            self.processes.append(multiprocessing.Process(
                target=relay, args=(self.port, rtt_ms / 2000, theirs), daemon=True))
            self.processes[-1].start()
            port = ours.recv()
        return f"http://127.0.0.1:{port}/repo"

    def sysroot(self, name):
        """A host that has the first commit; both sides get one of their own each time."""
        path = self.work / name
        repo = path / "ostree/repo"
        path.mkdir()
        run("ostree", "admin", "init-fs", "--modern", path)
        run("ostree", "admin", "os-init", f"--sysroot={path}", "os")
        run("ostree", "config", f"--repo={repo}", "set", "sysroot.bootloader", "none")
        run("ostree", "remote", "add", f"--repo={repo}", "--no-sign-verify", "--no-gpg-verify",
            "origin", "http://nowhere.invalid")
        run("ostree", "pull-local", f"--repo={repo}", "--remote=origin", self.repo, self.commits[0])
        run("ostree", "refs", f"--repo={repo}", f"--create=origin:{REF}", self.commits[0])
        run("ostree", "admin", "deploy", f"--sysroot={path}", "--os=os", f"origin:{REF}")
        return path

    def upgrade(self, who, url):
        path = self.sysroot("sysroot")
        run("ostree", "config", f"--repo={path / 'ostree/repo'}", "set", "--group",
            'remote "origin"', "url", url)
        argv = {"ours": [self.programs / "atoll-host", "upgrade", "--quiet", "--sysroot", path],
                "peer": ["ostree", "admin", "upgrade", f"--sysroot={path}", "--os=os"]}[who]
        subprocess.run(["sync", "-f", path], check=True)
        begun = time.monotonic()
        run(*argv)
        seconds = time.monotonic() - begun
        assert len(list((path / "boot/loader/entries").iterdir())) == 2
        if who == "ours":
            run("ostree", "fsck", "--quiet", f"--repo={path / 'ostree/repo'}")
            self.status_ms = self.measure_status(path)
        for deployment in path.glob("ostree/deploy/os/deploy/*"):
            subprocess.run(["chattr", "-i", deployment], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(path)
        return seconds

    def measure_status(self, path, runs=20):
        """Milliseconds of processor time of `status --json`, and of a start that does nothing."""
        result = []
        for words in (["status", "--json", "--sysroot", path], ["--version"]):
            times = []
            for _ in range(runs):
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                run(self.programs / "atoll-host", *words)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            result.append(statistics.median(times) * 1000)
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=ROOT / "build", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rtt", type=int, nargs="*", default=[0, 20], help="milliseconds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: deployments need root")
    work = tempfile.mkdtemp(prefix="atoll-bench-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    rows, good = [], True
    bench = None
    try:
        bench = Bench(work, options.build.resolve())
        for rtt_ms in options.rtt:
            url = bench.behind(rtt_ms)
            times = {"ours": [], "peer": []}
            for _ in range(options.runs):
                for who, all_of_it in times.items():
                    all_of_it.append(bench.upgrade(who, url))
            ours, peer = (statistics.median(times[who]) for who in ("ours", "peer"))
            rows.append({"rtt-ms": rtt_ms, "atoll-host": ours, "ostree": peer, "ratio": ours / peer})
            good = good and ours / peer <= GOAL
        status_ms, start_ms = bench.status_ms
    finally:
        if bench is not None:
            bench.close()
        subprocess.run(["rm", "-rf", "--one-file-system", work], check=False)
    if options.json:
        print(json.dumps({"upgrade": rows, "status-ms": status_ms,
                          "start-ms": start_ms}))
    else:
        print("an update of a host, from the server's new commit to the new deployment")
        for row in rows:
            print(f"  {row['rtt-ms']:3} ms round trip: atoll-host {row['atoll-host']:.1f} s, ostree "
                  f"{row['ostree']:.1f} s, ratio {row['ratio']:.2f} (goal {GOAL})")
        print(f"  status --json: {status_ms:.1f} ms of processor time, of which reading the state takes "
              f"{status_ms - start_ms:.1f} (goal {STATUS_GOAL_MS}) and starting {start_ms:.1f}")
    if not good or status_ms - start_ms > STATUS_GOAL_MS:
        sys.exit("bench: a goal was missed")


if __name__ == "__main__":
    main()
