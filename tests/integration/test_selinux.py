# SPDX-License-Identifier: LGPL-2.1-or-later
"""Labels of a tree with Debian's own policy, against what matchpathcon says of each path."""
import ast
import json
import pathlib
import re

import pytest

import local
from conftest import run

POLICY = pathlib.Path("/etc/selinux/default/contexts/files")

def add_policy(compose):
    files = {f"/etc/selinux/default/contexts/files/{path.name}": path.read_text()
             for path in POLICY.iterdir() if path.suffix != ".bin" and path.is_file()}
    compose.add("test-policy", files={
        **files, "/etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=default\n",
        "/etc/selinux/aaa/contexts/files/file_contexts": "/.*  system_u:object_r:wrong_t:s0\n",
        "/usr/bin/labelled": ("#!/bin/sh\n", 0o755), "/var/lib/labelled/x": "x",
        "/usr/lib/labelled/with space": "x"})


@pytest.fixture(scope="module")
def labelled(tmp_path_factory, base_packages, base_state):
    if not (POLICY / "file_contexts").exists():
        pytest.skip("selinux-policy-default is not installed")
    directory = tmp_path_factory.mktemp("selinux")
    compose = local.Compose(directory, base_packages,
                            local.copy_state(base_state, directory / "state"))
    compose.write(packages=list(local.BASE_PACKAGES))
    add_policy(compose)
    compose.write()
    compose.answer = compose.make()
    return compose


def read_labels(compose):
    """Path to (mode, label): what ostree says of the published commit."""
    labels = {}
    for line in compose.ostree("ls", "-R", "-X", "test/tree").splitlines():
        match = re.match(r"(.)(\d+) \d+ \d+ +\d+ \{ (.*?) \} (/.*)", line)
        assert match, line
        kind, mode, xattrs, path = match.groups()
        value = re.search(r"b'security\.selinux', (b['\"].*?['\"])\)", xattrs)
        value = value or re.search(r"'security\.selinux'.*?'([a-z_]+:[^']*)'", xattrs)
        path = path.split(" -> ")[0]
        text = value.group(1) if value else None
        if text and text.startswith("b"):
            text = ast.literal_eval(text).decode().rstrip("\0")
        labels[path] = (kind, text)
    return labels


KINDS = {"-": "file", "d": "dir", "l": "link"}  # it reads the first letter


def ask_oracle(folder, paths):
    """matchpathcon with the tree's own files; one call a kind, as there are thousands of paths."""
    wanted = {}
    for kind, name in KINDS.items():
        some = sorted(path for path, (is_kind, _) in paths.items() if is_kind == kind)
        for start in range(0, len(some), 500):
            asked = some[start:start + 500]
            text = run("/usr/sbin/matchpathcon", "-f", folder / "file_contexts", "-m", name, "--",
                       *[re.sub("^/usr/etc(?=/|$)", "/etc", path) for path in asked],
                       status=None).stdout
            answers = [line.split("\t")[-1] for line in text.splitlines()]
            assert len(answers) == len(asked), text[-500:]
            wanted |= dict(zip(asked, answers))
    return wanted


def test_every_label_is_matchpathcons(labelled, tmp_path):
    folder = tmp_path / "policy"
    folder.mkdir()
    for name in ("file_contexts", "file_contexts.homedirs", "file_contexts.subs_dist"):
        (folder / name).write_text(labelled.cat(
            f"/usr/etc/selinux/default/contexts/files/{name}"))
    labels = read_labels(labelled)
    wanted = ask_oracle(folder, labels)
    wrong = {path: (label, wanted[path]) for path, (_, label) in labels.items()
             if (label or "<<none>>") != wanted[path]}
    assert not wrong, list(wrong.items())[:10]
    assert sum(1 for _, label in labels.values() if label) > 1000
    # and a few by hand
    assert labels["/usr/bin/bash"][1] == "system_u:object_r:shell_exec_t:s0"
    assert labels["/usr/etc/shadow"][1] == "system_u:object_r:shadow_t:s0"
    assert labels["/usr/etc/passwd"][1] == "system_u:object_r:etc_t:s0"
    assert labels["/usr/bin/labelled"][1] == "system_u:object_r:bin_t:s0"
    assert "wrong_t" not in str(labels)


def test_homes_are_labelled_as_homes(labelled):
    subs = labelled.cat("/usr/etc/selinux/default/contexts/files/file_contexts.subs_dist")
    assert subs.startswith((POLICY / "file_contexts.subs_dist").read_text())
    assert "/var/home /home\n" in subs


def test_repositories_are_whole(labelled):
    labelled.fsck()


def test_what_stays_is_not_labelled_again(labelled):
    contents = labelled.contents()
    memory = (labelled.state / "cache/selinux-objects").read_text()
    assert len(memory.splitlines()) > 1000
    labelled.make("--force")
    assert labelled.contents() == contents
    # the memory is a cache: without it, and with nonsense in it, the same comes out
    (labelled.state / "cache/selinux-objects").write_text("nonsense\n" + "0" * 64 + " x " + "0" * 64)
    labelled.make("--force")
    assert labelled.contents() == contents


def test_no_labels_when_they_are_not_wanted(compose):
    if not (POLICY / "file_contexts").exists():
        pytest.skip("selinux-policy-default is not installed")
    add_policy(compose)
    compose.write(selinux=False)
    compose.make()
    assert "security.selinux" not in compose.ostree("ls", "-R", "-X", "test/tree")


def test_tree_without_a_policy(compose):
    compose.make()
    assert "security.selinux" not in compose.ostree("ls", "-R", "-X", "test/tree")


def test_broken_policy(compose):
    compose.add("broken", files={"/etc/selinux/x/contexts/files/file_contexts": "/usr/( what\n"})
    compose.write()
    assert "SELinux policy of the tree" in compose.fail()


def test_verify_of_a_labelled_tree(labelled):
    answer = json.loads(run(local.ATOLL, "verify", "--state", labelled.state, "--quiet", "--json",
                            "test/tree").stdout)
    assert answer["reproduced"] is True and answer["differences"] == []
