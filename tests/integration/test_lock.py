# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll lock, and composes by a lock: versions move, vanish and are held."""
import gzip
import json
import os

import pytest

import local
import rpmrepo
from conftest import run

ATOLL = local.ATOLL


def changelog(name, *versions):
    text = "".join(f"{name} ({version}) unstable; urgency=medium\n\n  * What is new in {version}.\n\n"
                   " -- Nobody <nobody@example.org>  Sat, 01 Jan 2022 00:00:00 +0000\n\n"
                   for version in versions)
    return text


class Locked:
    """A compose with two packages of its own, of which one needs the other."""

    def __init__(self, compose):
        self.compose = compose
        self.lock = compose.directory / "tree.yaml.lock"
        self.add("lib", "1.0")
        self.add("app", "1.0", Depends="lib (>= 1.0)")
        compose.write()

    def add(self, name, version, since=(), **options):
        deb = self.compose.add(name, version, files={f"/usr/share/{name}/version": version}, **options)
        # make_deb writes text files only: the changelog is put in by hand
        work = self.compose.directory / "work"
        run("rm", "-rf", work)
        run("dpkg-deb", "-R", deb, work)
        target = work / f"usr/share/doc/{name}/changelog.Debian.gz"
        target.parent.mkdir(parents=True)
        target.write_bytes(gzip.compress(changelog(name, version, *since, "1.0").encode()))
        run("dpkg-deb", "--root-owner-group", "-Zgzip", "-b", work, deb)
        local.index(self.compose.local)

    def drop(self, name, version):
        (self.compose.local / f"{name}_{version}.deb").unlink()
        local.index(self.compose.local)

    def run(self, *words, status=0):
        return run(ATOLL, "lock", self.compose.manifest, "--state", self.compose.state, "--quiet",
                   *words, status=status)

    def make(self, *words, status=0):
        return json.loads(self.run("--json", *words, status=status).stdout)

    def read(self):
        return json.loads(self.lock.read_text())

    def versions(self):
        return {package["name"]: package["version"] for package in self.read()["packages"]
                if package["name"] in ("lib", "app", "new")}


@pytest.fixture
def locked(compose):
    return Locked(compose)


def test_lock_says_all_there_is_to_know(locked):
    assert "packages locked" in locked.run().stdout
    lock = locked.read()
    assert lock["format"] == 1
    assert {repo["repository"] for repo in lock["repositories"]} == {"base", "local"}
    names = [(package["name"], package["arch"]) for package in lock["packages"]]
    assert names == sorted(names)
    lib = next(package for package in lock["packages"] if package["name"] == "lib")
    deb = locked.compose.local / "lib_1.0.deb"
    assert lib == {
        "name": "lib", "version": "1.0", "arch": "all", "format": "deb", "source": "lib",
        "sha256": run("sha256sum", deb).stdout.split()[0], "repository": "local",
        "path": "lib_1.0.deb", "size": deb.stat().st_size, "installed": lib["installed"]}
    assert oct(locked.lock.stat().st_mode) == "0o100644"
    before = locked.lock.read_bytes()
    assert locked.run(status=3).stdout.endswith(": nothing to change\n")
    assert locked.lock.read_bytes() == before


def test_lock_says_how_old_repositories_are(locked, keyring):
    repo = local.signed_repository(locked.compose, keyring, "locked@example.org",
                                   "Thu, 19 Nov 2026 10:00:00 UTC")
    locked.compose.write(packages=["passwd", "both"], repos=[repo])
    locked.run()
    assert [(one["repository"], one["time"]) for one in locked.read()["repositories"]] == [
        ("dated", "2026-11-19T10:00:00Z")]


def test_compose_follows_the_lock(locked):
    locked.run()
    locked.add("lib", "2.0")
    compose = locked.compose
    compose.make("--locked")
    assert compose.cat("/usr/share/lib/version") == "1.0"
    assert compose.run(status=3).stdout.startswith("nothing has changed")
    locked.lock.rename(compose.directory / "other")
    compose.make()
    assert compose.cat("/usr/share/lib/version") == "2.0"
    compose.make("--lockfile", compose.directory / "other")
    assert compose.cat("/usr/share/lib/version") == "1.0"


def test_locked_wants_a_lock_that_fits(locked):
    compose = locked.compose
    assert "there is no lock" in compose.fail("--locked")
    assert "there is no lock" in compose.fail("--lockfile", compose.directory / "none")
    locked.run()
    locked.add("new", "1.0")
    compose.write()
    error = compose.fail("--locked")
    assert "does not fit the manifest any more" in error
    assert "\n  missing: new 1.0" in error
    # without --locked the rest stays where it is locked
    locked.add("lib", "2.0")
    compose.write()
    assert "missing: new 1.0" in compose.run("--json").stderr
    assert compose.cat("/usr/share/lib/version") == "1.0"
    compose.write(packages=[name for name in compose.keys["packages"]
                            if name not in ("app", "lib", "new")])
    error = compose.fail("--locked")
    assert "\n  extra: app 1.0" in error and "\n  extra: lib 1.0" in error
    assert locked.make()["written"]
    compose.make("--locked")


def test_what_does_not_decide_on_packages_is_no_drift(locked):
    locked.run()
    locked.compose.write(postprocess=["touch /usr/share/touched"])
    locked.compose.make("--locked")
    assert "usr/share/touched" in locked.compose.ls()


def test_update_moves_what_is_named(locked):
    locked.run()
    locked.add("lib", "2.0", since=("1.5",))
    locked.add("app", "2.0", Depends="lib (>= 1.0)")
    assert locked.run(status=3).stdout.endswith("nothing to change\n")
    assert locked.versions() == {"lib": "1.0", "app": "1.0"}
    answer = locked.make("--update", "lib")
    assert locked.versions() == {"lib": "2.0", "app": "1.0"}
    [change] = answer["changes"]
    assert (change["package"], change["change"], change["from"], change["to"]) == (
        "lib", "changed", "1.0", "2.0")
    assert "What is new in 2.0." in change["changelog"]
    assert "What is new in 1.5." in change["changelog"]
    assert "What is new in 1.0." not in change["changelog"]
    text = locked.run("--update").stdout
    assert [line.split() for line in text.splitlines()][1] == ["app", "1.0", "2.0"]
    assert "What is new in 2.0." in text
    assert locked.versions() == {"lib": "2.0", "app": "2.0"}
    assert locked.run("--update", status=3)


def test_package_of_one_repository(locked, tmp_path):
    """repo-packages: not the newest version, but that of the repository."""
    other = tmp_path / "other"
    local.make_deb(other, "lib", "9.0")
    local.make_deb(other, "extra", "1.0")
    local.index(other)
    compose = locked.compose
    compose.keys["repos"].append(compose.repo("other", other))
    compose.write()
    locked.run()
    assert locked.versions() == {"lib": "9.0", "app": "1.0"}
    compose.write(repo_packages=[{"repo": "local", "packages": ["lib"]},
                                 {"repo": "other", "packages": ["extra"]}])
    locked.run()
    packages = {package["name"]: package for package in locked.read()["packages"]}
    assert (packages["lib"]["version"], packages["lib"]["repository"]) == ("1.0", "local")
    assert packages["extra"]["repository"] == "other"
    compose.write(repo_packages=[{"repo": "local", "packages": ["extra"]}])
    assert "extra" in locked.run("--update", status=1).stderr


def test_advisories(locked, tmp_path):
    locked.run()
    locked.add("lib", "2.0")
    tracker = tmp_path / "tracker.json"
    entry = {"urgency": "high", "status": "resolved"}
    tracker.write_text(json.dumps({"lib": {
        name: {"description": name, "releases": {"bookworm": {**entry, "fixed_version": fixed}}}
        for name, fixed in (("CVE-1", "1.0"), ("CVE-2", "1.5"), ("CVE-3", "3.0"))},
        "app": {"CVE-4": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}}}))
    words = ("--advisories", tracker, "--release", "bookworm")
    answer = locked.make("--check", *words)
    assert [finding["id"] for finding in answer["fixed"]] == ["CVE-2"]
    assert answer["opened"] == []
    text = locked.run("--update", *words).stdout
    assert "1 advisories fixed" in text and "CVE-2" in text and "CVE-3" not in text
    # back to the old version: open again
    (locked.compose.local / "lib_2.0.deb").unlink()
    local.index(locked.compose.local)
    answer = locked.make("--update", *words)
    assert [finding["id"] for finding in answer["opened"]] == ["CVE-2"]


def test_update_that_needs_another_says_so(locked):
    locked.run()
    locked.add("lib", "2.0")
    locked.add("app", "2.0", Depends="lib (>= 2.0)")
    error = locked.run("--update", "app", status=3)
    # the old version still fulfils everything
    assert locked.versions() == {"lib": "1.0", "app": "1.0"}, error.stdout
    locked.drop("app", "1.0")
    locked.lock.unlink()
    locked.run()
    assert locked.versions() == {"lib": "2.0", "app": "2.0"}


def test_update_wants_names_of_the_lock(locked):
    locked.run()
    error = locked.run("--update", "lob", status=1).stderr
    assert "package ‘lob’ is not in" in error and "did you mean ‘lib’?" in error
    assert "only together with --update" in locked.run("lib", status=2).stderr


def test_check(locked):
    locked.run()
    assert locked.run("--check", status=3)
    locked.add("lib", "2.0")
    before = locked.lock.read_bytes()
    answer = locked.make("--check")
    assert [change["package"] for change in answer["changes"]] == ["lib"]
    assert not answer["written"]
    assert locked.lock.read_bytes() == before


def test_what_vanished_comes_from_the_state(locked):
    """A mirror keeps only the newest: what was imported once is enough to go on with it."""
    compose = locked.compose
    locked.run()
    compose.make("--locked")
    locked.add("lib", "2.0")
    locked.add("app", "2.0")
    locked.drop("lib", "1.0")
    locked.drop("app", "1.0")
    compose.make("--locked", "--force")
    assert compose.cat("/usr/share/lib/version") == "1.0"
    answer = locked.make("--update", "app")
    assert [change["package"] for change in answer["changes"]] == ["app"]
    assert locked.versions() == {"lib": "1.0", "app": "2.0"}
    lib = next(package for package in locked.read()["packages"] if package["name"] == "lib")
    assert (lib["repository"], lib["path"]) == ("local", "lib_1.0.deb")
    compose.make("--locked")
    assert compose.cat("/usr/share/lib/version") == "1.0"
    assert compose.cat("/usr/share/app/version") == "2.0"


def test_what_vanished_and_is_not_here(locked):
    compose = locked.compose
    locked.run()
    lib = next(package for package in locked.read()["packages"] if package["name"] == "lib")
    locked.add("lib", "2.0")
    kept = compose.directory / "kept.deb"
    (compose.local / "lib_1.0.deb").rename(kept)
    local.index(compose.local)
    error = compose.fail("--locked")
    assert "package ‘lib’ 1.0 of the lock is not to be had from repository ‘local’" in error
    assert lib["sha256"] in error
    # the mend that it names works
    place = compose.state / "cache/packages" / f"{lib['sha256']}.deb"
    assert str(place) in error
    place.parent.mkdir(parents=True, exist_ok=True)
    kept.rename(place)
    compose.make("--locked")
    assert compose.cat("/usr/share/lib/version") == "1.0"


def test_other_contents_under_the_same_name(locked):
    locked.run()
    locked.drop("lib", "1.0")
    locked.add("lib", "1.0", since=("0.9",))
    error = locked.compose.fail("--locked")
    assert "lib" in error


def test_ids_are_locked(locked):
    compose = locked.compose
    useradd = "#!/bin/sh\nuseradd --system {0}\n"
    compose.add("first", scripts={"postinst": useradd.format("first")})
    compose.write()
    locked.run()
    assert "users" not in locked.read()
    compose.make("--locked")
    assert locked.make()["written"]
    uid = locked.read()["users"]["first"]
    assert f"first:x:{uid}:" in compose.cat("/usr/etc/passwd")
    lock = locked.read()
    lock["users"]["first"] = 555
    locked.lock.write_text(json.dumps(lock))
    compose.make("--locked")
    assert "first:x:555:" in compose.cat("/usr/etc/passwd")


def test_lock_of_a_commit(locked):
    """Every commit has its lock: the one that was used, or what its packages come to."""
    compose = locked.compose
    compose.add("first", scripts={"postinst": "#!/bin/sh\nuseradd --system first\n"})
    compose.write()
    compose.make()
    unlocked, contents = compose.refs()["test/tree"], compose.contents()
    assert locked.run("--from", "test/tree").stdout.endswith(f"as in commit {unlocked}\n")
    lock = locked.read()
    assert f"first:x:{lock['users']['first']}:" in compose.cat("/usr/etc/passwd")
    locked.add("lib", "2.0")
    compose.make("--locked", "--force")
    assert compose.contents() == contents
    text = locked.lock.read_bytes()
    locked.lock.unlink()
    locked.run("--from", "test/tree")
    assert locked.lock.read_bytes() == text
    locked.run("--from", "test/tree", "--update", status=2)
    beside = compose.state / "repo/extensions/atoll" / compose.refs()["test/tree"] / "lock.json.zst"
    beside.write_bytes(b"\x28\xb5\x2f\xfd broken")
    assert "lock.json.zst" in locked.run("--from", "test/tree", status=1).stderr
    assert locked.lock.read_bytes() == text


def test_two_states_give_one_tree(locked, tmp_path, base_state):
    locked.run()
    compose = locked.compose
    compose.make("--locked")
    contents = compose.contents()
    compose.state = local.copy_state(base_state, tmp_path / "other")
    locked.add("lib", "2.0")
    # the trusted key is another one with another state: it is no part of the comparison
    compose.state.joinpath("keys").mkdir(exist_ok=True)
    run("cp", "-a", tmp_path / "state/keys/.", compose.state / "keys")
    compose.make("--locked")
    assert compose.contents() == contents


@pytest.mark.parametrize("change,wanted", [
    (lambda lock: lock.update(format=2), "this atoll reads format 1"),
    (lambda lock: lock.pop("wanted"), "‘wanted’ is missing"),
    (lambda lock: lock.update(extra=1), "unknown key ‘extra’"),
    (lambda lock: lock["packages"].append(lock["packages"][0]), "is there twice"),
    (lambda lock: lock["packages"][0].update(sha256="abc"), "is no SHA-256 in hex"),
    (lambda lock: lock["packages"][0].update(path="../../etc/passwd"), "no path below"),
    (lambda lock: lock["packages"][0].update(format="tar"), "no format of packages"),
    (lambda lock: lock["packages"][0].update(size=-1), "is no number"),
    (lambda lock: lock["packages"][0].update(version="1 0"), "no version"),
    (lambda lock: lock["packages"][0].update(repository="nowhere"), "which the manifest has not"),
    (lambda lock: lock.update(users={"root": "x"}), "is no number"),
    (lambda lock: lock.update(arch="s390x"), "lock for s390x"),
])
def test_bad_lock(locked, change, wanted):
    locked.run()
    lock = locked.read()
    change(lock)
    locked.lock.write_text(json.dumps(lock, indent=1))
    error = locked.compose.fail()
    assert wanted in error
    assert str(locked.lock) in error


def test_a_lock_that_cannot_be_written_leaves_the_old_one(locked):
    locked.run()
    before = locked.lock.read_bytes()
    locked.add("lib", "2.0")
    if os.geteuid() == 0:
        # permissions do not stop root; a directory in the way of the temporary name's target does
        other = locked.compose.directory / "directory"
        other.mkdir()
        assert locked.run("--update", "--lockfile", other, status=1).stderr
    else:
        locked.compose.directory.chmod(0o500)
        assert locked.run("--update", status=1).stderr
        locked.compose.directory.chmod(0o700)
    assert locked.lock.read_bytes() == before
    assert sorted(path.name for path in locked.compose.directory.glob("tree.yaml*")) == [
        "tree.yaml", "tree.yaml.lock"]


# --- rpm

def test_rpms_are_locked_too(tmp_path):
    """Moves and holds as debs; repositories by revision, versions with epoch."""
    repo = tmp_path / "repo"
    repo.mkdir()
    state = tmp_path / "state"
    manifest = tmp_path / "tree.yaml"
    manifest.write_text(json.dumps({
        "ref": "test/tree", "packages": ["app"], "repos": [
            {"name": "one", "type": "rpm", "baseurl": f"file://{repo}", "trusted": True}]}))

    def lock(*words, status=0):
        return run(ATOLL, "lock", manifest, "--state", state, "--quiet", *words, status=status)

    def versions():
        text = (tmp_path / "tree.yaml.lock").read_text()
        return {package["name"]: package["version"] for package in json.loads(text)["packages"]}

    rpmrepo.build_all(repo, [{"name": "app", "requires": "lib >= 1"}, {"name": "lib", "version": "1:1-1"}])
    rpmrepo.index(repo)
    lock()
    assert versions() == {"app": "1-1", "lib": "1:1-1"}
    first = json.loads((tmp_path / "tree.yaml.lock").read_text())
    assert {package["format"] for package in first["packages"]} == {"rpm"}
    assert {package["path"] for package in first["packages"]} == {
        "noarch/app-1-1.noarch.rpm", "noarch/lib-1-1.noarch.rpm"}
    rpmrepo.build_all(repo, [{"name": "app", "version": "2-1", "requires": "lib >= 1"},
                             {"name": "lib", "version": "1:2-1"}])
    rpmrepo.index(repo)
    lock(status=3)
    assert versions() == {"app": "1-1", "lib": "1:1-1"}
    lock("--update", "lib")
    assert versions() == {"app": "1-1", "lib": "1:2-1"}
    changes = json.loads(lock("--check", "--json").stdout)["changes"]
    assert [(change["package"], change["to"]) for change in changes] == [("app", "2-1")]
    lock("--update")
    assert versions() == {"app": "2-1", "lib": "1:2-1"}
    # what its repository has dropped stays where it was imported, as it does of debs
    run(ATOLL, "compose", manifest, "--state", state, "--quiet")
    for path in repo.rglob("app-2-1*.rpm"):
        path.unlink()
    rpmrepo.build_all(repo, [{"name": "app", "version": "3-1", "requires": "lib >= 1"},
                             {"name": "lib", "version": "1:3-1"}])
    rpmrepo.index(repo)
    before = json.loads((tmp_path / "tree.yaml.lock").read_text())["packages"]
    lock("--update", "lib")
    assert versions() == {"app": "2-1", "lib": "1:3-1"}
    after = json.loads((tmp_path / "tree.yaml.lock").read_text())["packages"]
    assert after[0] == before[0]
    run(ATOLL, "compose", manifest, "--locked", "--state", state, "--quiet")
    # where it was never imported there is nothing to hold: it moves, and that is said
    changes = json.loads(run(ATOLL, "lock", manifest, "--check", "--update", "lib", "--state",
                             tmp_path / "other", "--quiet", "--json").stdout)["changes"]
    assert [(change["package"], change["to"]) for change in changes] == [("app", "3-1")]
