# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll verify: a commit is made again from what it says, and compared; and the surroundings that
must not count: the day, the place, the order of directory entries, how many CPUs there are."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

import local
from conftest import run


def verify(compose, rev, *words, status=0):
    return run(local.ATOLL, "verify", "--state", compose.state, "--quiet", *words, rev,
               status=status)


def commit(compose):
    return compose.refs()["test/tree"]


@pytest.fixture(scope="module")
def made(tmp_path_factory, base_packages, base_state):
    """Two commits of a tree with users, added files and a script of its own."""
    directory = tmp_path_factory.mktemp("made")
    compose = local.Compose(directory, base_packages,
                            local.copy_state(base_state, directory / "state"))
    compose.write(packages=list(local.BASE_PACKAGES))
    (compose.directory / "files").mkdir()
    (compose.directory / "files/motd").write_text("welcome\n")
    (compose.directory / "files/tool").write_text("#!/bin/sh\n")
    (compose.directory / "files/tool").chmod(0o755)
    compose.add("service", files={"/usr/share/service/file": "x", "/etc/service.conf": "y"},
                scripts={"conffiles": "/etc/service.conf\n", "postinst": """\
                    #!/bin/sh
                    set -e
                    useradd --system service
                    chown service /usr/share/service/file
                    """})
    compose.write(add_files=[["files/motd", "/etc/motd"], ["files/tool", "/usr/bin/tool"]],
                  postprocess=["#!/bin/sh\ncat /etc/motd > /usr/share/seen\n"],
                  add_commit_metadata={"text": "value", "flag": True})
    compose.make()
    compose.add("another", files={"/usr/share/another": "x"}, scripts={
        "postinst": "#!/bin/sh\nset -e\nuseradd --system another\n"})
    compose.write()
    compose.make()
    return compose


def test_reproduced(made):
    """The last one, and its parent; nothing of it stays, nothing moves."""
    before = made.refs()
    assert verify(made, "test/tree").stdout.split() == [commit(made), "reproduced"]
    answer = json.loads(verify(made, made.ostree("rev-parse", "test/tree^").strip(),
                               "--json").stdout)
    assert answer["reproduced"] is True and answer["differences"] == []
    assert answer["commit"] == answer["rebuilt"] != commit(made)
    assert made.refs() == before
    assert not list((made.state / "cache").glob("verify-*"))


def test_not_reproduced(compose):
    """What a script made up is named."""
    compose.add("random", files={"/usr/share/fixed": "x"}, scripts={"postinst": """\
        #!/bin/sh
        cat /proc/sys/kernel/random/uuid > /usr/share/random
        touch /usr/share/only-$(cat /proc/sys/kernel/random/uuid)
        """})
    compose.write()
    compose.make()
    result = verify(compose, "test/tree", "--json", status=1)
    answer = json.loads(result.stdout)
    assert answer["reproduced"] is False and answer["commit"] != answer["rebuilt"]
    found = {row["path"].split("only-")[0]: row["what"] for row in answer["differences"]}
    assert found.pop("/usr/share/random") == "content"
    assert found.pop("/usr/share/") in ("missing", "added")
    assert sorted(row["what"] for row in answer["differences"]
                  if "only-" in row["path"]) == ["added", "missing"]
    # the digest of the list of files follows from the files
    assert found == {"atoll.sbom-digest": "metadata"}


def test_tampered_commit(made):
    """A commit that claims these packages, with one file that is of none of them."""
    tree = made.directory / "tampered"
    run("ostree", f"--repo={made.state / 'build'}", "checkout", "-U", "test/tree", tree)
    (tree / "usr/share/service/file").unlink()
    (tree / "usr/share/service/file").write_text("backdoor")
    keys = []
    for line in ("version", "atoll.manifest-digest", "atoll.manifest", "atoll.inputs"):
        keys += ["--add-metadata-string",
                 f"{line}={made.metadata(line)[1:-1].encode().decode('unicode_escape')}"]
    for line in ("atoll.packages", "atoll.uids", "atoll.gids"):
        keys += [f"--add-metadata={line}={made.metadata(line)}"]
    forged = run("ostree", f"--repo={made.state / 'build'}", "commit", "--branch=forged",
                 f"--tree=dir={tree}", *keys).stdout.strip()
    # its provenance is another commit's: the packages have to be in the cache
    cache = made.state / "cache/packages"
    cache.mkdir(parents=True, exist_ok=True)
    for folder in (made.local, made.base):
        for deb in folder.glob("*.deb"):
            digest = run("sha256sum", deb).stdout.split()[0]
            if not (cache / f"{digest}.deb").exists():
                shutil.copy(deb, cache / f"{digest}.deb")
    text = verify(made, forged, status=1).stdout
    assert ["content", "/usr/share/service/file"] in [line.split() for line in text.splitlines()]
    assert "\nnot reproduced: " in text


def test_package_that_is_gone(made):
    deb = next(made.local.glob("service_*.deb"))
    digest = run("sha256sum", deb).stdout.split()[0]
    deb.rename(deb.with_suffix(".away"))
    shutil.rmtree(made.state / "cache/packages", ignore_errors=True)
    error = verify(made, "test/tree", status=1).stderr
    assert "service" in error and str(deb.name) in error
    cache = made.state / "cache/packages"
    cache.mkdir(parents=True, exist_ok=True)
    shutil.copy(deb.with_suffix(".away"), cache / f"{digest}.deb")
    verify(made, "test/tree")
    deb.with_suffix(".away").rename(deb)


def test_manifest_that_is_named(made):
    other = made.directory / "other.yaml"
    keys = json.loads(made.manifest.read_text())
    other.write_text(json.dumps({**keys, "documentation": True}))
    error = verify(made, "test/tree", "--manifest", other, status=1).stderr
    assert "is not the manifest of this commit" in error


def test_added_file_that_a_script_changed(compose):
    (compose.directory / "motd").write_text("welcome\n")
    compose.write(add_files=[["motd", "/etc/motd"]],
                  postprocess=["#!/bin/sh\necho more >> /etc/motd\n"])
    compose.make()
    error = verify(compose, "test/tree", status=1).stderr
    assert "‘/etc/motd’" in error and "--manifest" in error
    verify(compose, "test/tree", "--manifest", compose.manifest)


def test_no_such_commit(compose):
    assert "no-such" in verify(compose, "no-such", status=1).stderr


# --- the same commit, wherever and whenever ---

def shuffled(source, target):
    """A copy whose directories list their entries in another order."""
    target.mkdir()
    for path in sorted(source.rglob("*"), reverse=True):
        if path.is_dir():
            (target / path.relative_to(source)).mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*"), key=lambda p: p.name[::-1]):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
    return target


def test_same_commit_anywhere(base_packages, keyring, tmp_path):
    """Another day, directory, zone, tongue, mask, host name; one CPU; other directory order."""
    first = local.Compose(tmp_path, base_packages, tmp_path / "first")
    (tmp_path / "added/z").mkdir(parents=True)
    for name in ("b", "a", "z/c", "d"):
        (tmp_path / "added" / name).write_text(name)
    repo = local.signed_repository(first, keyring, "anywhere@example.org",
                                   "Thu, 19 Nov 2026 10:00:00 UTC")
    first.write(packages=["passwd", "both"], repos=[repo], add_files=[["added", "/usr/share/added"]],
                **{"automatic_version_prefix": "1.<date:%Y%m%d>"})
    first.make()
    commits = [commit(first)]
    assert first.ostree("show", "test/tree").count("2026-11-19 10:00:00") == 1
    assert first.metadata("version") == "'1.20261119.0'"
    surroundings = [
        (["faketime", "2027-03-01 12:00:00"], {"TZ": "Pacific/Chatham", "LC_ALL": "C"}, 0o077),
        (["taskset", "-c", "0"], {"HOME": "/nowhere", "LANG": "tr_TR.UTF-8", "LC_ALL": ""}, 0o002),
        (["unshare", "--uts", "sh", "-c", "hostname elsewhere && exec \"$@\"", "sh"], {}, 0o022)]
    # faketime is preloaded, before the sanitizer's runtime
    asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    for number, (prefix, env, mask) in enumerate(surroundings):
        place = tmp_path / ("place" + "x" * number)
        place.mkdir()
        other = local.Compose(place, base_packages, place / "state")
        (place / "state").mkdir()
        shutil.copytree(first.state / "keys", place / "state/keys")
        shuffled(tmp_path / "added", place / "added")
        other.keys = dict(first.keys)
        other.write()
        result = subprocess.run([*prefix, *other.argv()], env={**os.environ, "ASAN_OPTIONS": asan, **env},
                                cwd="/" if number else place, umask=mask, capture_output=True,
                                text=True, timeout=300, check=False)
        assert result.returncode == 0, result.stderr
        assert other.contents() == first.contents(), set(other.ls().items()) ^ set(
            first.ls().items())
        commits.append(commit(other))
    assert len(set(commits)) == 1


def test_same_commit_as_an_ordinary_user(ordinary_user, base_packages, keyring):
    """Root or not, in another directory."""
    home = pathlib.Path(f"/home/{ordinary_user}")
    home.chmod(0o755)
    shutil.copytree(base_packages, home / "base")
    root = local.Compose(home, home / "base", home / "state")
    repo = local.signed_repository(root, keyring, "ordinary@example.org",
                                   "Thu, 19 Nov 2026 10:00:00 UTC")
    repo["keyring"] = str(shutil.copy(repo["keyring"], home))
    root.write(packages=["passwd", "both"], repos=[repo])
    root.make()
    (home / "other").mkdir()
    other = local.Compose(home / "other", home / "base", home / "other/state")
    other.state.mkdir()
    shutil.copytree(root.state / "keys", other.state / "keys")
    other.keys = dict(root.keys)
    other.write()
    shutil.copy(local.ATOLL, home / "atoll")
    run("chown", "-R", f"{ordinary_user}:", home)
    run("su", ordinary_user, "-c", "cd other && ../atoll compose tree.yaml --state state --quiet",
        cwd=home, timeout=600)
    made = run("su", ordinary_user, "-c", "ostree --repo=other/state/repo rev-parse test/tree",
               cwd=home).stdout.strip()
    assert made == commit(root)


def test_source_date_epoch(compose):
    compose.make("--set-version", "1", env={**os.environ, "SOURCE_DATE_EPOCH": "1000000000"})
    assert "2001-09-09 01:46:40" in compose.ostree("show", "test/tree")
