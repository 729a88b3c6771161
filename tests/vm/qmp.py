# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's own interface to a machine, as far as tests need it."""
import json
import socket
import time


class Qmp:
    """One connection; `path` is the socket of -qmp unix:path,server=on,wait=off."""

    def __init__(self, path, timeout_s=60):
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.settimeout(300)
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.file.readline()
        self.command("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.file.close()
        self.socket.close()

    def command(self, name, **arguments):
        """Runs a command to its end; returns what it answers."""
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise RuntimeError(f"{name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def save(self, path):
        """Stops the machine and writes all of it but its disks to a file."""
        self.command("stop")
        self.command("migrate", uri=f"exec:cat >{path}")
        self.wait("query-migrate", "completed")

    def resume(self):
        """Lets a machine go on that was started with -incoming, once it is there."""
        deadline = time.monotonic() + 120
        while self.command("query-status")["status"] == "inmigrate":
            if time.monotonic() > deadline:
                raise RuntimeError("the saved machine does not come back")
            time.sleep(0.1)
        self.command("cont")

    def wait(self, question, wanted):
        while True:
            status = self.command(question).get("status")
            if status == wanted:
                return
            if status == "failed":
                raise RuntimeError(f"{question}: failed")
            time.sleep(0.1)
