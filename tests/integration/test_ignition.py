# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ignition configs through Debian's ignition and through atoll-provision: the same root comes out.

What differs on purpose is in IGNORED, with its reason.
"""
import http.server
import json
import os
import pathlib
import re
import shutil
import stat
import tempfile
import threading

import pytest

from conftest import SOURCE, run
from ignition_configs import GOOD, REFUSED, config, make_root

ORACLE = pathlib.Path("/usr/lib/dracut/modules.d/30ignition/ignition")
CORPUS = SOURCE / "tests/data/ignition"

# path in the root: why it may differ
IGNORED = {
    "etc/.ignition-result.json": "each says that it was itself",
    "etc/.pwd.lock": "left by shadow's tools, which atoll does not run",
    "etc/passwd-": "backups of shadow's tools", "etc/shadow-": "", "etc/group-": "",
    "etc/gshadow-": "", "etc/subuid-": "", "etc/subgid-": "",
    "etc/subuid": "useradd of Debian 12 gives ranges only when the file exists", "etc/subgid": "",
    "etc/systemd/system/multi-user.target.wants": "Ignition leaves a preset, which counts only on a "
                                                  "machine without a machine-id",
    "var/log": "faillog and lastlog, touched by useradd", "var/mail": "made by useradd",
    "var/spool": "made by useradd",
}


def ignored(name):
    return any(name == entry or name.startswith(entry + "/") for entry in IGNORED)


def without_dates(name, text):
    """The user database as it is compared: the day of the last change is today's anyway, and what
    the order of members of a group is means nothing."""
    lines = []
    for line in text.splitlines():
        fields = line.split(":")
        if name == "etc/shadow" and len(fields) > 2:
            fields[2] = "DATE"
        if name in ("etc/group", "etc/gshadow"):
            fields[-1] = ",".join(sorted(fields[-1].split(",")))
        lines.append(":".join(fields))
    return sorted(lines)


def snapshot(root):
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if ignored(name):
            continue
        status = path.lstat()
        entry = [stat.S_IFMT(status.st_mode), oct(stat.S_IMODE(status.st_mode)),
                 status.st_uid, status.st_gid]
        if path.is_symlink():
            entry[1] = None
            entry.append(os.readlink(path))
        elif path.is_file():
            text = path.read_bytes().decode("latin-1")
            is_database = name in ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow")
            if name.endswith(".preset"):  # Ignition's order is that of a Go map
                text = sorted(text.splitlines())
            entry.append(without_dates(name, text) if is_database else text)
            entry.append(status.st_nlink)
        found[name] = entry
    return found


class Side:
    """One program, and the root that it sets up."""

    def __init__(self, program, directory):
        self.program = program
        self.directory = directory
        self.root = directory / "root"
        directory.mkdir()
        self.root.mkdir()
        make_root(self.root)

    def apply(self, value, stages=("fetch", "files")):
        """Whether all stages went well, and what was said."""
        path = self.directory / "config.ign"
        path.write_text(json.dumps(value))
        said = ""
        for stage in stages:
            result = run(self.program, "--stage", stage, "--platform", "file", "--root", self.root,
                         "--config-cache", self.directory / "cache.json", "--neednet",
                         self.directory / "need-net", "--fetch-timeout", "5s", "--log-to-stdout",
                         status=None, cwd=self.directory,
                         env=dict(os.environ, IGNITION_CONFIG_FILE=str(path),
                                  PATH=f"{self.directory.parent}:{os.environ['PATH']}"))
            said += (result.stdout + result.stderr).split("Full config:")[0]
            if result.returncode != 0:
                return False, said
        return True, said


@pytest.fixture
def open_dir():
    """A directory that users of the roots below it can reach: keys are written as them."""
    with tempfile.TemporaryDirectory(prefix="atoll-ignition-") as name:
        path = pathlib.Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def ours(build, open_dir):
    program = open_dir / "ignition"
    program.symlink_to(build / "src/programs/atoll-provision")
    return Side(program, open_dir / "ours")


@pytest.fixture
def theirs(open_dir):
    if not ORACLE.exists():
        pytest.skip("Debian's ignition is not installed")
    if os.geteuid() != 0:
        pytest.skip("Debian's ignition wants root")
    # it relabels whatever the policy says, and there is none
    (open_dir / "setfiles").write_text("#!/bin/sh\nexit 0\n")
    (open_dir / "setfiles").chmod(0o755)
    return Side(ORACLE, open_dir / "theirs")


@pytest.mark.parametrize("name", sorted(GOOD))
def test_same_root(name, ours, theirs):
    their_good, their_words = theirs.apply(GOOD[name])
    assert their_good, their_words[-900:]
    our_good, our_words = ours.apply(GOOD[name])
    assert our_good, our_words[-900:]
    wanted, got = snapshot(theirs.root), snapshot(ours.root)
    differing = {path: (wanted.get(path), got.get(path)) for path in wanted.keys() | got.keys()
                 if wanted.get(path) != got.get(path)}
    assert not differing, json.dumps(differing, indent=1)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_same_refusal(name, ours, theirs):
    assert not theirs.apply(REFUSED[name])[0]
    good, words = ours.apply(REFUSED[name])
    assert not good
    assert "storage" in words or "config.ign:" in words, words


# what later Ignitions than Debian's say
NEWER = {"unit-and-file.ign", "cex-3.5.ign", "empty-3.4.ign", "empty-3.5.ign", "empty-3.6.ign",
         "luks-3.4.ign", "special-bits.ign", "cex-and-key.ign"}


def test_validate_like_ignition(build):
    """The corpus, which the unit test reads, against ignition-validate; and exit statuses."""
    oracle = shutil.which("ignition-validate")
    if oracle is None:
        pytest.skip("ignition-validate is not installed")
    for path in sorted(CORPUS.glob("*/*.ign")):
        good = path.parent.name == "good"
        if path.name not in NEWER:
            assert (run(oracle, path, status=None).returncode == 0) == good, path
    program = build / "src/programs/atoll-provision"
    for name, status in (("good/files", 0), ("good/disks", 0), ("bad/hash-short", 1),
                         ("bad/not-json", 1), ("bad/path-twice", 1)):
        run(program, "validate", CORPUS / f"{name}.ign", status=status)


BUTANE = """\
variant: fcos
version: 1.4.0
passwd:
  users:
    - name: core
      ssh_authorized_keys: [ssh-ed25519 AAAA a]
storage:
  files:
    - path: /etc/x
      mode: 0644
      contents:
        inline: "hello"
    - path: /etc/y
      contents: {local: y.txt}
  filesystems:
    - {device: /dev/disk/by-label/data, format: ext4, path: /var/data, with_mount_unit: true}
boot_device:
  mirror: {}
"""

CLOUD = """\
#cloud-config
hostname: h
users:
  - {name: foo, groups: [sudo], sudo: "ALL=(ALL) ALL", ssh_authorized_keys: [ssh-ed25519 AAAA a]}
write_files:
  - {path: /etc/z, content: zz, permissions: '0600'}
runcmd: [ls]
"""


def test_manual_has_every_key():
    """atoll-ignition(7) against the table that is read by."""
    page = (SOURCE / "man/atoll-ignition.7").read_text().replace("\\-", "-")
    words = set(re.findall(r"[A-Za-z0-9]+", page))
    table = (SOURCE / "src/provision/ignition/keys.c").read_text()
    keys = set(re.findall(r'{\s*"(\w+)", [BISLM],', table))
    assert len(keys) > 90 and not keys - words, keys - words


def test_convert(build, tmp_path):
    program = build / "src/programs/atoll-provision"
    (tmp_path / "y.txt").write_text("local\n")
    (tmp_path / "config.bu").write_text(BUTANE)
    (tmp_path / "config.yaml").write_text(CLOUD)
    result = run(program, "convert", "--files-dir", tmp_path, tmp_path / "config.bu")
    made = json.loads(result.stdout)
    assert made["ignition"]["version"] == "3.3.0"
    assert made["storage"]["files"][0]["mode"] == 0o644
    assert made["storage"]["files"][1]["contents"]["source"] == "data:,local%0A"
    assert made["systemd"]["units"][0]["name"] == "var-data.mount"
    assert "config.bu:18:3: warning: boot_device" in result.stderr
    run(program, "convert", "--strict", "--files-dir", tmp_path, tmp_path / "config.bu", status=1)
    run(program, "convert", tmp_path / "config.bu", status=1)
    cloud = run(program, "convert", tmp_path / "config.yaml")
    assert "config.yaml:7:1: warning: runcmd: has no counterpart" in cloud.stderr
    files = {entry["path"]: entry for entry in json.loads(cloud.stdout)["storage"]["files"]}
    assert files["/etc/z"]["mode"] == 0o600
    assert files["/etc/hostname"]["contents"]["source"] == "data:,h%0A"
    assert "/etc/sudoers.d/90-cloud-init-users" in files
    oracle = shutil.which("ignition-validate")
    for text in (result.stdout, cloud.stdout):
        (tmp_path / "made.ign").write_text(text)
        if oracle is not None:
            run(oracle, tmp_path / "made.ign")


class Handler(http.server.BaseHTTPRequestHandler):
    """Bad servers, by path."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.seen.append((self.path, dict(self.headers)))
        if self.path == "/silent":
            self.server.stop.wait(20)
            return
        if self.path.startswith("/redirect"):
            self.send_response(302)
            target = "/good" if self.path == "/redirect-once" else "/redirect"
            self.send_header("Location", target)
            self.end_headers()
            return
        if self.path == "/flaky" and [p for p, _ in self.server.seen].count("/flaky") < 3:
            self.send_error(503)
            return
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        try:
            if self.path == "/endless":
                while not self.server.stop.is_set():
                    self.wfile.write(bytes(1 << 20))
            else:
                self.wfile.write(b"good")
        except OSError:
            pass

    def log_message(self, *_args):
        pass


@pytest.fixture
def server():
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.seen = []
    httpd.stop = threading.Event()
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield httpd
    httpd.stop.set()
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def remote(server, path, **contents):
    source = {"source": f"http://127.0.0.1:{server.server_port}{path}", **contents}
    return config(ignition={"timeouts": {"httpResponseHeaders": 1}},
                  storage={"files": [{"path": "/etc/x", "contents": source}]})


def test_servers(ours, server):
    headers = {"httpHeaders": [{"name": "X-Secret", "value": "s3cret"}]}
    for path in ("/good", "/flaky", "/redirect-once"):
        (ours.root / "etc/x").unlink(missing_ok=True)
        good, words = ours.apply(remote(server, path, **headers))
        assert good, words
        assert (ours.root / "etc/x").read_bytes() == b"good"
        assert "s3cret" not in words
    (ours.root / "etc/x").unlink()
    by_path = {path: seen for path, seen in server.seen}
    assert by_path["/redirect-once"]["X-Secret"] == "s3cret"
    assert "X-Secret" not in by_path["/good"]  # the last one came by the redirect
    assert [path for path, _ in server.seen].count("/flaky") == 3
    for path, wanted in (("/gone", "404"), ("/redirect", "redirected more than"),
                         ("/silent", "127.0.0.1"), ("/endless", "/endless")):
        seen = len(server.seen)
        good, words = ours.apply(remote(server, path))
        assert not good and wanted in words, words
        if path == "/gone":
            assert len(server.seen) == seen + 1, "an answer below 500 is final"
    assert not (ours.root / "etc/x").exists()


def test_needs_network(ours, server):
    good, words = ours.apply(remote(server, "/good"), stages=("fetch-offline",))
    assert good, words
    assert (ours.directory / "need-net").exists()
    assert not (ours.directory / "cache.json").exists()
    assert not server.seen


def test_through_a_link(ours):
    """A link that a user made leads nowhere, and none leads out of the root."""
    outside = ours.directory / "outside"
    outside.mkdir()
    (ours.root / "srv/out").symlink_to("../../outside")
    value = config(storage={"files": [{"path": "/srv/out/x", "contents": {"source": "data:,x"}}]})
    ours.apply(value)
    assert not list(outside.iterdir())
    if os.geteuid() == 0:
        (ours.root / "home/user").mkdir()
        (ours.root / "home/user/trap").symlink_to("/etc")
        os.lchown(ours.root / "home/user/trap", 1000, 1000)
        value = config(storage={"files": [
            {"path": "/home/user/trap/sudoers", "contents": {"source": "data:,x"}}]})
        assert not ours.apply(value)[0]
        assert not (ours.root / "etc/sudoers").exists()
