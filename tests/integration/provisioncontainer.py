# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host that systemd boots in a container: the composed tree with this checkout's units, without
a kernel, an initramfs or disks of its own. It takes seconds, where QEMU takes minutes."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

import local
from conftest import SOURCE, run
from provisionvm import MASKED, PLAIN, hosttree

UNITS = ("local", "network", "config", "final")


def make_tree(path, minimal, ref):
    """The tree, as its disk would have it, with what the package atoll-provision installs."""
    hosttree.build_plain(SOURCE, PLAIN, ("atoll-provision", "atoll-provision-due"))
    root = path / "root"
    run("ostree", "checkout", f"--repo={minimal}/build", "--force-copy", ref, root, timeout=900)
    shutil.copytree(root / "usr/etc", root / "etc", symlinks=True)
    (root / "etc/machine-id").write_text("")
    for name in ("home", "roothome", "log", "tmp"):
        (root / "var" / name).mkdir(exist_ok=True)
    (root / "usr/libexec").mkdir(exist_ok=True)
    units = root / "usr/lib/systemd/system"
    for unit in UNITS:
        name = f"atoll-provision-{unit}.service"
        shutil.copy(SOURCE / "data/systemd" / name, units / name)
        (units / "multi-user.target.wants" / name).symlink_to(f"../{name}")
    shutil.copy(PLAIN / "src/programs/atoll-provision", root / "usr/bin")
    (root / "usr/bin/cloud-init").symlink_to("atoll-provision")
    shutil.copy(PLAIN / "src/programs/atoll-provision-due", root / "usr/libexec")
    hosttree.add_libraries_of(root, root / "usr/bin/atoll-provision")
    for unit in MASKED + ["chrony.service"]:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")


class Result:
    def __init__(self, status, output):
        self.status, self.output = status, output


class Container:
    """A root of its own over `tree`, booted by systemd-nspawn. It has run() and check(), as a Vm."""

    def __init__(self, tree, directory, namespace=None):
        self.directory, self.namespace = directory, namespace
        self.own = directory / "own"
        self.root = self.own / "root"
        self.log = directory / "console"
        self.process = self.leader = None
        self.own.mkdir()
        try:
            run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.own)
            for name in ("upper", "work", "root"):
                (self.own / name).mkdir()
            run("mount", "-t", "overlay", "-o", f"lowerdir={tree},upperdir={self.own}/upper,"
                f"workdir={self.own}/work", "overlay", self.root)
        except pytest.fail.Exception as error:
            self.close()
            pytest.skip(f"nothing can be mounted here: {error}")

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        if self.process is not None and self.process.poll() is None:
            # systemd-nspawn ends with its container, but not the other way round
            if self.find_leader():
                os.kill(int(self.leader), signal.SIGKILL)
            else:
                self.process.kill()
            self.process.wait()
        self.close()

    def close(self):
        for path in (self.root, self.own):
            subprocess.run(["umount", "-q", "-l", path], check=False)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def boot(self):
        """Until systemd answers."""
        network = ["--private-network"] if self.namespace is None else [
            f"--network-namespace-path=/run/netns/{self.namespace}", "--capability=CAP_NET_ADMIN"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "-D", self.root,
                 *network, "--boot", "--console=pipe"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 600
        while not self.find_leader() or self.run(
                "systemctl is-system-running | grep -q -e running -e degraded").status != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = self.log.read_text(errors="replace")
                if self.leader is None:
                    pytest.skip(f"systemd-nspawn boots nothing here: {text[-300:]}")
                pytest.fail(f"the container does not come up: {text[-2000:]}")
            time.sleep(0.2)

    def find_leader(self):
        """The container's first process: the child of systemd-nspawn that is one."""
        if self.leader is not None:
            return True
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        children = path.read_text().split() if path.exists() else []
        for child in children:
            try:
                if os.readlink(f"/proc/{child}/exe").endswith("/systemd"):
                    self.leader = child
            except OSError:
                pass
        return self.leader is not None

    def run(self, command):
        done = subprocess.run(
            ["nsenter", "--target", self.leader, "--all", "--", "/usr/bin/env", "-i", "LANG=C.UTF-8",
             "PATH=/usr/sbin:/usr/bin", "HOME=/root", "SYSTEMD_COLORS=0", "/bin/bash", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=600, check=False)
        return Result(done.returncode, done.stdout.strip("\n"))

    def check(self, command):
        done = self.run(command)
        assert done.status == 0, done.output
        return done.output

    def power_off(self):
        os.kill(int(self.leader), signal.SIGRTMIN + 4)
        assert self.process.wait(timeout=600) == 0, self.log.read_text(errors="replace")[-2000:]
        self.leader = None

    def restart(self):
        self.power_off()
        self.boot()


@pytest.fixture(scope="session")
def provision_tree(minimal_commit, tmp_path_factory, worker_id):
    """The directory that a Container is made over."""
    if os.geteuid() != 0 or shutil.which("systemd-nspawn") is None:
        pytest.skip("a container needs root and systemd-nspawn")
    minimal, ref = minimal_commit
    return local.once(local.session_dir(tmp_path_factory, worker_id), "provision-tree",
                      lambda path: make_tree(path, minimal, ref)) / "root"
