# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's monitor, over its JSON protocol (QMP)."""
import json
import re
import socket
import time


def ask(address, *commands):
    """What QEMU answers to the commands of its human monitor."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(address)
        with client.makefile("rw", encoding="utf-8") as stream:
            stream.readline()  # its greeting

            def execute(name, **arguments):
                stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
                stream.flush()
                while "event" in (reply := json.loads(stream.readline())):
                    pass
                return reply["return"]

            execute("qmp_capabilities")
            return [execute("human-monitor-command", **{"command-line": command})
                    for command in commands]


def whereabouts(address, samples=10):
    """Where the processor is, some times in a row: whether it waits, works or turns in a circle."""
    places = []
    for _ in range(samples):
        registers = ask(address, "info registers")[0]
        halted = "halted" if "HLT=1" in registers else "at"
        places.append(f"{halted} {re.search(r'[ER]IP=([0-9a-f]+)', registers)[1]}")
        time.sleep(0.1)
    return ", ".join(places)
