# SPDX-License-Identifier: LGPL-2.1-or-later
"""A composed tree against mmdebstrap's of the same packages, file by file: type, mode, owner by
name, attributes, link target, content, dpkg's database. Every difference is on a list here, with
its reason, or is a failure; and each line of the list has to be of use."""
import ast
import hashlib
import os
import pathlib
import re
import stat
import subprocess

import pytest

import local
from conftest import BUILD, run

# With users, set-id programs, capabilities, triggers, alternatives, units.
PACKAGES = ["systemd", "systemd-sysv", "libpam-systemd", "dbus", "openssh-server", "chrony",
            "iputils-ping", "ca-certificates", "passwd", "mount", "less", "procps", "cron",
            "usr-is-merged"]

# What a difference is: "ours" (only we have it), "theirs", or the names of what differs.
# (pattern of the path in a running system, pattern of the difference, reason)
EXPECTED = [
    # --- what OSTree wants of a tree (docs/design.md, "/var" and "What a tree adds")
    (r"home|root|opt|srv|mnt|media|usr/local", "ours", "links to where a host may write"),
    (r"usr/lib/sysimage", "ours", "where dpkg's database lies in a tree"),
    (r"var/log/journal", "xattrs", "systemd's own tmpfiles.d sets this access list on a host"),
    (r"(ostree|sysroot)", "ours", "OSTree's own top directories"),
    (r"usr/lib/(tmpfiles|sysusers)\.d/atoll-.*", "ours", "how /var and users start on a host"),
    (r"usr/share/ostree(/.*)?", "ours", "the key that signs the branch"),
    (r"usr/share/factory(/.*)?", "ours", "where tmpfiles.d finds the files of /var"),
    (r"usr/share/atoll(/.*)?", "ours", "the account of what is in the tree"),
    (r"var/(cache|log|tmp|backups)/.*", "theirs", "caches and logs: their programs make them"),
    (r"var/lib/(apt|systemd)(/.*)?", "theirs", "state of one machine"),
    (r"(dev|proc|sys|run|tmp)/.*", "theirs", "file systems of a running machine"),
    (r"usr/lib/systemd/system/(tmp\.mount|local-fs\.target\.wants(/tmp\.mount)?)", "ours",
     "/tmp lies on a read-only root and is a mount"),
    (r"usr/lib/systemd/system/(ssh\.(service|socket)\.wants(/.*)?|atoll-.*)", "ours",
     "host keys are made on the first boot"),
    # --- what belongs to one machine, and would be the same on all
    (r"etc/ssh/ssh_host_.*", "theirs", "host keys are made on the first boot"),
    (r"etc/(machine-id|hostname|resolv\.conf|mtab)", ".*", "of one machine"),
    (r"etc/(passwd|group|shadow|gshadow|subuid|subgid)-", "theirs", "backups of the account files"),
    (r"etc/\.pwd\.lock", "theirs", "a lock"),
    # --- accounts: ids are given in another order; names, members, homes and shells are compared
    (r"etc/(passwd|group|shadow|gshadow)", "content", "compared by name below"),
    # --- what bootstrapping leaves
    (r"etc/apt(/.*)?", "theirs", "where mmdebstrap took the packages from; apt is not in the tree"),
    (r"etc/fstab", "theirs", "empty; a host's disk has its own"),
    (r"var/lib/ucf/.*", "content", "a line a file, in the order in which packages were configured"),
    (r"var/lib/dpkg/(lock.*|triggers/Lock|.*-old|available|cmethopt)", ".*",
     "locks, backups and dselect's files"),
    (r"var/lib/dpkg/arch", "theirs", "mmdebstrap names the architecture that is the only one"),
    (r"var/lib/dpkg/triggers/.*", "content|ours|theirs", "the order of lines; compared below"),
]


class Entry:
    def __init__(self, kind, mode, owner, xattrs, content):
        self.type, self.mode, self.owner, self.xattrs, self.content = \
            kind, mode, owner, xattrs, content

    def differences(self, other):
        if self.type != other.type:
            return ["type"]
        names = ["owner", "xattrs", "content"] if self.type == "l" else [
            "mode", "owner", "xattrs", "content"]
        return [name for name in names if getattr(self, name) != getattr(other, name)]


def names_of(text):
    return {int(line.split(":")[2]): line.split(":")[0] for line in text.splitlines() if line}


def read_directory(root):
    """Every path below @root; owners by the root's own passwd."""
    users = names_of((root / "etc/passwd").read_text())
    groups = names_of((root / "etc/group").read_text())
    entries = {}
    for top, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(top, name)
            info = os.lstat(path)
            kind = {stat.S_IFDIR: "d", stat.S_IFREG: "-", stat.S_IFLNK: "l"}.get(
                stat.S_IFMT(info.st_mode), "?")
            content = ""
            if kind == "l":
                content = os.readlink(path)
            elif kind == "-":
                content = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
            xattrs = {key: os.getxattr(path, key, follow_symlinks=False)
                      for key in os.listxattr(path, follow_symlinks=False)} if kind != "l" else {}
            entries[os.path.relpath(path, root)] = Entry(
                kind, stat.S_IMODE(info.st_mode),
                (users.get(info.st_uid, info.st_uid), groups.get(info.st_gid, info.st_gid)),
                xattrs, content)
    return entries


def read_commit(compose, directory):
    """Every path of the commit: what OSTree notes of it, and its content from a checkout."""
    run("ostree", f"--repo={compose.state / 'build'}", "checkout", "-U", "test/tree", directory)
    users = names_of((directory / "usr/etc/passwd").read_text())
    groups = names_of((directory / "usr/etc/group").read_text())
    entries = {}
    line_form = re.compile(r"([dl-])0([0-7]+) (\d+) (\d+) +\d+ \{ (.*?) \} /(.*)")
    for line in compose.ostree("ls", "-R", "-X", "test/tree").splitlines():
        kind, mode, uid, gid, xattrs, path = line_form.fullmatch(line).groups()
        path = path.split(" -> ")[0]
        if not path:
            continue
        content = ""
        if kind == "l":
            content = os.readlink(directory / path)
        elif kind == "-":
            content = hashlib.sha256((directory / path).read_bytes()).hexdigest()
        entries[path] = Entry(kind, int(mode, 8), (users.get(int(uid), uid), groups.get(int(gid), gid)),
                              {} if xattrs == "@a(ayay) []" else read_xattrs(xattrs), content)
    return entries


def read_xattrs(text):
    """GVariant text of one a(ayay): only capabilities are in trees."""
    pairs = re.findall(r"\((b'.*?'|\[.*?\]), (b'.*?'|\[byte .*?\])\)", text)
    decoded = {}
    for name, value in pairs:
        parts = [ast.literal_eval(part) if part.startswith("b") else bytes(
            int(word, 16) for word in re.findall(r"0x([0-9a-f]{2})", part))
                 for part in (name, value)]
        decoded[parts[0].rstrip(b"\0").decode()] = parts[1]
    return decoded


# Where a path of a tree is on a host, and where one of any other system is on a host of OSTree's.
OURS = (("usr/etc", "etc"), ("usr/lib/sysimage/dpkg", "var/lib/dpkg"),
        ("usr/share/factory/var", "var"))
THEIRS = (("home", "var/home"), ("root", "var/roothome"), ("opt", "var/opt"), ("srv", "var/srv"),
          ("mnt", "var/mnt"), ("media", "run/media"), ("usr/local", "var/usrlocal"))


def on_a_host(path, places):
    for inside, outside in places:
        if path == inside or path.startswith(inside + "/"):
            return outside + path[len(inside):]
    return path


def var_of(directory, ours):
    """The directories and links that tmpfiles.d makes in /var, as the tree has no others."""
    text = (directory / "usr/lib/tmpfiles.d/atoll-var.conf").read_text()
    users = names_of((directory / "usr/etc/passwd").read_text())
    groups = names_of((directory / "usr/etc/group").read_text())
    for line in text.splitlines():
        words = line.split()
        if not words or words[0] not in "dL":
            continue
        path = words[1].lstrip("/")
        if words[0] == "d":
            ours[path] = Entry("d", int(words[2], 8),
                               (users.get(int(words[3]), words[3]) if words[3].isdigit() else words[3],
                                groups.get(int(words[4]), words[4]) if words[4].isdigit() else words[4]),
                               {}, "")
        elif words[0] == "L":
            ours.setdefault(path, Entry("l", 0o777, ("root", "root"), {}, words[6]))


@pytest.fixture(scope="module")
def pair(tmp_path_factory, worker_id):
    """(compose, our entries, our directory, their entries, their directory)"""
    if os.geteuid() != 0:
        pytest.skip("mmdebstrap --mode=root needs root")
    cache = BUILD / "integration-packages"
    cache.mkdir(exist_ok=True)
    packages = local.once(cache, "compare", lambda path: local.fetch(path, PACKAGES))
    directory = tmp_path_factory.mktemp("pair")
    compose = local.Compose(directory, packages, directory / "state")
    compose.write(packages=PACKAGES, documentation=None, recommends=False)
    compose.make(timeout=900)
    chosen = [row[0] for row in ast.literal_eval(compose.metadata("atoll.packages"))]
    theirs = directory / "theirs"
    source = directory / "source"
    source.mkdir()
    for deb in packages.glob("*.deb"):
        os.link(deb, source / deb.name)
    (source / "Packages").write_bytes((packages / "Packages").read_bytes())
    (source / "Release").write_text(run(
        "apt-ftparchive", "-o", "APT::FTPArchive::Release::Codename=bookworm", "-o",
        "APT::FTPArchive::Release::Suite=bookworm", "release", ".", cwd=source).stdout)
    run("unshare", "--mount", "--propagation", "private", "--fork", "--kill-child",
        "mmdebstrap", "--mode=root", "--variant=essential", "--format=directory",
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "--include=" + ",".join(chosen),
        "bookworm", theirs, f"deb [trusted=yes] copy:{source} ./", timeout=900)
    tree = directory / "tree"
    ours = {on_a_host(path, OURS): entry for path, entry in read_commit(compose, tree).items()}
    var_of(tree, ours)
    entries = {on_a_host(path, THEIRS): entry for path, entry in read_directory(theirs).items()}
    yield compose, ours, tree, entries, theirs
    subprocess.run(["rm", "-rf", "--one-file-system", theirs, tree], check=False)


def differences(ours, theirs):
    for path in sorted(set(ours) | set(theirs)):
        if path not in theirs:
            yield path, "ours"
        elif path not in ours:
            yield path, "theirs"
        else:
            for name in ours[path].differences(theirs[path]):
                yield path, name


def test_file_by_file(pair):
    _, ours, _, theirs, _ = pair
    assert len(theirs) > 3000
    unexplained, used = [], set()
    for path, what in differences(ours, theirs):
        rows = [number for number, (pattern, kinds, _) in enumerate(EXPECTED)
                if re.fullmatch(pattern, path) and re.fullmatch(kinds, what)]
        used.update(rows[:1])
        if not rows:
            values = ""
            if what not in ("ours", "theirs"):
                values = f": {getattr(ours[path], what)} / {getattr(theirs[path], what)}"
            unexplained.append(f"{path}: {what}{values}")
    assert not unexplained, "\n".join(unexplained)
    unused = [row[0] for number, row in enumerate(EXPECTED) if number not in used]
    assert not unused, "\n".join(unused)


def test_set_id_and_capabilities(pair):
    """That the comparison saw what it is for."""
    _, ours, _, theirs, _ = pair
    for entries in (ours, theirs):
        assert entries["usr/bin/passwd"].mode == 0o4755
        assert entries["usr/bin/ssh-agent"].owner == ("root", "_ssh")
        assert "security.capability" in entries["usr/bin/ping"].xattrs
        assert entries["usr/lib/dbus-1.0/dbus-daemon-launch-helper"].owner == ("root", "messagebus")


def accounts(directory, etc):
    """Everything of the account files but the ids; a gid as the name of its group."""
    groups = names_of((directory / etc / "group").read_text())
    rows = {}
    for name in ("passwd", "group", "shadow", "gshadow"):
        for line in (directory / etc / name).read_text().splitlines():
            fields = line.split(":")
            if name == "passwd":
                fields[2:4] = ["", groups[int(fields[3])]]
            elif name == "group":
                fields[2] = ""
            elif name == "shadow":
                fields[2] = ""  # the day of the last change
            rows[name, fields[0]] = fields
    return rows


def test_accounts(pair):
    _, _, tree, _, theirs = pair
    assert accounts(tree, "usr/etc") == accounts(theirs, "etc")


def database(directory, admindir):
    form = "${Package}\\t${Version}\\t${Architecture}\\t${Status}\\t${Conffiles}\\t${Depends}\\n"
    text = run("dpkg-query", f"--admindir={directory / admindir}", "-W", "-f", form + "\\0").stdout
    return sorted(text.split("\0"))


def test_package_database(pair):
    _, _, tree, _, theirs = pair
    ours = tree / "usr/lib/sysimage/dpkg"
    assert database(tree, "usr/lib/sysimage/dpkg") == database(theirs, "var/lib/dpkg")
    for name in ("diversions", "statoverride", "triggers/File"):
        mine, other = [sorted((path / name).read_text().splitlines()) if (path / name).exists()
                       else [] for path in (ours, theirs / "var/lib/dpkg")]
        assert mine == other, name


def test_package_files(pair):
    """dpkg's own list of each package, once paths are merged."""
    _, _, tree, _, theirs = pair
    def lists(path):
        return {file.name: sorted({re.sub(r"^/(bin|sbin|lib\w*)(?=/|$)", r"/usr/\1", line)
                                   for line in file.read_text().splitlines()})
                for file in path.glob("*.list")}
    mine = lists(tree / "usr/lib/sysimage/dpkg/info")
    assert mine == lists(theirs / "var/lib/dpkg/info")
