# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints what is below a directory as JSON: path to [type, mode, uid, gid, capabilities, what it
holds]. A program of its own, so that it can run in a user namespace."""
import hashlib
import json
import os
import stat
import sys


def capabilities(path):
    try:
        return os.getxattr(path, "security.capability", follow_symlinks=False).hex()
    except OSError:
        return ""


def look(path):
    status = os.lstat(path)
    kind, content = "other", ""
    if stat.S_ISLNK(status.st_mode):
        kind, content = "link", os.readlink(path)
    elif stat.S_ISDIR(status.st_mode):
        kind = "dir"
    elif stat.S_ISREG(status.st_mode):
        kind = "file"
        with open(path, "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
    mode = 0 if kind == "link" else stat.S_IMODE(status.st_mode)
    return [kind, f"{mode:04o}", status.st_uid, status.st_gid, capabilities(path), content]


def walk(root):
    found = {}
    for directory, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(directory, name)
            found["/" + os.path.relpath(path, root)] = look(path)
    return found


if __name__ == "__main__":
    json.dump(walk(sys.argv[1]), sys.stdout)
