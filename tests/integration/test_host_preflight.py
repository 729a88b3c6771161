# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an update comes to, before it is staged: sizes, /boot, /etc, users, packages."""
import json
import os
import shutil
import subprocess

import pytest

from conftest import run
from test_host import (Host, Publisher, host, make_host, publisher,  # noqa: F401 (fixtures)
                       refused, sign, REF, REFSPEC)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="deployments need root")


def packages(**versions):
    rows = ", ".join(f"('{name}', '{version}', 'amd64', '{name}', '')"
                     for name, version in versions.items())
    return f"--add-metadata=atoll.packages=[{rows}]"


def ids(**numbers):
    rows = ", ".join(f"'{name}': uint32 {number}" for name, number in numbers.items())
    return f"--add-metadata=atoll.uids={{{rows}}}"


def etc(host):  # noqa: F811
    """The /etc of the deployment that would run."""
    deploy = host.sysroot / "ostree/deploy/atoll/deploy"
    return deploy / f"{host.status()[0]['checksum']}.{host.status()[0]['serial']}/etc"


def state(host):  # noqa: F811
    return host.sysroot / "ostree/deploy/atoll/var/lib/atoll-host"


def check(host, status=0):  # noqa: F811
    return json.loads(host.run("upgrade", "--check", "--json", status=status).stdout)


class EtcPublisher(Publisher):
    """Every version has a /usr/etc of its own: name to text, None for a directory."""

    defaults = {}

    def make_tree(self, version, **keys):
        tree = super().make_tree(version, **keys)
        for name, text in self.defaults.items():
            path = tree / "usr/etc" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.mkdir()
            else:
                path.write_text(text)
        return tree


def test_check_says_what_comes(tmp_path, make_host):  # noqa: F811
    publisher = Publisher(tmp_path)  # noqa: F811
    publisher.publish("1", extra=[packages(bash="5.1", gone="1", same="1"), ids(root=0)])
    host = make_host(publisher)  # noqa: F811
    advisory = ("--add-metadata=rpmostree.advisories="
                "[('DSA-1', uint32 1, uint32 4, ['bash-5.2-1.amd64'], @a{sv} {}),"
                # as rpm-ostree and atoll compose write numbers: big-endian
                f" ('DSA-2', uint32 {1 << 24}, uint32 {3 << 24}, ['new-7-1.noarch'], @a{{sv}} {{}})]")
    commit = publisher.publish(
        "2", files={"blob": os.urandom(100_000)}, extra=[
            packages(bash="5.2", new="7", same="1"), ids(root=0, _new=101), advisory,
            "--generate-sizes"])
    before = host.state()
    found = check(host)
    text = host.run("upgrade", "--check").stdout
    assert host.state() == before
    assert found["new"] == {"version": "2", "checksum": commit}
    assert found["current"]["version"] == "1"
    assert [(p["name"], p["old"], p["new"]) for p in found["packages"]] == [
        ("bash", "5.1", "5.2"), ("gone", "1", None), ("new", None, "7")]
    assert [p["advisories"] for p in found["packages"]] == [
        ["DSA-1 (critical)"], [], ["DSA-2 (important)"]]
    assert "bash 5.1 -> 5.2: DSA-1 (critical)" in text and "gone 1 -> (removed)" in text
    assert found["needs-reboot"] and found["problems"] == found["id-drift"] == found["etc"] == []
    # the sizes are those of what is fetched then
    wanted = {path.name + path.parent.name: path.stat().st_size
              for path in (publisher.repo / "objects").rglob("*") if path.is_file()}
    had = {path.name + path.parent.name for path in (host.repo / "objects").rglob("*")}
    objects = run("ostree", "ls", f"--repo={publisher.repo}", "-C", "-R", commit).stdout
    missing = {line.split()[4] for line in objects.splitlines() if line.startswith("-")
               if f"{line.split()[4][2:]}.file{line.split()[4][:2]}" not in had}
    content = sum(wanted[f"{name[2:]}.filez{name[:2]}"] for name in missing)
    assert content <= found["fetch-bytes"] <= content + 10_000  # and directories
    assert 100_000 < found["disk-bytes"] < 110_000
    # the same kernel is in /boot already; a version without changes needs no reboot
    assert found["boot-bytes"] == 0 and found["boot-free-bytes"] > 0
    host.run("upgrade")
    tree = tmp_path / "tree"
    same = run("ostree", "commit", f"--repo={publisher.repo}", "-b", REF, "-s", "3",
               "--add-metadata-string=version=3", "--timestamp=2026-02-01 12:00:00 +0000",
               "--owner-uid=0", "--owner-gid=0", tree).stdout.strip()
    sign(publisher.repo, same, 1)
    found = check(host)
    assert not found["needs-reboot"] and found["packages"] is None
    assert found["fetch-bytes"] is None
    assert "not needed: the files are those that run" in host.run("upgrade", "--check").stdout


def test_users_that_drift(tmp_path, make_host):  # noqa: F811
    publisher = EtcPublisher(tmp_path)
    publisher.defaults = {"passwd": "root:x:0:0::/root:/bin/sh\nmail:x:101:101::/:/bin/false\n"}
    publisher.publish("1", extra=[ids(root=0, mail=101)])
    host = make_host(publisher)  # noqa: F811
    with open(etc(host) / "passwd", "a", encoding="utf-8") as file:
        file.write("admin:x:1000:1000::/home/admin:/bin/sh\nlocal:x:105:105::/:/bin/false\n")
    publisher.publish("2", extra=[ids(root=0, mail=102)])
    message = "user ‘mail’ has the id 101 here and 102 in the new image"
    assert "(nothing was changed)" in refused(host, message)
    assert check(host, status=1)["id-drift"] == [
        message + ": its files would belong to somebody else"]
    publisher.publish("3", extra=[ids(root=0, mail=101, newer=105)])
    refused(host, "the id 105 is that of user ‘local’ here, and the new image gives it to ‘newer’")
    host.run("upgrade", "--allow-id-drift")
    assert host.versions()[0] == "3"
    publisher.publish("4", extra=[ids(root=0, mail=101, fresh=106)])
    host.run("upgrade")
    assert host.versions()[0] == "4"


def test_boot_too_small(publisher, serve, tmp_path):  # noqa: F811
    sysroot = tmp_path / "sysroot"
    boot = sysroot / "boot"
    boot.mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", "size=2m", "none", boot)
    try:
        host = Host(sysroot, publisher, serve(publisher.repo).url + "/repo")  # noqa: F811
        publisher.make_tree("2")
        made = publisher.make_tree

        def large(version, **keys):
            tree = made(version, **keys)
            (tree / "usr/lib/modules/6.1.0-test/initramfs.img").write_bytes(os.urandom(3_000_000))
            return tree

        publisher.make_tree = large
        publisher.publish("2", extra=["--generate-sizes"])
        found = check(host, status=1)
        assert 3_000_000 < found["boot-bytes"] < 3_100_000
        before = host.entries()
        error = host.run("upgrade", status=1).stderr
        assert "not enough space in /boot: kernel and initramfs need 3.1" in error
        assert "atoll-host cleanup --rollback" in error and "(nothing was changed)" in error
        assert host.entries() == before and host.versions() == ["1"]
        assert run("ostree", "rev-parse", f"--repo={host.repo}", REFSPEC).stdout.strip() == \
            host.status()[0]["checksum"]
        publisher.make_tree = made
        publisher.publish("3")
        host.run("upgrade")
        assert host.versions()[0] == "3"
    finally:
        for path in (sysroot / "ostree/deploy/atoll/deploy").iterdir():
            subprocess.run(["chattr", "-i", path], check=False, stderr=subprocess.DEVNULL)
        run("umount", boot)


def test_etc_ledger_and_policies(tmp_path, make_host):  # noqa: F811
    publisher = EtcPublisher(tmp_path)
    first = {"issue": "one\n", "motd": "one\n", "keep": "one\n", "gone": "one\n", "dir/a": "one\n",
             "quiet": "one\n", "stops": "one\n"}
    publisher.defaults = first
    publisher.publish("1")
    host = make_host(publisher)  # noqa: F811
    assert host.run("etc", "diff", status=3).stdout == "/etc is the image's\n"
    here = etc(host)
    (here / "keep").write_text("mine\n")
    (here / "quiet").write_text("mine\n")
    (here / "issue").write_text("mine\n")
    (here / "issue").chmod(0o600)
    (here / "motd").unlink()
    (here / "gone").write_text("mine\n")
    (here / "own").write_text("mine\n")
    (here / "dir/b").write_text("mine\n")
    (here / "atoll/etc.d").mkdir(parents=True)
    rules = here / "atoll/etc.d/10-test.yaml"
    rules.write_text("rules:\n  - {path: /etc/i*, policy: take}\n  - {path: /etc/motd, policy: take}\n"
                     "  - {path: /etc/stops, policy: fail}\n")
    publisher.defaults = {**first, "issue": "two\n", "motd": "two\n", "keep": "two\n",
                          "stops": "two\n", "own": "theirs\n"}
    del publisher.defaults["gone"]
    second = publisher.publish("2")
    found = {entry["path"]: entry for entry in check(host)["etc"]}
    assert {path: (entry["change"], entry["policy"]) for path, entry in found.items()} == {
        "/etc/issue": ("modified", "take"), "/etc/motd": ("removed", "take"),
        "/etc/keep": ("modified", "keep"), "/etc/gone": ("modified", "keep"),
        "/etc/own": ("added", "keep")}
    assert found["/etc/gone"]["default-gone"] and not found["/etc/own"]["default-gone"]
    # a file whose policy is to fail matters only once it was changed here
    (here / "stops").write_text("mine\n")
    message = "‘/etc/stops’ was modified here and has a new default: the policy is to fail"
    error = host.run("upgrade", status=1).stderr
    assert message in error and host.versions() == ["1"]
    assert message in "".join(json.loads(
        host.run("upgrade", "--check", "--json", status=1).stdout)["problems"])
    (here / "stops").write_text("one\n")
    host.run("upgrade")
    new = etc(host)
    assert {name: (new / name).read_text() for name in
            ("issue", "motd", "keep", "gone", "own", "quiet", "dir/b", "stops")} == {
        "issue": "two\n", "motd": "two\n", "keep": "mine\n", "gone": "mine\n", "own": "mine\n",
        "quiet": "mine\n", "dir/b": "mine\n", "stops": "two\n"}
    # what gave way is saved, and what ‘rollback’ takes has not been touched
    saved = state(host) / "etc-saved" / second / "etc/issue"
    assert saved.read_text() == "mine\n" and saved.stat().st_mode & 0o777 == 0o600
    assert (new / "issue").stat().st_mode & 0o777 == 0o644
    assert (here / "issue").read_text() == "mine\n" and not (here / "motd").exists()
    rows = {row["path"]: row for row in json.loads(host.run("etc", "diff", "--json").stdout)["etc"]}
    assert rows["/etc/keep"]["shadows"] == {"version": "2", "commit": second}
    assert rows["/etc/own"]["shadows"]["version"] == "2"
    assert rows["/etc/quiet"]["shadows"] is None and "/etc/issue" not in rows
    text = host.run("etc", "diff").stdout
    assert "/etc/keep" in text and "hides a default of 2" in text
    assert "-two" in host.run("etc", "diff", "/etc/keep").stdout
    # a later version does not make the news older; what is the default again is forgotten
    publisher.publish("3")
    host.run("upgrade")
    rows = {row["path"]: row for row in json.loads(host.run("etc", "diff", "--json").stdout)["etc"]}
    assert rows["/etc/keep"]["shadows"]["version"] == "2"
    (etc(host) / "keep").write_text("two\n")
    publisher.publish("4")
    host.run("upgrade")
    ledger = json.loads((state(host) / "etc.json").read_text())
    assert "/etc/keep" not in [entry["path"] for entry in ledger["shadowed"]]
    (etc(host) / "atoll/etc.d/20-bad.yaml").write_text("rules:\n  - {path: /usr/x, policy: keep}\n")
    publisher.publish("5")
    assert "/etc/atoll/etc.d/20-bad.yaml:2:12: the path is ‘/usr/x’" in \
        host.run("upgrade", status=1).stderr


@pytest.mark.parametrize("what", ["file-to-directory", "directory-to-file"])
def test_etc_that_cannot_be_merged(tmp_path, make_host, what):  # noqa: F811
    """libostree fails on these when it merges, which a running host does at shutdown."""
    publisher = EtcPublisher(tmp_path)
    publisher.defaults = {"thing/a": "one\n"} if what == "directory-to-file" else {"thing": "one\n"}
    publisher.publish("1")
    host = make_host(publisher)  # noqa: F811
    if what == "file-to-directory":
        (etc(host) / "thing").write_text("mine\n")
        publisher.defaults = {"thing/a": "two\n"}
        message = "‘/etc/thing’ is a file here and becomes a directory"
    else:
        (etc(host) / "thing/a").write_text("mine\n")
        publisher.defaults = {"thing": "two\n"}
        message = "‘/etc/thing/a’ is in ‘/etc/thing’, which becomes a file"
    commit = publisher.publish("2")
    error = host.run("upgrade", status=1).stderr
    assert message in error and "would fail at shutdown; move it away (nothing was changed)" in error
    assert host.versions() == ["1"]
    # libostree itself agrees
    run("ostree", "pull-local", f"--repo={host.repo}", "--remote=origin", publisher.repo, commit)
    assert subprocess.run(["ostree", "admin", "deploy", f"--sysroot={host.sysroot}", "--os=atoll",
                           commit], check=False, capture_output=True).returncode != 0
    shutil.rmtree(etc(host) / "thing", ignore_errors=True)
    (etc(host) / "thing").unlink(missing_ok=True)
    host.run("upgrade")
    assert host.versions()[0] == "2"
