# SPDX-License-Identifier: LGPL-2.1-or-later
"""The merge of /etc at shutdown, held against libostree's own on trees made at random."""
import os
import random
import shutil

import pytest

from conftest import BUILD, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="files of other owners need root")

MERGE = BUILD / "tests/support/merge-etc"
N_TREES = 100
WORDS = ["one\n", "two\n", "", "longer than the others\n"]


class Trees:
    """Makes three trees that are alike here and there: what the defaults were, what has become of
    them, and what they are in the next version. A tree is None, ("file", text, mode, owner),
    ("link", target) or ("dir", mode, {name: tree})."""

    def __init__(self, seed):
        self.dice = random.Random(seed)

    def leaf(self):
        if self.dice.random() < 0.2:
            return "link", self.dice.choice(["a", "../b", "/nowhere"])
        return "file", self.dice.choice(WORDS), self.dice.choice([0o644, 0o600, 0o4755]), self.dice.choice([0, 12])

    def node(self, kind, depth):
        if kind == "dir" and depth > 0:
            return "dir", self.dice.choice([0o755, 0o700, 0o1777]), {}
        return None if kind == "none" else self.leaf()

    def make(self, depth=3, wanted=(True, True, True)):
        """The three of one name, each None where it is not wanted: none of which libostree refuses
        or treats otherwise than we do."""
        while True:
            old = self.node(self.dice.choice(["none", "leaf", "leaf", "dir", "dir"]), depth)
            local, new = (old if self.dice.random() < 0.5 else
                          self.node(self.dice.choice(["none", "leaf", "dir"]), depth)
                          for _ in range(2))
            three = [(*tree[:2], {}) if kind_of(tree) == "dir" else tree
                     for tree in (old, local, new)]
            three = [tree if is_wanted else None for tree, is_wanted in zip(three, wanted)]
            if not refused(*map(kind_of, three), three[0] == three[1]):
                break
        are_dirs = [kind_of(tree) == "dir" for tree in three]
        for number in range(self.dice.randrange(4) if any(are_dirs) else 0):
            for tree, child in zip(three, self.make(depth - 1, are_dirs)):
                if child is not None:
                    tree[2][f"n{number}"] = child
        return three


def kind_of(tree):
    return "none" if tree is None else "dir" if tree[0] == "dir" else "leaf"


def refused(old, local, new, is_same):
    """A file where the next version has a directory, and the other way round, are conflicts; a
    directory in the place of a file is what libostree forgets."""
    if local == "leaf" and new == "dir":
        return not is_same
    if local == "dir" and old == "dir":
        return new == "leaf"
    return local == "dir" and old == "leaf" and new == "dir"


def write(path, tree):
    if tree[0] == "link":
        path.symlink_to(tree[1])
    elif tree[0] == "file":
        path.write_text(tree[1])
        os.chown(path, tree[3], tree[3])
        path.chmod(tree[2])
        if tree[1] == "two\n":
            os.setxattr(path, "user.test", b"value")
    else:
        path.mkdir(exist_ok=True)
        for name, child in tree[2].items():
            write(path / name, child)
        path.chmod(tree[1])


def read(root):
    """All that a merge is about, by path."""
    found = {}
    for directory, dirs, files in os.walk(root):
        for name in dirs + files:
            path = os.path.join(directory, name)
            st = os.lstat(path)
            content = os.readlink(path) if os.path.islink(path) else None
            if os.path.isfile(path) and content is None:
                with open(path, encoding="utf-8") as file:
                    content = file.read()
            found[os.path.relpath(path, root)] = (
                st.st_mode, st.st_uid, st.st_gid, content,
                None if os.path.islink(path) else sorted(os.listxattr(path)))
    return found


def merge(*trees, status=0):
    return run(MERGE, *trees, status=status)


class Libostree:
    """A sysroot on which libostree deploys and merges."""

    def __init__(self, directory):
        self.root, self.directory = directory / "sysroot", directory
        self.root.mkdir()
        run("ostree", "admin", "init-fs", self.root)
        run("ostree", "admin", f"--sysroot={self.root}", "os-init", "test")

    def deploy(self, tree):
        content = self.directory / "content"
        shutil.rmtree(content, ignore_errors=True)
        kernel = content / "usr/lib/modules/1/vmlinuz"
        kernel.parent.mkdir(parents=True)
        kernel.write_text("kernel\n")
        (content / "usr/lib/os-release").write_text("ID=test\n")
        write(content / "usr/etc", tree)
        run("ostree", "commit", f"--repo={self.root}/ostree/repo", "-b", "test", f"--tree=dir={content}")
        run("ostree", "admin", f"--sysroot={self.root}", "deploy", "--os=test", "test",
            env=os.environ | {"OSTREE_SYSROOT_DEBUG": "mutable-deployments"})
        commit = run("ostree", "rev-parse", f"--repo={self.root}/ostree/repo", "test").stdout.strip()
        return max((self.root / "ostree/deploy/test/deploy").glob(f"{commit}.?"))


@pytest.mark.parametrize("seed", range(5))
def test_as_libostree(tmp_path, seed):
    trees = Trees(seed)
    three = [("dir", 0o755, {}) for _ in range(3)]
    for number in range(N_TREES):
        for tree, one in zip(three, trees.make()):
            if one is not None:
                tree[2][f"t{number}"] = one
    libostree = Libostree(tmp_path)
    first = libostree.deploy(three[0])
    shutil.rmtree(first / "etc")
    write(first / "etc", three[1])
    second = libostree.deploy(three[2])
    run("cp", "-a", second / "usr/etc", tmp_path / "etc")
    done = merge(first / "usr/etc", first / "etc", tmp_path / "etc")
    mine, its = read(tmp_path / "etc"), read(second / "etc")
    assert {path: (mine.get(path), its.get(path)) for path in mine.keys() | its.keys()
            if mine.get(path) != its.get(path)} == {}
    assert int(done.stdout.split()[0]) > 10 and int(done.stdout.split()[2]) > 0
    # and once more, as after a failure
    merge(first / "usr/etc", first / "etc", tmp_path / "etc")
    assert read(tmp_path / "etc") == mine


@pytest.fixture
def three(tmp_path):
    """three(defaults, local, new) writes the trees and merges; the merged one."""
    def make(*trees, status=0):
        paths = [tmp_path / name for name in ("defaults", "local", "new")]
        for path, tree in zip(paths, trees):
            write(path, ("dir", 0o755, tree))
        done = merge(*paths, status=status)
        return done.stderr if status else paths[2]
    return make


def file(text):
    return "file", text, 0o644, 0


def test_what_libostree_loses(three):  # pylint: disable=redefined-outer-name
    """A directory here in the place of a default file, where the next version has one too."""
    merged = three({"a": file("one\n")}, {"a": ("dir", 0o700, {"mine": file("kept\n")})},
                   {"a": ("dir", 0o755, {"its": file("new\n")})})
    assert (merged / "a/mine").read_text() == "kept\n" and (merged / "a/its").read_text() == "new\n"
    assert (merged / "a").stat().st_mode & 0o7777 == 0o700


def test_conflicts(three):  # pylint: disable=redefined-outer-name
    told = three({"a": ("dir", 0o755, {"b": file("one\n")})}, {"a": ("dir", 0o755, {"b": file("two\n")})},
                 {"a": ("dir", 0o755, {"b": ("dir", 0o755, {})})}, status=1)
    assert told == "merge-etc: ‘/etc/a/b’ is a file here and a directory in the new image\n"


def test_a_file_above(three):  # pylint: disable=redefined-outer-name
    told = three({"a": ("dir", 0o755, {})}, {"a": ("dir", 0o755, {"b": file("two\n")})},
                 {"a": file("one\n")}, status=1)
    assert told == "merge-etc: opening the new ‘/etc/a’: Not a directory\n"


def test_links_are_not_followed(three, tmp_path):  # pylint: disable=redefined-outer-name
    """Neither out of the new tree nor out of the local one."""
    (tmp_path / "outside").mkdir()
    outside = "link", str(tmp_path / "outside")
    told = three({"a": ("dir", 0o755, {})}, {"a": ("dir", 0o755, {"b": file("two\n")})},
                 {"a": outside}, status=1)
    assert "opening the new ‘/etc/a’: " in told
    assert not list((tmp_path / "outside").iterdir())


def test_special_files(three, tmp_path):  # pylint: disable=redefined-outer-name
    """They take nothing's place."""
    (tmp_path / "local").mkdir()
    os.mkfifo(tmp_path / "local/a")
    merged = three({"a": file("one\n")}, {}, {"a": file("two\n")})
    assert (merged / "a").read_text() == "two\n"


def test_a_large_file(three):  # pylint: disable=redefined-outer-name
    """Larger than what is read at once, other in its last byte."""
    text = "x" * 200_000
    merged = three({"a": file(text + "y"), "b": file(text)}, {"a": file(text + "z"), "b": file(text)},
                   {"a": file("new\n"), "b": file("new\n")})
    assert (merged / "a").read_text() == text + "z" and (merged / "b").read_text() == "new\n"
