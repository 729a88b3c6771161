# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll image: what it refuses, what it makes, and that it boots.

Booting needs a real tree: the fixture `minimal_commit` of conftest.py, a pair of state directory
(with the published repository) and ref.
"""
import hashlib
import json
import subprocess

import pytest

from buslog import Log
from conftest import run
from hostimage import boot_and_keep_the_previous, hash_password, make_image


def make_commit(state, tree, ref):
    """Commits a directory to the published repository of a state directory."""
    repo = state / "repo"
    if not repo.exists():
        state.mkdir(exist_ok=True)
        run("ostree", "init", f"--repo={repo}", "--mode=archive")
    run("ostree", "commit", f"--repo={repo}", "-b", ref, "--add-metadata-string=version=1", tree)


def make_kernel(tree, initramfs=True):
    modules = tree / "usr/lib/modules/6.1.0"
    modules.mkdir(parents=True)
    (modules / "vmlinuz").write_text("kernel")
    if initramfs:
        (modules / "initramfs.img").write_text("initramfs")


@pytest.fixture
def state(tmp_path):
    """A state directory whose commits cannot boot, each for its own reason."""
    state = tmp_path / "state"
    empty = tmp_path / "empty"
    (empty / "usr").mkdir(parents=True)
    make_commit(state, empty, "os/no-kernel")
    bare = tmp_path / "bare"
    make_kernel(bare, initramfs=False)
    make_commit(state, bare, "os/no-initramfs")
    lean = tmp_path / "lean"
    make_kernel(lean)
    (lean / "usr/bin").mkdir()
    (lean / "usr/bin/grub-mkimage").write_text("")
    make_commit(state, lean, "os/no-grub")
    return state


@pytest.mark.parametrize("args, status, words", [
    (["os/no-kernell"], 1, ["no ref ‘os/no-kernell’", "nearest: ‘os/no-kernel’"]),
    (["0" * 64], 1, ["there is no ref"]),
    (["os/no-kernel"], 1, ["no kernel", "linux-image-cloud-amd64"]),
    (["os/no-initramfs"], 1, ["initramfs", "dracut"]),
    (["os/no-grub"], 1, ["packages: grub-pc-bin, grub-efi-amd64-bin"]),
    (["os/no-grub", "--format", "floppy"], 2, ["‘floppy’", "raw, qcow2"]),
    (["os/no-grub", "--size", "many"], 2, ["‘many’", "8G"]),
    (["os/no-grub", "--size", "1M"], 2, ["‘1M’"]),
    (["os/no-grub", "--root-password-hash", "secret"], 2, ["openssl passwd -6"]),
    (["os/no-grub", "--ssh-key", "/nonexistent"], 2, ["/nonexistent"]),
    (["os/no-grub", "--repo", "/nonexistent"], 1, ["/nonexistent"]),
])
def test_refusals(atoll, state, args, status, words):
    result = run(atoll, "image", "--state", state, *args, status=status)
    for word in words:
        assert word in result.stderr
    assert result.stderr.strip().count("\n") == 0
    assert not list(state.glob("images/*"))
    assert not list(state.glob("tmp/*"))


@pytest.fixture(scope="module")
def commit(minimal_commit):
    """(state directory, ref) of a tree that boots."""
    return minimal_commit


@pytest.fixture(scope="module")
def password_hash():
    return hash_password()


@pytest.fixture(scope="module")
def disk(commit, password_hash, tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "disk.qcow2"
    answer = make_image(*commit, path, password_hash)
    assert answer["path"] == str(path)
    assert answer["size"] == path.stat().st_size
    assert answer["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    return path


def test_qcow2_is_sound(disk):
    run("qemu-img", "check", disk)


def test_same_commit_same_bytes(commit, disk, password_hash, tmp_path, build):
    """And raw is what qcow2 has in it. The event log is told of each."""
    state, ref = commit
    raw = tmp_path / "disk.raw"
    make_image(state, ref, raw, password_hash, "--format", "raw")
    run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", raw, disk)
    assert "No problems found" in run("/usr/sbin/sgdisk", "-v", raw).stdout
    offset = 66 << 20
    run("/usr/sbin/e2fsck", "-fn", f"{raw}?offset={offset}")
    assert not list(state.glob("tmp/image-*"))
    told = [event for event in Log(build, state).read("service:image")
            if json.loads(event["body"]).get("path") == str(raw)]
    (event,) = told
    body = json.loads(event["body"])
    assert event["topic"] == "org.atoll.prod.image.disk.done"
    assert event["objects"] == [f"ref:{ref}", f"commit:{body['commit']}"]
    assert (body["ref"], body["format"], body["size"]) == (ref, "raw", raw.stat().st_size)


def test_too_small(atoll, commit, tmp_path):
    state, ref = commit
    path = tmp_path / "disk.raw"
    result = run(atoll, "image", ref, "--state", state, "-o", path, "-f", "raw", "--size", "200M",
                 status=1)
    assert "too small" in result.stderr and "at least" in result.stderr
    assert not list(tmp_path.iterdir())


def test_killed_build_leaves_nothing_for_long(atoll, commit, tmp_path):
    """The scratch directory of a build that was killed goes with the next one."""
    state, ref = commit
    left = state / "tmp/image-killed"
    (left / "sysroot/ostree").mkdir(parents=True)
    argv = [str(atoll), "image", ref, "--state", str(state), "-o", str(tmp_path / "x"), "-q"]
    with subprocess.Popen(argv) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=2)
        process.kill()
    assert not left.exists()
    assert len(list(state.glob("tmp/image-*"))) == 1
    run(atoll, "image", "no/such/ref", "--state", state, status=1)
    assert not list(state.glob("tmp/image-*"))
    assert not list(tmp_path.iterdir())


def test_boots_and_keeps_the_previous(disk, tmp_path):
    """On BIOS; test_rpm_host.py has the same on UEFI."""
    boot_and_keep_the_previous(disk, "bios", tmp_path / "console.log")
