# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small distribution of rpms, built with the machine's rpmbuild: what its packages are is in
rpmdistro_packages.py; this file knows how they are built, and which repository they make."""
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor

import rpmdistro_packages
from conftest import BUILD, run
from rpmdistro_packages import EPOCH

MACROS = {
    "_build_id_links": "none", "debug_package": "%{nil}", "__os_install_post": "%{nil}",
    "_buildhost": "build.example.org", "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1", "source_date_epoch_from_changelog": "0",
    "_binary_payload": "w3.zstdio", "_source_payload": "w3.zstdio", "_host_vendor": "test",
    "_target_os": "linux", "optflags": "-O2", "_use_internal_dependency_generator": "1",
}


def spec(package):
    """The spec file of a package: its files lie ready below %{_sourcedir}/root."""
    lines = [f"Name: {package.name}", f"Version: {package.version}",
             f"Release: {package.release}", f"Summary: {package.summary}",
             f"License: {package.licence}", "AutoReqProv: no"]
    lines += [f"Epoch: {package.epoch}"] if package.epoch else []
    lines += ["BuildArch: noarch"] if package.noarch else []
    lines += package.head
    lines += ["%description", package.summary + ".", "%prep", "%build", "%install",
              "mkdir -p %{buildroot}", "cp -a %{_sourcedir}/root/. %{buildroot}/"]
    for header, text in package.scripts:
        lines += [f"%{header}", text] if text else [f"%{header}"]
    lines += ["%files", *(file.spec_line() for file in package.files)]
    lines += ["%changelog", "* Tue Nov 14 2023 Nobody <nobody@example.org> - 1.0-1",
              f"- {package.name} is new"]
    return "\n".join(lines) + "\n"


def lay_out(package, root):
    """The package's files on disk; owners and modes are the spec file's business."""
    for file in package.files:
        path = root / file.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.directory:
            path.mkdir(exist_ok=True)
        elif file.target is not None:
            path.symlink_to(file.target)
        elif file.same_as is not None:
            os.link(root / file.same_as.lstrip("/"), path)
        elif file.source is not None:
            shutil.copyfile(file.source, path)
        elif not file.missing:
            path.write_bytes(file.content if isinstance(file.content, bytes)
                             else file.content.encode())
        if not file.missing and file.target is None:
            os.utime(path, (EPOCH, EPOCH))


def build_package(package, target):
    """Builds one rpm into the directory @target."""
    with tempfile.TemporaryDirectory() as work:
        top = pathlib.Path(work)
        (top / "SOURCES/root").mkdir(parents=True)
        lay_out(package, top / "SOURCES/root")
        path = top / f"{package.name}.spec"
        path.write_text(spec(package))
        defines = [word for name, value in {**MACROS, "_topdir": top, "_rpmdir": target,
                                            "_rpmfilename": "%%{NAME}-%%{VERSION}-%%{RELEASE}"
                                                            ".%%{ARCH}.rpm"}.items()
                   for word in ("--define", f"{name} {value}")]
        run("rpmbuild", "-bb", "--nodeps", "--quiet", "--target", f"{package.arch}-test-linux", *defines,
            path, env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "HOME": work,
                       "LC_ALL": "C.UTF-8", "TZ": "UTC"})


def digest(packages):
    """Changes with anything that a package is made of."""
    hasher = hashlib.sha256(json.dumps(MACROS).encode())
    for package in packages:
        hasher.update((spec(package) + package.arch).encode())
        for file in package.files:
            hasher.update(repr((file.path, file.content, file.target, file.same_as)).encode())
            if file.source is not None:
                status = os.stat(file.source)
                hasher.update(f"{file.source} {status.st_size} {status.st_mtime_ns}".encode())
    for name in ("rpmdistro.py",):
        hasher.update((pathlib.Path(__file__).parent / name).read_bytes())
    return hasher.hexdigest()[:16]


def build_repository(packages, target, *extra):
    """All rpms in @target, with repodata/ over them."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(lambda package: build_package(package, target), packages))
    run("createrepo_c", "--quiet", "--revision", "1", "--set-timestamp-to-revision", *extra,
        target)


def repository(packages=None):
    """The directory of a repository of @packages (the whole distribution by default), built once
    for as long as nothing that it is made of changes."""
    packages = rpmdistro_packages.all_packages() if packages is None else packages
    cache = BUILD / "tests/rpmdistro"
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / digest(packages)
    with open(cache / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            partial = cache / "partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            build_repository(packages, partial)
            partial.rename(path)
    return path


def repo_file(directory, name, path, **keys):
    """Writes @directory/@name.repo for the repository in @path."""
    text = [f"[{name}]", f"name={name}", f"baseurl=file://{path}", "enabled=1", "gpgcheck=0",
            "repo_gpgcheck=0", *(f"{key}={value}" for key, value in keys.items())]
    target = directory / f"{name}.repo"
    target.write_text("\n".join(text) + "\n")
    return target


def enter(*argv, mounts=False):
    """The command line of a program that sees roots with the owners that their files have."""
    unshare = ["unshare", *(["--mount"] if mounts else []),
               *([] if os.geteuid() == 0 else ["--map-root-user", "--map-auto"])]
    return [*(unshare if len(unshare) > 1 else []), *(str(word) for word in argv)]


def walk(root):
    """What is below @root, see rpmdistro_walk.py."""
    script = pathlib.Path(__file__).with_name("rpmdistro_walk.py")
    return json.loads(run(*enter("/usr/bin/python3", script, root)).stdout)


def rpm(root, *words, status=0):
    """The answer of the root's own rpm."""
    return run(*enter("chroot", root, "/usr/bin/rpm", *words), status=status,
               env={"PATH": "/usr/bin:/usr/sbin", "HOME": "/", "LC_ALL": "C"}).stdout


def dnf_install(root, repo_path, packages, *options, macros=None):
    """dnf --installroot: what the rest of the world makes of the same packages."""
    home = root.parent / f"{root.name}.home"
    home.mkdir()
    (home / ".rpmmacros").write_text("".join(
        f"%{key} {value}\n" for key, value in {"_dbpath": "/usr/lib/sysimage/rpm",
                                               **(macros or {})}.items()))
    (home / "dnf.conf").write_text("[main]\n")
    (root / "dev").mkdir(parents=True)
    for name in ("null", "zero", "urandom"):
        (root / "dev" / name).touch()
    # In mounts of its own: scriptlets need a /dev/null that is one.
    script = ('for d in null zero urandom; do mount --bind /dev/$d "$1/dev/$d" || exit; done\n'
              'shift; exec "$@"')
    argv = ["sh", "-c", script, "sh", root, "dnf", f"--installroot={root}", "--assumeyes",
            f"--repofrompath=distro,file://{repo_path}", "--repoid=distro", "--nogpgcheck",
            "--releasever=1", "--forcearch=x86_64", "--setopt=cachedir=" + str(home / "cache"),
            "--setopt=reposdir=/dev/null", "--setopt=varsdir=/dev/null", f"--config={home / 'dnf.conf'}",
            "--noplugins", *options, "install", *packages]
    return run(*enter(*argv, mounts=True), env={"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                           "SOURCE_DATE_EPOCH": str(EPOCH)})
