# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtual machine on QEMU's software emulation, driven over its serial console.

    with Vm("host.qcow2", firmware="uefi") as vm:
        vm.login("root", "secret")
        assert vm.run("systemctl is-system-running --wait").status == 0
        vm.reboot()

Nothing here needs root, KVM or a network; ends only the QEMU that it started.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass

import pexpect

from monitor import whereabouts

OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
# on a machine that does much else, a boot takes ten times as long as on an idle one
BOOT_TIMEOUT_S = 900
PROMPT = "atoll-vm-prompt# "
# Kernel arguments for machines under emulation. Their processor stands still whenever the machine
# below has other work: what waits for a device, as the console's login does, would give up after
# 90 s, and the kernel would complain on the console, in the middle of what a command prints.
PATIENT = ["audit=0", "mitigations=off", "nosoftlockup", "systemd.watchdog_sec=120",
           "systemd.default_timeout_start_sec=900"]
# and for those whose start nobody watches: each character for the console is work. The kernel is at
# the addresses of its symbols, so that the place where one stood still can be looked up.
KARGS = ["quiet", "systemd.show_status=false", "nokaslr", *PATIENT]


class VmError(Exception):
    """The machine did not do what was asked; the message ends with its last console lines."""


class VmStalled(VmError):
    """Its kernel has said that nothing runs any more though all is ready to: no fault of what is
    on the disk. It has been seen once, after a login."""


@dataclass
class Result:
    """What a command in the machine did."""

    status: int
    output: str


class Vm:
    """One machine. `disk` is written to unless `snapshot`; `firmware` is "bios" or "uefi";
    `forwards` are (host port, guest port) on loopback, `guest_forwards` are
    ("10.0.2.100:80", "tcp:127.0.0.1:8080") as QEMU's guestfwd takes them; `network` is
    what else to say of QEMU's user network (",net=…"); `disk_gib` makes the disk larger than the
    image (with `snapshot` only). More than one of `cpus` is not to be relied upon where the machine
    below has much to do: the one spins in wait for the other, which has to wait for its turn, and
    a reset that meets them so does not come back."""

    def __init__(self, disk, firmware="bios", *, snapshot=True, disk_gib=None, memory_mib=2048, cpus=1,
                 forwards=(), guest_forwards=(), network="", log=None,
                 timeout_s=BOOT_TIMEOUT_S, extra_args=()):
        self.disk = os.fspath(disk)
        self.firmware = firmware
        self.snapshot = snapshot
        self.disk_gib = disk_gib
        self.memory_mib = memory_mib
        self.cpus = cpus
        self.forwards = list(forwards)
        self.guest_forwards = list(guest_forwards)
        self.network = network
        self.log_path = log
        self.timeout_s = timeout_s
        self.extra_args = list(extra_args)
        self.credentials = None
        self._child = None
        self._log = None
        self._dir = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exc):
        self.stop()

    @property
    def pid(self):
        """QEMU's process id, while it runs."""
        return self._child.pid if self._child is not None else None

    def _disk_args(self):
        disk_format = "qcow2" if self.disk.endswith(".qcow2") else "raw"
        overlay = os.path.join(self._dir, "disk.qcow2")
        path = self.disk
        if self.snapshot:
            if not os.path.exists(overlay):
                subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", disk_format, "-b",
                                os.path.abspath(self.disk), overlay,
                                *([f"{self.disk_gib}G"] if self.disk_gib else [])], check=True)
            path, disk_format = overlay, "qcow2"
        # the guest's flushes may stay in the page cache: a test machine need not outlive ours
        return ["-drive", f"file={path},format={disk_format},if=virtio,cache=unsafe"]

    def _firmware_args(self):
        if self.firmware == "bios":
            return []
        variables = os.path.join(self._dir, "vars.fd")
        if not os.path.exists(variables):
            shutil.copyfile(OVMF_VARS, variables)
        return ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}",
                "-drive", f"if=pflash,format=raw,file={variables}"]

    def _network_args(self):
        user = "user,id=n0"
        for host_port, guest_port in self.forwards:
            user += f",hostfwd=tcp:127.0.0.1:{host_port}-:{guest_port}"
        for guest, host in self.guest_forwards:
            user += f",guestfwd=tcp:{guest}-{host}"
        user += self.network
        return ["-netdev", user, "-device", "virtio-net-pci,netdev=n0"]

    def _monitor(self):
        return os.path.join(self._dir, "monitor")

    def command(self):
        """QEMU's command line; valid once start() made a directory for what it needs."""
        return ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max",
                "-smp", str(self.cpus), "-m", str(self.memory_mib), "-display", "none",
                "-monitor", "none", "-qmp", f"unix:{self._monitor()},server=on,wait=off",
                "-serial", "stdio", "-device", "virtio-rng-pci",
                # no floppy, CD-ROM or sound card that the guest would look for
                "-nodefaults", "-vga", "std", "-action", "reboot=shutdown",
                *self._firmware_args(), *self._disk_args(), *self._network_args(),
                *self.extra_args]

    def start(self):
        """Starts QEMU; returns at once."""
        self._dir = tempfile.mkdtemp(prefix="atoll-vm-")
        if self.log_path is not None:
            self._log = open(self.log_path, "a", encoding="utf-8")
        self._spawn()

    def _spawn(self):
        argv = self.command()
        self._child = pexpect.spawn(argv[0], argv[1:], timeout=self.timeout_s, encoding="utf-8",
                                    codec_errors="replace", dimensions=(50, 400), echo=False)
        self._child.logfile_read = self._log

    def restart(self):
        """Waits until the machine resets, and starts it again: in a process of its own, since
        after a reset the emulation is several times slower than in a fresh one."""
        self.expect(pexpect.EOF, what="reset")
        self._end()
        self._spawn()

    def _end(self):
        try:
            self._child.close(force=True)
        except pexpect.ExceptionPexpect:
            # it has been killed, but on a busy machine is not gone within a tenth of a second
            self._child.ptyproc.wait()

    def stop(self):
        """Ends QEMU, whatever the machine does, and removes its scratch files."""
        if self._child is not None:
            self._end()
            self._child = None
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._dir is not None:
            shutil.rmtree(self._dir, ignore_errors=True)
            self._dir = None

    def tail(self, lines=25):
        """The last lines of the console, for messages."""
        text = self._child.before if self._child is not None else ""
        if not isinstance(text, str):
            text = ""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")
        return "\n".join(text.splitlines()[-lines:])

    def expect(self, pattern, timeout_s=None, what=None):
        """Waits until the console shows `pattern` (a regular expression or several); returns
        which of several."""
        try:
            return self._child.expect(pattern, timeout=timeout_s or self.timeout_s)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            ended = isinstance(error, pexpect.EOF)
            stalled = not ended and re.search(r"kthread starved for \d+ jiffies", self.tail())
            raise (VmStalled if stalled else VmError)(
                f"waiting for {what or pattern!r}: the machine "
                f"{'ended' if ended else self._lateness()}\n{self.tail()}") from None

    def _lateness(self):
        try:
            return f"did not get there in time (its processor: {whereabouts(self._monitor())})"
        except (OSError, ValueError, LookupError) as error:
            return f"did not get there in time, and QEMU does not answer either ({error})"

    def send(self, text):
        """Types `text` and Return."""
        self._child.sendline(text)

    def wait_for_login(self, timeout_s=None):
        """Waits for the login prompt; returns the seconds that took."""
        started = time.monotonic()
        self.expect(r"login: ?$|login: ", timeout_s, "login prompt")
        return time.monotonic() - started

    def login(self, user="root", password=None, timeout_s=None):
        """Waits for the prompt, logs in, and makes the shell fit for run()."""
        self.credentials = (user, password)
        seconds = self.wait_for_login(timeout_s)
        for attempt in range(3):
            self.send(user)
            if password is None or self._after_user(password):
                break
            if attempt == 2:
                raise VmError(f"cannot log in as {user}\n{self.tail()}")
        # PROMPT in two pieces, so that the echo of this line does not match
        self.send("stty -echo cols 1000; export TERM=dumb PAGER=cat SYSTEMD_COLORS=0 "
                  "PROMPT_COMMAND= PS2= PS1='atoll-vm-''prompt# '; bind 'set "
                  "enable-bracketed-paste off' 2>/dev/null; dmesg -n 1 2>/dev/null")
        self.expect(re.escape(PROMPT), what="shell prompt")
        self.run("true")
        return seconds

    def _after_user(self, password):
        """True once the password was taken; False when there is a login prompt again."""
        if self.expect([r"[Pp]assword: ?", r"login: "], 60, "password prompt") == 1:
            return False
        self.send(password)
        return self.expect([r"[#$] ", r"Login incorrect"], 120, "shell") == 0

    def run(self, command, timeout_s=None, check=False):
        """Runs a shell command; returns its status and its output (both streams)."""
        mark = f"atoll-{time.monotonic_ns()}"
        self.send(f"{{ {command}\n}} 2>&1; vm_rc=$?; echo; echo {mark[:8]}''{mark[8:]} $vm_rc")
        self.expect(rf"{mark} (\d+)[\r\n]", timeout_s, f"end of `{command}`")
        status = int(self._child.match.group(1))
        output = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._child.before).replace("\r", "")
        self.expect(re.escape(PROMPT), what="shell prompt")
        # bash shows a prompt for each line of input
        output = output.replace(PROMPT, "").strip("\n")
        if check and status != 0:
            raise VmError(f"`{command}` exited with {status}\n{output}")
        return Result(status, output)

    def check(self, command, timeout_s=None):
        """Runs a command that must succeed; returns its output."""
        return self.run(command, timeout_s, check=True).output

    def reboot(self, timeout_s=None, menu_entry=None):
        """Reboots from inside and logs in again; returns the seconds until the login prompt.
        `menu_entry` is the position in the boot menu to choose by hand, from 0."""
        self.send("systemctl reboot")
        self.restart()
        if menu_entry is not None:
            self.choose(menu_entry, timeout_s)
        return self.login(*self.credentials, timeout_s)

    def choose(self, menu_entry, timeout_s=None):
        """Waits for the boot menu and boots its entry `menu_entry`."""
        self.expect(r"GNU GRUB", timeout_s, "boot menu")
        self.expect(r"\(ostree:0\)", timeout_s, "boot menu's entries")
        for _ in range(menu_entry):
            self._child.send("\x1b[B")
        self._child.send("\r")

    def drain(self):
        """Takes what the console prints until the machine ends: one that nobody reads would
        stall when its buffer is full."""
        while True:
            try:
                self._child.read_nonblocking(65536, timeout=3600)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                return

    def power_off(self, timeout_s=None):
        """Shuts the machine down cleanly and waits for QEMU's end."""
        self.send("systemctl poweroff")
        try:
            self._child.expect(pexpect.EOF, timeout=timeout_s or self.timeout_s)
        except pexpect.TIMEOUT:
            raise VmError(f"the machine does not power off\n{self.tail()}") from None
