#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole path on one machine: packages to a tree, the tree to a disk, the disk to a
running host, a second tree to the same host, and back.

Nothing is simulated: Debian's packages come from this machine's apt sources, the host boots
in QEMU, updates over HTTP and reboots into what it got. Any check that fails ends the demo
with exit status 1. KEEP=1 leaves the machine running, to be reached by ssh.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "vm"))

from vm import PATIENT, Vm, VmError  # noqa: E402  (the path is set just above)

OUT = os.path.join(ROOT, "out", "demo")
STATE = os.path.join(OUT, "state")
ATOLL = os.path.join(ROOT, os.environ.get("BUILD", "build"), "src/programs/atoll")
EXAMPLE = os.path.join(ROOT, "examples/debian-12-minimal.yaml")
EXTRA_PACKAGE = "htop"
DISK_GIB = 8
# what the guest sees this machine's loopback as
HOST_ADDRESS = "10.0.2.2"


class DemoError(Exception):
    """A step did not do what it should."""


class Steps:
    """Announces each step in a line, with its time when it ends."""

    def __init__(self):
        self.start = time.monotonic()
        self.rows = []

    @contextlib.contextmanager
    def step(self, text):
        began = time.monotonic()
        print("%6.1f s  %s ..." % (began - self.start, text), flush=True)
        yield
        seconds = time.monotonic() - began
        self.rows.append((text, seconds))
        print("%6.1f s  %s: done in %.1f s" % (time.monotonic() - self.start, text, seconds),
              flush=True)


def show(text):
    for line in text.splitlines():
        print("          | " + line, flush=True)


def check(condition, message):
    if not condition:
        raise DemoError(message)
    print("          ok: " + message, flush=True)


def run(argv, allowed=(0,)):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode not in allowed:
        raise DemoError("‘%s’ failed (%d):\n%s" % (" ".join(argv), done.returncode,
                                                   (done.stderr + done.stdout)[-4000:]))
    return done.stdout


def write_manifest(name, packages):
    path = os.path.join(OUT, name)
    with open(path, "w") as out:
        json.dump({
            "include": EXAMPLE,
            "repos": [{"name": "atoll", "type": "deb", "url": "file://" + os.path.join(ROOT, "out/deb"),
                       "suites": ["./"], "trusted": True}],
            "packages": packages,
        }, out, indent=2)
    return path


def compose(manifest):
    result = json.loads(run([ATOLL, "compose", "--quiet", "--json", "--state", STATE, manifest],
                            allowed=(0, 3)))
    for phase in result["phases"]:
        print("          | %-10s %7.2f s" % (phase["phase"], phase["milliseconds"] / 1000))
    print("          | %s %s, %d packages" % (result["ref"], result["version"],
                                            result["packages"]), flush=True)
    return result


@contextlib.contextmanager
def serve():
    port_file = os.path.join(OUT, "port")
    with contextlib.suppress(FileNotFoundError):
        os.remove(port_file)
    with open(os.path.join(OUT, "serve.log"), "w") as log:
        server = subprocess.Popen([ATOLL, "serve", "--state", STATE, "--listen", "127.0.0.1:0",
                                   "--port-file", port_file], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not (os.path.exists(port_file) and open(port_file).read().strip()):
            if server.poll() is not None or time.monotonic() > deadline:
                raise DemoError("atoll serve did not start: see out/demo/serve.log")
            time.sleep(0.1)
        yield int(open(port_file).read())
    finally:
        server.terminate()
        server.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_image(ref, port, password):
    key = os.path.join(OUT, "ssh-key")
    for name in (key, key + ".pub"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(name)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "demo", "-f", key])
    hashed = run(["openssl", "passwd", "-6", password]).strip()
    return json.loads(run([
        ATOLL, "image", ref, "--state", STATE, "--format", "qcow2", "--quiet", "--json",
        "--output", os.path.join(OUT, "host.qcow2"), "--root-password-hash", hashed,
        "--ssh-key", key + ".pub", "--update-url", "http://%s:%d/repo" % (HOST_ADDRESS, port),
        *("--karg=" + karg for karg in PATIENT)]))


def booted(vm):
    """The booted deployment, as the host itself tells it."""
    status = json.loads(vm.check("atoll-host status --json", 120))
    return status, next(one for one in status["deployments"] if one["booted"])


def no_failed_units(vm):
    failed = vm.check("systemctl is-system-running --wait >/dev/null; "
                      "systemctl list-units --failed --plain --no-legend", 180)
    check(failed.strip() == "", "no unit has failed" + (":\n" + failed if failed.strip() else ""))
    with open(os.path.join(OUT, "console.log"), errors="replace") as console:
        # at the end of a shutdown systemd cannot unmount what its own root is on
        failed = [line for line in console if "FAILED" in line and "unmounting" not in line]
    check(not failed, "nothing has failed on the console" + "".join(failed))


def drive(vm, steps, first, second):
    with steps.step("boot the image and log in over the serial console"):
        vm.login("root", vm.demo_password)
    no_failed_units(vm)
    show(vm.check("atoll-host status"))
    _, now = booted(vm)
    check(now["checksum"] == first["commit"], "the host runs %s" % first["version"])
    check(vm.run("command -v " + EXTRA_PACKAGE).status != 0, "it has no " + EXTRA_PACKAGE)
    size_mib = int(vm.check("df --output=size -BM /sysroot | tail -1").strip(" M\n"))
    check(size_mib > (DISK_GIB - 1) * 1024, "the root file system has grown to %d MiB" % size_mib)
    check("ii  systemd " in vm.check("dpkg -l systemd"), "dpkg -l answers")

    with steps.step("upgrade the running host from atoll serve"):
        show(vm.check("atoll-host upgrade --quiet", 600))
    status, _ = booted(vm)
    check(any(one.get("staged") and one["checksum"] == second["commit"]
              for one in status["deployments"]), "%s is staged" % second["version"])
    with steps.step("reboot into the new version"):
        vm.reboot()
    no_failed_units(vm)
    show(vm.check("atoll-host status"))
    status, now = booted(vm)
    check(now["checksum"] == second["commit"], "the host runs %s" % second["version"])
    check(len(status["deployments"]) >= 2, "the boot menu has the version before it")
    check(vm.run(EXTRA_PACKAGE + " --version").status == 0, EXTRA_PACKAGE + " is there")

    with steps.step("roll back"):
        show(vm.check("atoll-host rollback", 120))
        vm.reboot()
    _, now = booted(vm)
    check(now["checksum"] == first["commit"], "the host runs %s again" % first["version"])
    check(vm.run("command -v " + EXTRA_PACKAGE).status != 0, EXTRA_PACKAGE + " is gone")


def keep(vm, ssh_port):
    print("\nThe machine keeps running; end it with Ctrl-C. To log in:\n"
          "  ssh -i %s -p %d -o StrictHostKeyChecking=no root@127.0.0.1" % (
              os.path.join(OUT, "ssh-key"), ssh_port), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        vm.drain()


def demo(steps):
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    with steps.step("build atoll's own Debian packages"):
        show(run([os.path.join(ROOT, "packaging/make-deb")]))
    with steps.step("compose a tree from Debian packages"):
        first = compose(write_manifest("first.yaml", ["atoll-host"]))
    with serve() as port:
        password = secrets.token_hex(8)
        with steps.step("make a disk image of it"):
            image = make_image(first["ref"], port, password)
        print("          | %s" % image["path"], flush=True)
        # as a cloud does: the disk is larger than the image
        run(["qemu-img", "resize", "-q", image["path"], "%dG" % DISK_GIB])
        with steps.step("compose a second version, with " + EXTRA_PACKAGE):
            second = compose(write_manifest("second.yaml", ["atoll-host", EXTRA_PACKAGE]))
        check(second["commit"] != first["commit"], "it is another commit")
        ssh_port = free_port()
        with Vm(image["path"], snapshot=False, forwards=[(ssh_port, 22)],
                log=os.path.join(OUT, "console.log")) as vm:
            vm.demo_password = password
            drive(vm, steps, first, second)
            summarize(steps, image["path"])
            if os.environ.get("KEEP"):
                keep(vm, ssh_port)


def summarize(steps, image):
    print("\nSummary")
    for text, seconds in steps.rows:
        print("  %-52s %6.1f s" % (text, seconds))
    print("  %-52s %6.1f s" % ("in all", time.monotonic() - steps.start))
    print("\nWhere things are\n  disk image         %s\n  published repo     %s\n"
          "  Debian packages    %s\n  console log        %s" % (
              image, os.path.join(STATE, "repo"), os.path.join(ROOT, "out/deb"),
              os.path.join(OUT, "console.log")), flush=True)


def main():
    steps = Steps()
    try:
        demo(steps)
    except (DemoError, VmError) as error:
        sys.exit("demo: FAILED: %s" % error)
    except KeyboardInterrupt:
        sys.exit("demo: interrupted")


if __name__ == "__main__":
    main()
