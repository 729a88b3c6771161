# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole host out of rpms: the same files as out of debs, the same initramfs, and it boots."""
import json
import os

import pytest
import yaml

import rpmhost
from conftest import BUILD, SOURCE, run
from hostimage import boot_and_keep_the_previous, hash_password, make_image

ATOLL = BUILD / "src/programs/atoll"
EXAMPLE = SOURCE / "examples/debian-12-minimal.yaml"
VAR = "/usr/lib/tmpfiles.d/atoll-var.conf"
# what either format's programs know of what is installed, the keys that sign, and what a test of
# its own compares
OWN = ("/usr/lib/sysimage/", "/usr/share/rpm", "/usr/share/atoll/", VAR,
       "/usr/share/ostree/trusted.ed25519.d/")


def listing(state, ref):
    """What each path is: type, mode, owner, size, digest (of files with capabilities and all)."""
    rows = {}
    text = run("ostree", f"--repo={state / 'repo'}", "ls", "-R", "-C", "-X", ref).stdout
    for line in text.splitlines():
        fields, slash, path = line.partition(" /")
        path = slash.strip() + path
        # a folder's digest is one of all that is in it
        is_folder = line.startswith("d")
        rows[path] = fields.split()[:3] if is_folder else fields.split()
    return rows


@pytest.fixture(scope="module")
def commit(minimal_commit, tmp_path_factory):
    """The example, of rpms: its state directory and its ref."""
    if os.geteuid() != 0:
        pytest.skip("packing files with their owners needs root")
    directory = tmp_path_factory.mktemp("rpm-host")
    repository = rpmhost.repository(*minimal_commit, directory)
    manifest = yaml.safe_load(EXAMPLE.read_text())
    # of documentation only the licences are left, which a tree of rpms would go without
    kept = ("recommends", "default-target", "units")
    state = directory / "state"
    (directory / "host.yaml").write_text(json.dumps({
        "ref": "test/rpm-host", "automatic-version-prefix": "1", "packages": ["kernel-core"],
        "repos": [{"name": "host", "type": "rpm", "trusted": True, "url": f"file://{repository}"}],
        **{key: manifest[key] for key in kept}}))
    run(ATOLL, "compose", directory / "host.yaml", "--state", state, "--quiet", timeout=1800)
    yield state, "test/rpm-host"
    run("rm", "-rf", "--one-file-system", directory)


def test_same_files_as_of_debs(commit, minimal_commit):
    """All that scripts of debs made is in an rpm's payload here, so nothing may differ; dracut,
    depmod and ldconfig come to the same bytes."""
    rpms, debs = (
        {path: row for path, row in listing(*one).items() if not path.startswith(OWN)}
        for one in (commit, minimal_commit))
    assert {path: (rpms.get(path), debs.get(path)) for path in rpms.keys() | debs.keys()
            if rpms.get(path) != debs.get(path)} == {}
    assert any(path.endswith("/initramfs.img") for path in rpms)


def test_same_var_as_of_debs(commit, minimal_commit):
    """Where it starts out, in whatever order; but for the links to the packages' databases."""
    rpms, debs = (
        {line.replace(" root root ", " 0 0 ") for line in
         run("ostree", f"--repo={state / 'repo'}", "cat", ref, VAR).stdout.splitlines()}
        for state, ref in (commit, minimal_commit))
    assert rpms - debs == {"L /var/lib/rpm - - - - ../../usr/lib/sysimage/rpm"}
    assert debs - rpms == {"L /var/lib/dpkg - - - - ../../usr/lib/sysimage/dpkg"}


def test_boots_and_keeps_the_previous(commit, tmp_path):
    """On UEFI; test_image.py has the same on BIOS."""
    disk = tmp_path / "disk.qcow2"
    make_image(*commit, disk, hash_password())
    boot_and_keep_the_previous(disk, "uefi", tmp_path / "console.log")
