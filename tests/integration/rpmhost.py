# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host that the tests compose of Debian's packages once more, in two rpms: a kernel as Fedora
packages one, and everything else. No mirror of an rpm distribution can be counted on, and this way a
real kernel, dracut, systemd and boot loader come out of rpms too."""
import os
import pathlib
import stat
import tempfile

import rpmdistro
from conftest import run

# what compose adds to a tree, and must make of rpms once more
MADE = ("usr/share/atoll", "usr/share/ostree/trusted.ed25519.d", "usr/lib/sysimage", "usr/share/factory",
        "usr/lib/tmpfiles.d/atoll-var.conf", "usr/lib/sysusers.d/atoll-ids.conf",
        "usr/lib/systemd/system/tmp.mount", "usr/lib/systemd/system/local-fs.target.wants/tmp.mount")
# of a kernel's folder, what depmod and dracut make
INDEXES = ("modules.dep", "modules.alias", "modules.symbols", "modules.softdep", "modules.devname",
           "modules.builtin.bin", "modules.builtin.alias.bin", "initramfs.img")
MACROS = {**rpmdistro.MACROS, "_binary_payload": "w1.zstdio", "_rpmfilename": "%%{NAME}.rpm"}


def names(tree, file):
    """From numbers to names, as in the tree's own passwd or group."""
    rows = (line.split(":") for line in (tree / "usr/etc" / file).read_text().splitlines())
    return {int(row[2]): row[0] for row in rows}


def list_files(root, users, groups):
    """%files of everything below @root."""
    rows = (line.rsplit(" ", 1) for line in run("/sbin/getcap", "-r", root).stdout.splitlines())
    capabilities = {pathlib.Path(path): text for path, text in rows}
    lines = []
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        mode = "-" if path.is_symlink() else f"{stat.S_IMODE(status.st_mode):04o}"
        kind = "%dir " if stat.S_ISDIR(status.st_mode) else ""
        caps = f"%caps({capabilities[path]}) " if path in capabilities else ""
        lines.append(f"%attr({mode},{users[status.st_uid]},{groups[status.st_gid]}) {kind}{caps}"
                     f'"/{path.relative_to(root)}"')
    return lines


def build_package(name, root, target, head=(), *, users, groups):
    """An rpm of all that is in @root, which is no more there afterwards."""
    with tempfile.TemporaryDirectory(dir=root.parent) as work:
        spec = pathlib.Path(work, f"{name}.spec")
        spec.write_text("\n".join([
            f"Name: {name}", "Version: 1.0", "Release: 1", "Summary: Part of a host", "License: MIT",
            "AutoReqProv: no", *head, "%description", "Part of a host.",
            "%install", "rm -rf %{buildroot}", f"mv {root} %{{buildroot}}",
            "%files", *list_files(root, users, groups)]) + "\n")
        defines = [word for key, value in {**MACROS, "_topdir": work, "_rpmdir": target}.items()
                   for word in ("--define", f"{key} {value}")]
        run("rpmbuild", "-bb", "--quiet", "--target", "x86_64-test-linux", *defines, spec,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(rpmdistro.EPOCH), "HOME": work,
                 "LC_ALL": "C.UTF-8", "TZ": "UTC"})


def split(tree, kernel):
    """The kernel out of @tree, and out of both what a compose makes."""
    (tree / "usr/etc").rename(tree / "etc")
    run("systemd-tmpfiles", f"--root={tree}", "--create", "atoll-var.conf")
    for path in tree.iterdir():
        if path.is_symlink() and path.readlink().parts[0] == "var":
            path.unlink()
            (tree / "var" / path.name if path.name != "root" else tree / "var/roothome").rename(path)
        elif path.is_symlink() and path.readlink().parts[0] != "usr":
            path.unlink()
    for path in MADE:
        run("rm", "-rf", tree / path)
    modules = kernel / "usr/lib/modules"
    modules.parent.mkdir(parents=True)
    (tree / "usr/lib/modules").rename(modules)
    for path in modules.glob("*/*"):
        if path.name.startswith(INDEXES):
            path.unlink()


def repository(state, ref, directory):
    """Lays a repository into @directory of what @ref in @state has in it."""
    tree, kernel, target = directory / "host", directory / "kernel", directory / "repository"
    target.mkdir()
    run("ostree", f"--repo={state / 'repo'}", "checkout", ref, tree)
    owners = {"users": names(tree, "passwd"), "groups": names(tree, "group")}
    split(tree, kernel)
    build_package("host", tree, target, **owners)
    build_package("kernel-core", kernel, target, ["Requires: host"], **owners)
    run("createrepo_c", "--quiet", target)
    return target
