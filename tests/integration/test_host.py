# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll-host on a real sysroot that is not booted, updating from a real atoll serve."""
import fcntl
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

from conftest import BUILD, run

REF = "atoll/x86_64/stable"
REFSPEC = "origin:" + REF
KERNEL = "6.1.0-test"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="deployments need root")


def sign(repo, commit, seed):
    return run(BUILD / "tests/support/sign-commit", repo, commit, seed).stdout.strip()


def public_key(seed):
    return sign("-", "-", seed)


class Publisher:
    """A published repo whose versions differ by a file or two."""

    def __init__(self, directory):
        self.directory = directory
        self.repo = directory / "published"
        self.count = 0
        run("ostree", "init", f"--repo={self.repo}", "--mode=archive")

    def make_tree(self, version, trusted=(1,), revoked=()):
        tree = self.directory / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        modules = tree / "usr/lib/modules" / KERNEL
        modules.mkdir(parents=True)
        (modules / "vmlinuz").write_text("kernel")
        (modules / "initramfs.img").write_text("initramfs")
        (tree / "usr/etc").mkdir()
        (tree / "usr/etc/conf").write_text("default\n")
        (tree / "usr/lib/os-release").write_text(
            f'NAME=atoll\nID=atoll\nVERSION="{version}"\nPRETTY_NAME="atoll {version}"\n')
        keys = tree / "usr/share/ostree"
        keys.mkdir(parents=True)
        if trusted:
            (keys / "trusted.ed25519").write_text(
                "# keys\n\n" + "".join(public_key(seed) + "\n" for seed in trusted))
        if revoked:
            (keys / "revoked.ed25519.d").mkdir()
            (keys / "revoked.ed25519.d" / "old").write_text(
                "".join(public_key(seed) + "\n" for seed in revoked))
        return tree

    def publish(self, version, *, seed=1, files=None, ref=REF, timestamp=None, extra=(), **keys):
        tree = self.make_tree(version, **keys)
        for name, content in (files or {}).items():
            path = tree / "usr/share" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.count += 1
        when = timestamp or f"2026-01-{self.count:02} 12:00:00 +0000"
        commit = run("ostree", "commit", f"--repo={self.repo}", "-b", ref, "-s", version,
                     f"--add-metadata-string=version={version}", f"--timestamp={when}",
                     "--owner-uid=0", "--owner-gid=0", *extra, tree).stdout.strip()
        if seed is not None:
            sign(self.repo, commit, seed)
        return commit

    def meta(self, commit):
        return self.repo / "objects" / commit[:2] / (commit[2:] + ".commitmeta")


class Host:
    """A sysroot with one deployment of what is published."""

    def __init__(self, sysroot, publisher, url):
        self.sysroot = sysroot
        self.repo = sysroot / "ostree/repo"
        self.publisher = publisher
        sysroot.mkdir(exist_ok=True)
        run("ostree", "admin", "init-fs", "--modern", sysroot)
        run("ostree", "admin", "os-init", f"--sysroot={sysroot}", "atoll")
        run("ostree", "config", f"--repo={self.repo}", "set", "sysroot.bootloader", "none")
        run("ostree", "remote", "add", f"--repo={self.repo}", "--set=gpg-verify=false",
            "--set=sign-verify=ed25519", "origin", url)
        run("ostree", "pull-local", f"--repo={self.repo}", "--remote=origin", publisher.repo, REF)
        run("ostree", "admin", "deploy", f"--sysroot={sysroot}", "--os=atoll", "--karg=quiet",
            "--karg=console=ttyS0", REFSPEC)

    def set_url(self, url):
        run("ostree", "config", f"--repo={self.repo}", "set", "--group", 'remote "origin"', "url",
            url)

    def run(self, *words, status=0):
        return run(BUILD / "src/programs/atoll-host", *words, "--sysroot", self.sysroot,
                   status=status, env={**os.environ, "http_proxy": ""})

    def status(self):
        return json.loads(self.run("status", "--json").stdout)["deployments"]

    def versions(self):
        return [deployment["version"] for deployment in self.status()]

    def state(self):
        """All that must not change when an update is refused."""
        entries = sorted((path.name, path.read_text())
                         for path in (self.sysroot / "boot/loader/entries").iterdir())
        objects = sorted(str(path) for path in (self.repo / "objects").rglob("*"))
        refs = sorted((str(path), path.read_text())
                      for path in (self.repo / "refs").rglob("*") if path.is_file())
        deployed = sorted(os.listdir(self.sysroot / "ostree/deploy/atoll/deploy"))
        return entries, objects, refs, deployed

    def entries(self):
        """Boot loader entries, first in the menu first."""
        paths = (self.sysroot / "boot/loader/entries").iterdir()
        texts = [path.read_text() for path in paths]
        version = [int(line.split()[1]) for text in texts for line in text.splitlines()
                   if line.startswith("version ")]
        return [text for _, text in sorted(zip(version, texts), reverse=True)]


@pytest.fixture
def publisher(tmp_path):
    made = Publisher(tmp_path)
    made.publish("1")
    return made


@pytest.fixture
def make_host(tmp_path, serve):
    made = []

    def make(publisher):
        made.append(Host(tmp_path / "sysroot", publisher, serve(publisher.repo).url + "/repo"))
        return made[-1]

    yield make
    # Deployments are immutable directories; pytest could not clean them up.
    for host in made:
        for path in (host.sysroot / "ostree/deploy/atoll/deploy").iterdir():
            subprocess.run(["chattr", "-i", path], check=False, stderr=subprocess.DEVNULL)


@pytest.fixture
def host(make_host, publisher):
    return make_host(publisher)


def refused(host, message, *words):
    before = host.state()
    result = host.run(*(words or ("upgrade",)), status=1)
    assert message in result.stderr, result.stderr
    lines = result.stderr.splitlines()  # a refusal after the fetch began follows its phase
    assert lines[-1].startswith("atoll-host: ") and len(lines) <= 2
    assert host.state() == before
    return result.stderr


def test_upgrade(host, publisher):
    assert host.run("upgrade", status=3).stdout.startswith("nothing to do: 1 ")
    commit = publisher.publish("2")
    before = host.state()
    check = host.run("upgrade", "--check").stdout
    assert check.startswith(f"2 ({commit[:12]}…) would come after 1 (") and public_key(1) in check
    assert host.state() == before
    assert host.run("upgrade").stdout == f"2 ({commit[:12]}…) is deployed\n"
    assert host.run("upgrade", "--check", status=3).stdout.startswith("nothing to do: 2 ")
    new, old = host.status()
    assert (new["version"], new["checksum"], new["default"]) == ("2", commit, True)
    assert (old["version"], old["rollback"], new["rollback"]) == ("1", True, False)
    assert new["signature"] == {"state": "good", "key": public_key(1)}
    assert new["origin"] == REFSPEC and new["timestamp"] == "2026-01-02T12:00:00Z"
    assert new["kernel-args"] == ["quiet", "console=ttyS0"]
    # ostree itself agrees, and the boot menu has both.
    assert run("ostree", "rev-parse", f"--repo={host.repo}", REFSPEC).stdout.strip() == commit
    run("ostree", "fsck", f"--repo={host.repo}")
    entries = host.entries()
    assert "title atoll 2 " in entries[0] and "title atoll 1 " in entries[1]
    assert "options quiet console=ttyS0 ostree=" in entries[0]


def test_etc_is_merged(host, publisher):
    deploy = host.sysroot / "ostree/deploy/atoll/deploy"
    first = next(path for path in deploy.iterdir() if path.is_dir())
    (first / "etc/local").write_text("mine\n")
    (first / "etc/conf").write_text("changed\n")
    commit = publisher.publish("2")
    host.run("upgrade")
    assert (deploy / f"{commit}.0/etc/local").read_text() == "mine\n"
    assert (deploy / f"{commit}.0/etc/conf").read_text() == "changed\n"


def test_unsigned(host, publisher):
    publisher.publish("2", seed=None)
    refused(host, "it is not signed")
    refused(host, "it is not signed", "upgrade", "--check")
    refused(host, "it is not signed", "deploy", "2")


def test_wrong_key(host, publisher):
    publisher.publish("2", seed=2)
    refused(host, "by a key that this image trusts")


def test_a_key_in_the_new_image_does_not_vouch_for_it(host, publisher):
    publisher.publish("2", seed=2, trusted=(1, 2))
    refused(host, "by a key that this image trusts")


def test_second_signature(host, publisher):
    commit = publisher.publish("2", seed=2)
    sign(publisher.repo, commit, 1)
    host.run("upgrade")
    assert host.status()[0]["signature"]["key"] == public_key(1)


def test_signature_of_another_commit(host, publisher):
    first = publisher.publish("2")
    second = publisher.publish("3", seed=None)
    shutil.copy(publisher.meta(first), publisher.meta(second))
    refused(host, "by a key that this image trusts")


@pytest.mark.parametrize("tamper", ["flip", "truncate", "garbage", "empty"])
def test_tampered_signature(host, publisher, tamper):
    commit = publisher.publish("2")
    path = publisher.meta(commit)
    data = bytearray(path.read_bytes())
    if tamper == "flip":
        start = data.index(b"ostree.sign.ed25519\0") + 32
        data[start] ^= 1
    path.write_bytes({"flip": data, "truncate": data[:50], "garbage": os.urandom(500),
                      "empty": b""}[tamper])
    refused(host, "refusing commit " + commit)


def test_tampered_commit(host, publisher):
    commit = publisher.publish("2")
    path = publisher.repo / "objects" / commit[:2] / (commit[2:] + ".commit")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"2", b"3", 1))
    refused(host, "orrupted")


def test_revoked_key(tmp_path, make_host):
    publisher = Publisher(tmp_path)
    publisher.publish("1", trusted=(1, 2), revoked=(2,))
    host = make_host(publisher)
    commit = publisher.publish("2", seed=2)
    refused(host, "signed with a revoked key")
    sign(publisher.repo, commit, 1)
    host.run("upgrade")


def test_no_trusted_key(tmp_path, make_host):
    publisher = Publisher(tmp_path)
    publisher.publish("1", trusted=())
    host = make_host(publisher)
    publisher.publish("2")
    assert "trusts no key" in refused(host, "/etc/ostree/trusted.ed25519")
    # An administrator's own key in /etc counts.
    deployment = next(path for path in (host.sysroot / "ostree/deploy/atoll/deploy").iterdir()
                      if path.is_dir())
    (deployment / "etc/ostree").mkdir()
    keys = deployment / "etc/ostree/trusted.ed25519"
    keys.write_text("not a key\n")
    refused(host, "etc/ostree/trusted.ed25519:1: not an ed25519 public key")
    keys.write_text(public_key(1))
    host.run("upgrade")


def test_downgrade(host, publisher):
    publisher.publish("2", timestamp="2025-01-01 00:00:00 +0000")
    refused(host, "--allow-downgrade")
    host.run("upgrade", "--allow-downgrade")
    assert host.versions() == ["2", "1"]


def test_another_ref(host, publisher):
    commit = publisher.publish("2", ref="atoll/x86_64/testing")
    refused(host, f"belongs to ‘atoll/x86_64/testing’, not to ‘{REF}’", "deploy", commit)
    ref = publisher.repo / "refs/heads" / REF
    ref.write_text(commit + "\n")
    refused(host, "atoll/x86_64/testing")


def test_deploy(host, publisher):
    for version in ("2", "3", "4"):
        publisher.publish(version)
    host.run("upgrade")
    host.run("deploy", "3")
    assert host.versions() == ["3", "4"]
    commit = run("ostree", "rev-parse", f"--repo={publisher.repo}", REF + "^^").stdout.strip()
    host.run("deploy", commit)
    assert host.versions()[0] == "2"
    assert host.run("deploy", "2", status=3).stdout.startswith("nothing to do")
    refused(host, "has no version ‘7’", "deploy", "7")
    refused(host, "asking ‘", "deploy", "0" * 64)
    assert host.run("deploy", status=2).stderr


def test_rollback(host, publisher):
    refused(host, "there is no previous deployment", "rollback")
    publisher.publish("2")
    host.run("upgrade")
    assert "1 (" in host.run("rollback").stdout
    assert host.versions() == ["1", "2"]
    assert "title atoll 1 " in host.entries()[0]
    host.run("rollback")
    assert host.versions() == ["2", "1"]


def test_kargs(host, publisher):
    assert host.run("kargs").stdout == "quiet console=ttyS0\n"
    host.run("kargs", "--append", "a=b c", "--append", "debug", "--delete", "quiet",
             "--replace", "console=tty1")
    assert host.run("kargs").stdout == 'console=tty1 a=b c debug\n'
    assert [status["serial"] for status in host.status()] == [1, 0]
    assert "options console=tty1 a=b c debug ostree=" in host.entries()[0]
    assert "options quiet console=ttyS0 ostree=" in host.entries()[1]
    publisher.publish("2")
    host.run("upgrade")
    assert host.run("kargs", "--json").stdout.split() == \
        json.dumps(["console=tty1", "a=b", "c", "debug"], indent=1).split()
    host.run("kargs", "--replace", "console=tty1", status=3)
    refused(host, "kernel argument ‘nothing’", "kargs", "--delete", "nothing")
    refused(host, "‘ostree’ names the deployment", "kargs", "--append", "ostree=x")
    refused(host, "is not a kernel argument", "kargs", "--append", "=x")


def test_status_of_a_bad_host(host, publisher, tmp_path):
    text = host.run("status").stdout
    assert "1 (default)" in text and "good, key " + public_key(1) in text
    commit = host.status()[0]["checksum"]
    meta = host.repo / "objects" / commit[:2] / (commit[2:] + ".commitmeta")
    meta.unlink()
    assert host.status()[0]["signature"] == {"state": "none", "key": None}
    assert "not signed" in host.run("status").stdout
    (tmp_path / "nothing").mkdir()
    result = run(BUILD / "src/programs/atoll-host", "status", "--sysroot", tmp_path / "nothing",
                 status=1)
    assert "is not the root of an OSTree host" in result.stderr


def test_pinned(host, publisher):
    run("ostree", "admin", "pin", f"--sysroot={host.sysroot}", "0")
    for version in ("2", "3"):
        publisher.publish(version)
        host.run("upgrade")
    assert [(status["version"], status["pinned"]) for status in host.status()] == \
        [("3", False), ("2", False), ("1", True)]


def test_server_away(host, publisher):
    publisher.publish("2")
    host.set_url("http://127.0.0.1:1/repo")
    refused(host, "asking ‘http://127.0.0.1:1/repo’ for ‘" + REF)


def test_no_origin(host):
    origin = next((host.sysroot / "ostree/deploy/atoll/deploy").glob("*.origin"))
    origin.write_text("[origin]\n")
    refused(host, "does not say where its updates come from")


def test_needs_root(host):
    result = run("setpriv", "--reuid=65534", "--clear-groups",
                 BUILD / "src/programs/atoll-host", "upgrade", "--sysroot", host.sysroot, status=1)
    assert result.stderr == "atoll-host: ‘upgrade’ needs root\n"


def test_two_at_once(host, publisher):
    publisher.publish("2")
    with open(host.sysroot / "ostree/lock", "w", encoding="utf-8") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        refused(host, "another program is changing sysroot")
    host.run("upgrade")


class Proxy(http.server.ThreadingHTTPServer):
    """Serves a repo, remembers what was asked for, and misbehaves as told by `hook`."""

    daemon_threads = True

    def __init__(self, repo, hook):
        self.repo, self.hook, self.served = pathlib.Path(repo), hook, []
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}"


class ProxyHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.server.repo / self.path.lstrip("/")
        if self.server.hook(self.path, self.server.served) or not path.is_file():
            self.send_error(503 if path.is_file() else 404)
            return
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.server.served.append(self.path)

    def log_message(self, *_):
        pass


def test_a_broken_pull_goes_on(host, publisher):
    publisher.publish("2", files={f"many/{number}": os.urandom(100) for number in range(300)})
    limit = [100]
    proxy = Proxy(publisher.repo, lambda path, served: path.endswith(".filez") and sum(
        name.endswith(".filez") for name in served) >= limit[0])
    host.set_url(proxy.url)
    before = host.state()
    host.run("upgrade", status=1)
    after = host.state()
    assert (after[0], after[2], after[3]) == (before[0], before[2], before[3])
    first = {name for name in proxy.served if name.endswith(".filez")}
    assert len(first) >= 100
    proxy.served.clear()
    limit[0] = 10_000
    host.run("upgrade")
    second = {name for name in proxy.served if name.endswith(".filez")}
    assert host.versions() == ["2", "1"]
    # What was on its way when the server failed, or was not written yet, may come twice (libostree
    # asks for 8 files at a time, writes 16, and has some between the two), all else once.
    assert len(first & second) <= len(first) // 2
    run("ostree", "fsck", f"--repo={host.repo}")
    proxy.shutdown()


def test_what_was_verified_is_what_comes(host, publisher):
    good = publisher.publish("2")
    evil = []

    def swap(path, served):
        # As soon as the ref was read, it moves to an unsigned commit, and the good one's
        # signature is gone.
        if path.endswith(".commitmeta") and path in served or path.startswith("/objects") and \
                not path.endswith((".commit", ".commitmeta")):
            if not evil:
                evil.append(publisher.publish("evil", seed=None))
                publisher.meta(good).unlink()
        return False

    proxy = Proxy(publisher.repo, swap)
    host.set_url(proxy.url)
    host.run("upgrade")
    assert evil
    status = host.status()[0]
    assert (status["checksum"], status["signature"]["state"]) == (good, "good")
    proxy.shutdown()


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=24m", "none", disk)
    yield disk
    run("umount", disk)


@pytest.mark.parametrize("sizes", [(), ("--generate-sizes",)])
@pytest.mark.parametrize("reserve", ["0", "3"])
def test_full_disk(publisher, serve, small_disk, sizes, reserve):
    host = Host(small_disk, publisher, serve(publisher.repo).url + "/repo")
    run("ostree", "config", f"--repo={host.repo}", "set", "core.min-free-space-percent", reserve)
    publisher.publish("2", extra=sizes, files={
        f"blob-{number}": os.urandom(2_000_000) for number in range(20)})
    used = shutil.disk_usage(small_disk).used
    error = refused(host, f"not enough space in sysroot ‘{small_disk}’")
    assert "nothing was changed" in error and "enlarge the disk" in error
    assert ("it needs 4" in error) == bool(sizes)
    assert shutil.disk_usage(small_disk).used < used + 300_000
    publisher.publish("3")
    host.run("upgrade")
    assert host.versions() == ["3", "1"]
