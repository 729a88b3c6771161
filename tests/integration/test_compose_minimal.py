# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example with a kernel: what makes a tree boot, and only its own parts."""
import re
import subprocess

import pytest

import local
from conftest import run


@pytest.fixture(scope="module")
def tree(minimal_commit):
    state, ref = minimal_commit
    compose = local.Compose.__new__(local.Compose)
    compose.state, compose.ref = state, ref
    compose.paths = compose.ls(ref=ref)
    return compose


def kernel_of(tree):
    return tree.metadata("ostree.linux", ref=tree.ref).strip("'")


def test_kernel(tree):
    kernel = kernel_of(tree)
    modules = f"usr/lib/modules/{kernel}"
    assert tree.metadata("ostree.bootable", ref=tree.ref) == "true"
    assert [path for path in tree.paths if re.fullmatch(r"usr/lib/modules/[^/]+", path)] == [modules]
    for name in ("vmlinuz", "initramfs.img", "modules.dep"):
        assert tree.paths[f"{modules}/{name}"].startswith("-")
    assert not [path for path in tree.paths if re.search(r"\.ko\.(xz|gz|zst)$", path)]
    assert [path for path in tree.paths if path.endswith(".ko")]
    assert not [path for path in tree.paths if path.startswith("boot/")]
    for name in ("vmlinuz", "initrd.img"):
        assert name not in tree.paths


def test_initramfs(tree, tmp_path):
    """zstd, and with what finds the deployment."""
    path = f"/usr/lib/modules/{kernel_of(tree)}/initramfs.img"
    image = run("ostree", f"--repo={tree.repository}", "cat", tree.ref, path, text=False).stdout
    assert image[:4] == b"\x28\xb5\x2f\xfd"
    unpacked = subprocess.run(["zstd", "-dc"], input=image, check=True, capture_output=True).stdout
    assert unpacked[:6] == b"070701"
    assert b"ostree-prepare-root\0" in unpacked


def test_units(tree):
    wants = "usr/etc/systemd/system/multi-user.target.wants"
    for unit in ("systemd-networkd.service", "ssh.service", "chrony.service"):
        assert tree.paths[f"{wants}/{unit}"].startswith("l")
    assert tree.paths["usr/etc/systemd/system/default.target"].endswith("/multi-user.target")
    assert "usr/lib/systemd/network/80-dhcp.network" in tree.paths


def test_nothing_of_one_machine(tree):
    for path in tree.paths:
        assert not path.startswith(("usr/etc/ssh/ssh_host_", "var/", "run/", "dev/")), path
        assert not re.search(r"^usr/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$", path), path
        assert not re.search(r"\.dpkg-(new|old|tmp|dist)$", path), path
    assert tree.cat("/usr/etc/machine-id", ref=tree.ref) == ""


def test_fsck(tree):
    tree.fsck()
