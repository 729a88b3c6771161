# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disk images that are booted: how they are made, and what every one of them has to do."""
import json
import pathlib
import sys
import warnings

from conftest import BUILD, run, with_whole_stacks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vm"))
from vm import KARGS, Vm, VmStalled  # noqa: E402

PASSWORD = "atoll-test"


def make_image(state, ref, path, password_hash, *words):
    """An image whose root's password is PASSWORD; what `atoll image --json` says of it."""
    result = run(BUILD / "src/programs/atoll", "image", ref, "--state", state, "--output", path, "--json",
                 "--root-password-hash", password_hash, *(f"--karg={karg}" for karg in KARGS), *words,
                 timeout=600, env=with_whole_stacks())
    return json.loads(result.stdout)


def hash_password():
    return run("openssl", "passwd", "-6", "-salt", "atoll", PASSWORD).stdout.strip()


def boot_and_keep_the_previous(disk, firmware, log):
    """boot_and_keep_once(), and again where the emulated processor stood still."""
    try:
        boot_and_keep_once(disk, firmware, log)
    except VmStalled as error:
        warnings.warn(f"started anew: {error}")
        boot_and_keep_once(disk, firmware, log)


def boot_and_keep_once(disk, firmware, log):
    """Boots; a second deployment becomes the default (seen with the one firmware); the first is
    still in the menu (seen with the other)."""
    with Vm(disk, firmware, disk_gib=8, log=log) as vm:
        vm.login("root", PASSWORD)
        assert (vm.run("test -d /sys/firmware/efi").status == 0) == (firmware == "uefi")
        assert vm.run("touch /usr/nothing").status != 0
        assert vm.check("systemctl --failed --no-legend") == ""
        # nothing in this tree would find it good
        assert "atoll_boot=off" in vm.check("cat /boot/grub/grubenv")
        if vm.run("systemctl cat atoll-grow-root.service").status == 0:
            assert int(vm.check("df --output=size -BM / | tail -1").strip(" M\n")) > 7000

        booted = vm.check("ostree admin status | sed -n 's/^\\* [^ ]* //p'")
        vm.check("mount -o remount,rw /sysroot")
        vm.check("ostree commit --repo=/sysroot/ostree/repo -b second --tree=ref="
                 f"{booted.split('.')[0]} --add-metadata-string=version=second")
        vm.check("ostree admin deploy second")
        menu = vm.check("cat /boot/loader/syslinux.cfg")
        assert menu.count("LABEL ") == 2
        vm.reboot(menu_entry=1 if firmware == "uefi" else None)
        status = vm.check("ostree admin status")
        if firmware == "uefi":
            assert f"* atoll {booted}" in status
        else:
            assert status.startswith("* ") and "second" in status.splitlines()[1]
        vm.power_off()
