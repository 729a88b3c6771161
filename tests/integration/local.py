# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a compose test starts from: packages, a repository of them on disk, a state directory."""
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import textwrap

import pytest

from conftest import BUILD, SOURCE, run

ATOLL = BUILD / "src/programs/atoll"
# Debian's essential packages, and what the crafted ones need to make users.
BASE_PACKAGES = ["passwd"]
# What a compose of them says besides.
NOTE = "atoll: no package brings a kernel: this tree will not boot\n"


def make_deb(directory, name, version="1.0", *, files=None, scripts=None, **fields):
    """Builds NAME_VERSION.deb in @directory. @files: path to text or bytes, or (text, mode)."""
    control = {"Package": name, "Version": version, "Architecture": "all",
               "Maintainer": "Nobody <nobody@example.org>", "Description": "test",
               **{key.replace("_", "-"): value for key, value in fields.items()}}
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{name}_{version}.deb"
    with tempfile.TemporaryDirectory(dir=directory) as work:
        root = pathlib.Path(work) / "root"
        debian = root / "DEBIAN"
        debian.mkdir(parents=True)
        (debian / "control").write_text(
            "".join(f"{key}: {value}\n" for key, value in control.items()))
        for script, text in (scripts or {}).items():
            path = debian / script
            path.write_text(textwrap.dedent(text))
            path.chmod(0o644 if script == "conffiles" else 0o755)
        for path, content in (files or {}).items():
            text, mode = content if isinstance(content, tuple) else (content, 0o644)
            target_file = root / path.lstrip("/")
            target_file.parent.mkdir(parents=True, exist_ok=True)
            target_file.write_bytes(text if isinstance(text, bytes) else text.encode())
            target_file.chmod(mode)
        for path in [root, *root.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        # built again, it is the same file again: trees say by which files they were made
        run("dpkg-deb", "--root-owner-group", "-Zgzip", "-b", root, target,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1000000000"})
    return target


def index(directory):
    """Writes Packages of all .deb files in @directory."""
    packages = run("dpkg-scanpackages", "--multiversion", ".", cwd=directory).stdout
    (directory / "Packages").write_text(packages)
    return packages


def sign(directory, home, key, suite="test", options=()):
    """Writes InRelease over @directory's Packages; @options are gpg's."""
    text = run("apt-ftparchive", "-o", f"APT::FTPArchive::Release::Suite={suite}", "release", ".",
               cwd=directory).stdout
    (directory / "Release").write_text(text)
    (directory / "InRelease").unlink(missing_ok=True)
    run("gpg", "--homedir", home, "--batch", *options, "--local-user", key, "--clearsign", "--output",
        directory / "InRelease", directory / "Release")
    (directory / "Release").unlink()


def make_key(home, name, options=(), expires="never"):
    """A signing key in the keyring directory @home; returns the exported public key's path."""
    run("gpg", "--homedir", home, "--batch", *options, "--pinentry-mode", "loopback",
        "--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", expires)
    public = pathlib.Path(home) / (name.split("@")[0] + ".gpg")
    public.write_bytes(run("gpg", "--homedir", home, "--batch", "--export", name,
                           text=False).stdout)
    return public


class Lock:
    """One pytest-xdist worker at a time, across the whole session."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.file = open(self.path, "w", encoding="utf-8")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *ignored):
        self.file.close()


def session_dir(tmp_path_factory, worker_id):
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def once(directory, name, make):
    """Makes the directory @name below @directory by make(path), in one worker of the session."""
    path = directory / name
    with Lock(directory / f"{name}.lock"):
        if not path.exists():
            partial = directory / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            make(partial)
            partial.rename(path)
    return path


def relax_priorities(text):
    """Leaves the essential packages as all that a tree must have: it is configured sooner."""
    return text.replace("Priority: required", "Priority: optional")


def fetch(path, packages):
    """Real packages, with what they depend on, from the machine's own apt sources; indexed."""
    manifest = path / "fetch.yaml"
    manifest.write_text(json.dumps({"ref": "fetch", "repos": ["host-apt"], "recommends": False,
                                    "packages": packages}))
    state = path / "state"
    run(ATOLL, "compose", manifest, "--state", state, "--quiet", timeout=900)
    for deb in sorted((state / "cache/packages").glob("*.deb")):
        name = run("dpkg-deb", "--show", "--showformat", "${Package}_${Version}_${Architecture}",
                   deb).stdout.replace(":", "%3a")
        deb.rename(path / f"{name}.deb")
    shutil.rmtree(state)
    manifest.unlink()
    return index(path)


def fetch_base(path):
    """The packages that every test tree is made of."""
    (path / "Packages").write_text(relax_priorities(fetch(path, BASE_PACKAGES)))


def signed_repository(compose, keyring, who, date):
    """The base packages and one more, with a Release that says when it was made, signed by `who`."""
    key = make_key(keyring, who)
    folder = compose.directory / "dated"
    folder.mkdir()
    for deb in compose.base.glob("*.deb"):
        os.link(deb, folder / deb.name)
    make_deb(folder, "both", files={f"/usr/share/both/{name}": name for name in "zyxwabc"},
                   scripts={"postinst": "#!/bin/sh\nls -U /usr/share/both > /dev/null\n"
                                        "useradd --system both\n"})
    (folder / "Packages").write_text(relax_priorities(index(folder)))
    text = run("apt-ftparchive", "-o", "APT::FTPArchive::Release::Suite=test", "release", ".",
               cwd=folder).stdout
    lines = [f"Date: {date}" if line.startswith("Date:") else line for line in text.splitlines()]
    (folder / "Release").write_text("\n".join(lines) + "\n")
    run("gpg", "--homedir", keyring, "--batch", "--local-user", who, "--clearsign",
        "--output", folder / "InRelease", folder / "Release")
    (folder / "Release").unlink()
    return {"name": "dated", "type": "deb", "url": f"file://{folder}", "suites": "./",
            "keyring": str(key)}


class Compose:
    """Composes of one test: a manifest, its own repository beside the base one, a state."""

    def __init__(self, directory, base, state):
        self.directory = directory
        self.base = base
        self.state = state
        self.local = directory / "local"
        self.local.mkdir()
        (self.local / "Packages").write_text("")
        self.manifest = directory / "tree.yaml"
        self.keys = {
            "ref": "test/tree",
            "repos": [self.repo("base", base), self.repo("local", self.local)],
            "packages": [],
            "automatic-version-prefix": "12",
            "documentation": False,
        }

    @staticmethod
    def repo(name, path, **extra):
        return {"name": name, "type": "deb", "url": f"file://{path}", "suites": "./",
                **(extra or {"trusted": True})}

    def add(self, name, version="1.0", **options):
        """A crafted package, in the repository and in the manifest."""
        deb = make_deb(self.local, name, version, **options)
        index(self.local)
        if name not in self.keys["packages"]:
            self.keys["packages"].append(name)
        return deb

    def write(self, **changes):
        """Writes the manifest; a key that is None is left out."""
        self.keys |= {key.replace("_", "-"): value for key, value in changes.items()}
        self.manifest.write_text(json.dumps(
            {key: value for key, value in self.keys.items() if value is not None}, indent=1))
        return self.manifest

    def argv(self, *words):
        return [str(word) for word in (ATOLL, "compose", self.manifest, "--state", self.state,
                                       "--quiet", *words)]

    def run(self, *words, status=0, **options):
        return run(*self.argv(*words), status=status, **options)

    def start(self, *words, **options):
        """The compose as a process of its own group."""
        return subprocess.Popen(self.argv(*words), stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.PIPE, start_new_session=True, **options)

    def make(self, *words, **options):
        """A compose that has to work; its answer."""
        return json.loads(self.run("--json", *words, **options).stdout)

    def fail(self, *words, **options):
        """A compose that has to fail; the one error, without the program's name."""
        before = self.refs()
        result = self.run(*words, status=1, **options)
        error = result.stderr.removeprefix(NOTE)
        assert result.stdout == ""
        assert error.startswith("atoll: ")
        assert error.count("atoll: ") == 1, error
        assert self.refs() == before
        return error[len("atoll: "):]

    @property
    def repository(self):
        return self.state / "repo"

    def refs(self):
        heads = self.repository / "refs/heads"
        return {str(path.relative_to(heads)): path.read_text().strip()
                for path in heads.rglob("*") if path.is_file()} if heads.exists() else {}

    def ostree(self, *words, **options):
        return run("ostree", f"--repo={self.repository}", *words, **options).stdout

    def fsck(self):
        """Both repositories whole, by Debian's own ostree."""
        for name in ("repo", "build"):
            run("ostree", f"--repo={self.state / name}", "fsck", "--quiet")

    def ls(self, path="", ref="test/tree"):
        """Every path below @path: the line that ostree prints for it, without the path."""
        lines = self.ostree("ls", "-R", ref, *([path] if path else [])).splitlines()
        return {line.split(" /", 1)[-1].split(" -> ")[0]: line for line in lines}

    def cat(self, path, ref="test/tree"):
        return self.ostree("cat", ref, path)

    def checkout(self, target, ref="test/tree"):
        run("ostree", f"--repo={self.state / 'build'}", "checkout", "--force-copy", ref, target)
        return target

    def contents(self, ref="test/tree"):
        """Checksum of the root's dirtree and dirmeta: the same for the same content."""
        commit = self.refs()[ref]
        text = self.ostree("ls", "-d", "-C", ref, "/")
        assert commit
        return text.split()[4:6]

    def metadata(self, key, ref="test/tree"):
        return self.ostree("show", f"--print-metadata-key={key}", ref).strip()


def copy_state(source, target):
    """A state directory that has imported the base packages; its objects are never rewritten."""
    run("cp", "-al", source, target)
    for name in ("lock", "build/.lock", "repo/.lock"):
        (target / name).unlink(missing_ok=True)
    return target


@pytest.fixture(scope="session")
def base_packages(tmp_path_factory, worker_id):
    """A flat repository of real packages; kept in the build directory from run to run."""
    cache = BUILD / "integration-packages"
    cache.mkdir(exist_ok=True)
    return once(cache, "base", fetch_base)


@pytest.fixture(scope="session")
def base_state(base_packages, tmp_path_factory, worker_id):
    """A state directory in which the base packages are imported, without a ref."""

    def make(path):
        work = path / "work"
        work.mkdir()
        compose = Compose(work, base_packages, path / "state")
        compose.write(packages=BASE_PACKAGES)
        compose.run(timeout=900)
        for repo in ("build", "repo"):
            shutil.rmtree(path / "state" / repo / "refs/heads/test")
        # copies are made of hard links: the event log, which is rewritten, must not be in them
        for name in ("repo/summary", "lock", "atoll.db", "atoll.db-wal", "atoll.db-shm"):
            (path / "state" / name).unlink(missing_ok=True)
        shutil.rmtree(work)

    return once(session_dir(tmp_path_factory, worker_id), "base-state", make) / "state"


@pytest.fixture
def compose(tmp_path, base_packages, base_state):
    """A Compose whose base packages are imported already."""
    result = Compose(tmp_path, base_packages, copy_state(base_state, tmp_path / "state"))
    result.write(packages=list(BASE_PACKAGES))
    yield result
    shutil.rmtree(result.state, ignore_errors=True)


@pytest.fixture
def fresh_compose(tmp_path, base_packages):
    """A Compose with an empty state directory."""
    result = Compose(tmp_path, base_packages, tmp_path / "state")
    result.write(packages=list(BASE_PACKAGES))
    return result


@pytest.fixture(scope="session")
def minimal_commit(tmp_path_factory, worker_id):
    """The example with a kernel, composed once a session: its state directory and its ref."""
    cache = BUILD / "integration-packages/minimal"

    def make(path):
        state = path / "state"
        (state / "cache").mkdir(parents=True)
        cache.mkdir(parents=True, exist_ok=True)
        run("cp", "-r", cache, state / "cache/packages")
        answer = json.loads(run(ATOLL, "compose", SOURCE / "examples/debian-12-minimal.yaml",
                                "--state", state, "--quiet", "--json", timeout=1800).stdout)
        for deb in (state / "cache/packages").iterdir():
            if deb.suffix == ".deb" and not (cache / deb.name).exists():
                deb.rename(cache / deb.name)
        shutil.rmtree(state / "cache/packages")
        (path / "answer.json").write_text(json.dumps(answer))

    path = once(session_dir(tmp_path_factory, worker_id), "minimal", make)
    return path / "state", json.loads((path / "answer.json").read_text())["ref"]


@pytest.fixture(scope="session")
def keyring():
    """A GnuPG home whose path is short enough for its agent's socket."""
    with tempfile.TemporaryDirectory(prefix="gpg-", dir="/tmp") as home:
        os.chmod(home, 0o700)
        yield home
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
