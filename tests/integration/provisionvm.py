# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk of the Debian example with the package atoll-provision in it, composed once a session:
its initramfs has the dracut module, its tree the units."""
import json
import os
import shutil
import sys

import pytest

import local
from conftest import BUILD, SOURCE, run, with_whole_stacks

sys.path.insert(0, str(SOURCE / "tests/vm"))
import hosttree  # noqa: E402
from vm import KARGS  # noqa: E402

PLAIN = SOURCE / "build-check"
PROGRAMS = ("atoll-provision", "atoll-provision-early", "atoll-provision-due")
# what sets kernel arguments
HOST = "atoll-host"
PASSWORD = "atoll-test"
REF = "test/provision"
# what Ignition's disks and cloud-config's keys call, beside what the example has
TOOLS = ["cryptsetup-bin", "mdadm", "sudo"]
# what these tests look at, and what the example enables
NEEDED = {"chrony.service", "ssh.service", "systemd-resolved.service", "systemd-networkd.service",
          "systemd-networkd-wait-online.service", "systemd-networkd.socket", "systemd-repart.service",
          "modprobe@dm_mod.service"}
MASKED = [unit for unit in hosttree.MASKED if unit not in NEEDED]
# half of a start under emulation is udev, which looks at every driver that there is
INITRAMFS_ARGS = ["-m", f"{hosttree.INITRAMFS_MODULES} atoll-provision", "--drivers",
                  f"{hosttree.INITRAMFS_DRIVERS} qemu_fw_cfg dm_mod dm_crypt md_mod raid1"]


def packages_of(programs):
    """The packages of the libraries that programs are linked with."""
    files = set()
    for program in programs:
        for line in run("ldd", program).stdout.splitlines():
            words = line.split()
            if len(words) >= 3 and words[2].startswith("/"):
                files.add(words[2])
    names = set()
    for path in files:
        found = run("dpkg-query", "-S", path, status=None).stdout or run(
            "dpkg-query", "-S", os.path.realpath(path)).stdout
        names.add(found.split(":")[0])
    return sorted(names)


def make_package(directory, work):
    """atoll-provision as debian/ packages it, of the programs without sanitizers."""
    hosttree.build_plain(SOURCE, PLAIN, (*PROGRAMS, HOST))
    dressing, root = work / "dressing", work / "root"
    run("meson", "setup", dressing, SOURCE, "-Dprefix=/usr", "-Dhost-units=true",
        "-Dlibexecdir=libexec")
    for name in PROGRAMS:
        shutil.copy(PLAIN / "src/programs" / name, dressing / "src/programs" / name)
    run("meson", "install", "-C", dressing, "--no-rebuild", "--tags", "provision", "--destdir", root)
    shutil.copy(PLAIN / "src/programs" / HOST, root / "usr/bin")
    for path in ("bin/atoll-host", "bin/atoll-provision", "libexec/atoll-provision-early",
                 "libexec/atoll-provision-due"):
        run("strip", root / "usr" / path)
    debian = root / "DEBIAN"
    debian.mkdir()
    depends = packages_of(PLAIN / "src/programs" / name for name in (*PROGRAMS, HOST))
    (debian / "control").write_text(
        "Package: atoll-provision\nVersion: 1\nArchitecture: amd64\nDescription: test\n"
        f"Maintainer: Nobody <nobody@example.org>\nDepends: {', '.join(depends)}\n")
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-b", root,
        directory / "atoll-provision_1_amd64.deb")


def make_masks(directory, work):
    """A package that masks units, too many for the kernel's command line, and has patience."""
    root = work / "masks"
    units = root / "etc/systemd/system"
    units.mkdir(parents=True)
    for unit in MASKED:
        (units / unit).symlink_to("/dev/null")
    # a minute of an idle machine is many of a busy one
    patient = units / "systemd-networkd-wait-online.service.d"
    patient.mkdir()
    (patient / "patient.conf").write_text(
        "[Service]\nExecStart=\nExecStart=/lib/systemd/systemd-networkd-wait-online --timeout=900\n")
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(
        "Package: masks\nVersion: 1\nArchitecture: all\nDescription: test\n"
        "Maintainer: Nobody <nobody@example.org>\n")
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-b", root, directory / "masks_1_all.deb")


def make_disk(path, minimal):
    repo, work = path / "repo", path / "work"
    repo.mkdir()
    work.mkdir()
    make_package(repo, work)
    make_masks(repo, work)
    local.index(repo)
    state = local.copy_state(minimal, path / "state")
    manifest = path / "provision.yaml"
    manifest.write_text(json.dumps({
        "include": str(SOURCE / "examples/debian-12-minimal.yaml"), "ref": REF,
        "repos": [local.Compose.repo("atoll", repo)], "packages": ["atoll-provision", "masks", *TOOLS],
        "initramfs-args": INITRAMFS_ARGS}))
    run(BUILD / "src/programs/atoll", "compose", manifest, "--state", state, "--quiet", timeout=1800)
    hashed = run("openssl", "passwd", "-6", "-salt", "atoll", PASSWORD).stdout.strip()
    run(BUILD / "src/programs/atoll", "image", REF, "--state", state, "--output",
        path / "disk.qcow2", "--quiet", "--root-password-hash", hashed,
        *(f"--karg={karg}" for karg in KARGS), timeout=900, env=with_whole_stacks())
    shutil.rmtree(state)
    shutil.rmtree(work)


@pytest.fixture(scope="session")
def provision_disk(request, tmp_path_factory, worker_id):
    """Its path; boot it with `snapshot`. root's password is PASSWORD."""
    if not request.config.getoption("--provision-boots"):
        pytest.skip("boots of a whole host: --provision-boots")
    minimal, _ref = request.getfixturevalue("minimal_commit")
    path = local.once(local.session_dir(tmp_path_factory, worker_id), "provision-disk",
                      lambda path: make_disk(path, minimal))
    return path / "disk.qcow2"
