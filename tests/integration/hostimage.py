# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disk images that are booted: how they are made, and what every one of them has to do."""
import json
import pathlib
import sys

from conftest import BUILD, run, with_whole_stacks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vm"))
from vm import KARGS  # noqa: E402

PASSWORD = "atoll-test"


def make_image(state, ref, path, password_hash, *words):
    """An image whose root's password is PASSWORD; what `atoll image --json` says of it."""
    result = run(BUILD / "src/programs/atoll", "image", ref, "--state", state, "--output", path, "--json",
                 "--root-password-hash", password_hash, *(f"--karg={karg}" for karg in KARGS), *words,
                 timeout=600, env=with_whole_stacks())
    return json.loads(result.stdout)


def hash_password():
    return run("openssl", "passwd", "-6", "-salt", "atoll", PASSWORD).stdout.strip()


def check_host(vm, firmware):
    """What is true of every host that has just started from such an image."""
    vm.login("root", PASSWORD)
    assert (vm.run("test -d /sys/firmware/efi").status == 0) == (firmware == "uefi")
    assert vm.run("touch /usr/nothing").status != 0
    assert vm.check("systemctl --failed --no-legend") == ""
    # nothing in this tree would find it good
    assert "atoll_boot=off" in vm.check("cat /boot/grub/grubenv")
    if vm.run("systemctl cat atoll-grow-root.service").status == 0:
        assert int(vm.check("df --output=size -BM / | tail -1").strip(" M\n")) > 7000
