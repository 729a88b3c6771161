# SPDX-License-Identifier: LGPL-2.1-or-later
"""Configs that Debian's ignition and atoll-provision both apply, and the roots that they start
from."""
import base64
import gzip
import hashlib
import os


def config(version="3.3.0", **sections):
    ignition = {"version": version, **sections.pop("ignition", {})}
    return {"ignition": ignition, **sections}


def data(text):
    return "data:;base64," + base64.b64encode(text.encode()).decode()


def packed(text):
    return ("data:;base64,"
            + base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode())


def digest(text, kind="sha512"):
    return {"hash": kind + "-" + hashlib.new(kind, text.encode()).hexdigest()}


FILES = config(storage={
    "directories": [
        {"path": "/srv/plain"}, {"path": "/srv/mode", "mode": 0o700},
        {"path": "/srv/owned", "user": {"id": 33}, "group": {"name": "www-data"}},
        {"path": "/old/dir", "mode": 0o711}, {"path": "/old/dir2"},
        {"path": "/old/full", "overwrite": True}],
    "files": [
        {"path": "/etc/plain", "contents": {"source": "data:,hello%0A"}},
        {"path": "/etc/mode", "mode": 0o600, "contents": {"source": data("x")}},
        {"path": "/etc/hash", "contents": {"source": data("hello"),
                                           "verification": digest("hello")}},
        {"path": "/etc/hash256", "contents": {"source": data("hello"),
                                              "verification": digest("hello", "sha256")}},
        {"path": "/etc/packed", "contents": {"source": packed("hello"), "compression": "gzip",
                                             "verification": digest("hello")}},
        {"path": "/a/b/c/deep", "contents": {"source": data("deep")}},
        {"path": "/etc/empty"}, {"path": "/etc/empty2", "contents": {"source": ""}},
        {"path": "/old/file", "overwrite": True, "contents": {"source": data("new")}},
        {"path": "/old/keep"}, {"path": "/old/keepmode", "mode": 0o640},
        {"path": "/old/append", "append": [{"source": data("1\n")}, {"source": data("2\n")}]},
        {"path": "/etc/appendnew", "append": [{"source": data("1\n")}]},
        {"path": "/etc/both", "contents": {"source": data("0\n")},
         "append": [{"source": packed("1\n"), "compression": "gzip"}]},
        {"path": "/old/link", "overwrite": True, "contents": {"source": data("not a link")}},
        {"path": "/old/through/file", "contents": {"source": data("via a link")}},
        {"path": "/etc/owner", "user": {"name": "www-data"}, "group": {"id": 12},
         "mode": 0o4755, "contents": {"source": data("x")}}],
    "links": [
        {"path": "/srv/link", "target": "../etc/plain"},
        {"path": "/srv/deep/link", "target": "/nowhere", "user": {"id": 33}},
        {"path": "/old/link2", "target": "/elsewhere", "overwrite": True},
        {"path": "/srv/hard", "target": "/etc/plain", "hard": True}]})

USERS = config(
    passwd={
        "groups": [{"name": "one", "gid": 700}, {"name": "sys", "system": True},
                   {"name": "gone", "shouldExist": False},
                   {"name": "missing", "shouldExist": False}],
        "users": [
            {"name": "core", "sshAuthorizedKeys": ["ssh-ed25519 AAAA a", "ssh-ed25519 AAAB b"],
             "groups": ["one", "sudo"]},
            {"name": "full", "uid": 1500, "gecos": "Full Name", "homeDir": "/srv/full",
             "primaryGroup": "one", "shell": "/bin/sh", "passwordHash": "$6$salt$hash"},
            {"name": "nohome", "noCreateHome": True, "noUserGroup": True},
            {"name": "daemon2", "system": True},
            {"name": "old", "groups": ["one"], "shell": "/bin/dash",
             "sshAuthorizedKeys": ["ssh-ed25519 AAAC c"]},
            {"name": "oldpw", "passwordHash": "$6$other$hash"},
            {"name": "leaver", "shouldExist": False},
            {"name": "nobody2", "shouldExist": False},
            {"name": "root", "sshAuthorizedKeys": ["ssh-ed25519 AAAD d"]}]},
    storage={"files": [{"path": "/srv/core", "user": {"name": "core"}, "group": {"name": "one"},
                        "contents": {"source": data("x")}}]})

UNITS = config(systemd={"units": [
    {"name": "a.service", "enabled": True,
     "contents": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"},
    {"name": "b.service", "mask": True}, {"name": "c.service", "enabled": False},
    {"name": "e.service", "dropins": [{"name": "10-a.conf", "contents": "[Service]\nNice=1\n"}]},
    {"name": "masked.service", "mask": False}]})

MERGED = config(
    ignition={"config": {"merge": [
        {"source": data('{"ignition": {"version": "3.1.0"}, "storage": {"files": [{"path": '
                        '"/etc/a", "mode": 384, "contents": {"source": "data:,child"}}, {"path": '
                        '"/etc/c", "contents": {"source": "data:,c"}}], "links": [{"path": '
                        '"/etc/l", "target": "x"}]}}')},
        {"source": packed('{"ignition": {"version": "3.0.0"}, "passwd": {"users": [{"name": '
                          '"core", "sshAuthorizedKeys": ["ssh-ed25519 AAAB b"]}]}}'), "compression": "gzip"}]}},
    passwd={"users": [{"name": "core", "sshAuthorizedKeys": ["ssh-ed25519 AAAA a"], "gecos": "G"}]},
    storage={"files": [{"path": "/etc/a", "contents": {"source": "data:,parent"},
                        "user": {"id": 33}},
                       {"path": "/etc/b", "contents": {"source": "data:,b"}},
                       {"path": "/etc/l", "contents": {"source": "data:,l"}}]})

REPLACED = config(
    ignition={"config": {"replace": {"source": data(
        '{"ignition": {"version": "3.2.0"}, "storage": {"files": [{"path": "/etc/new"}]}}')}}},
    storage={"files": [{"path": "/etc/old"}]})

GOOD = {"files": FILES, "users": USERS, "units": UNITS, "merged": MERGED, "replaced": REPLACED}

# what both refuse, and nothing of it may be half done where it matters
REFUSED = {
    "hash": config(storage={"files": [{"path": "/etc/x", "contents": {
        "source": data("x"), "verification": digest("y")}}]}),
    "exists": config(storage={"files": [{"path": "/old/file", "contents": {
        "source": data("x")}}]}),
    "no-user": config(storage={"files": [{"path": "/etc/x", "user": {"name": "nosuch"}}]}),
    "not-packed": config(storage={"files": [{"path": "/etc/x", "contents": {
        "source": data("x"), "compression": "gzip"}}]}),
    "directory-is-file": config(storage={"directories": [{"path": "/old/file"}]}),
    "link-exists": config(storage={"links": [{"path": "/old/file", "target": "x"}]}),
}


def make_root(root):
    """A small root with a user database of its own, and the things that configs run into."""
    for name in ("etc/selinux", "etc/skel", "etc/default", "home", "old/full", "old/dir",
                 "old/dir2", "old/target", "root", "usr/lib", "var", "srv",
                 "etc/systemd/system"):
        (root / name).mkdir(parents=True)
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/bin/sh\n"
                      "old:x:1000:1000:Old:/home/old:/bin/bash\n"
                      "oldpw:x:1001:1001::/home/oldpw:/bin/sh\n"
                      "leaver:x:1002:1002::/home/leaver:/bin/sh\n",
        "etc/group": "root:x:0:\nsudo:x:27:\nwww-data:x:33:\nman:x:12:\nusers:x:100:\n"
                     "old:x:1000:\noldpw:x:1001:\nleaver:x:1002:\ngone:x:900:\n",
        "etc/shadow": "root:*:19000:0:99999:7:::\nwww-data:*:19000:0:99999:7:::\n"
                      "old:$6$keep$keep:19000:0:99999:7:::\noldpw:!:19000:0:99999:7:::\n"
                      "leaver:!:19000:0:99999:7:::\n",
        "etc/gshadow": "root:*::\nsudo:*::\nwww-data:*::\nman:*::\nusers:*::\nold:!::\n"
                       "oldpw:!::\nleaver:!::\ngone:!::\n",
        "etc/login.defs": "UID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 100\nSYS_UID_MAX 999\n"
                          "GID_MIN 1000\nGID_MAX 60000\nSYS_GID_MIN 100\nSYS_GID_MAX 999\n"
                          "PASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\n"
                          "UMASK 022\nHOME_MODE 0700\nUSERGROUPS_ENAB yes\nENCRYPT_METHOD SHA512\n",
        "etc/default/useradd": "SHELL=/bin/bash\n",
        "etc/selinux/config": "SELINUX=disabled\nSELINUXTYPE=none\n",
        "etc/skel/.profile": "profile\n",
        "old/file": "old\n", "old/keep": "kept\n", "old/keepmode": "kept\n",
        "old/append": "0\n", "old/full/inside": "x",
    }
    for name, text in files.items():
        (root / name).write_text(text)
    for name, uid in (("old", 1000), ("oldpw", 1001), ("leaver", 1002)):
        (root / "home" / name).mkdir()
        os.chown(root / "home" / name, uid, uid)
    (root / "etc/shadow").chmod(0o640)
    (root / "etc/gshadow").chmod(0o640)
    (root / "old/dir").chmod(0o750)
    (root / "old/dir2").chmod(0o750)
    (root / "old/keep").chmod(0o604)
    (root / "old/link").symlink_to("target")
    (root / "old/link2").symlink_to("target")
    (root / "old/through").symlink_to("/old/target")
    (root / "etc/systemd/system/masked.service").symlink_to("/dev/null")
