# SPDX-License-Identifier: LGPL-2.1-or-later
"""Input that is wrong: one error that says what and where, and nothing is lost."""
import functools
import hashlib
import http.server
import json
import os
import pathlib
import re
import tarfile
import threading

import pytest

import local
from conftest import run


def after_failure(compose):
    """What every failure has to leave behind: a compose that works, and whole repositories (an
    object that is there is not written again, so a damaged one is still seen at the end)."""
    answer = compose.make()
    assert not answer["unchanged"]
    assert compose.refs() == {"test/tree": answer["commit"]}
    compose.fsck()


def write_text(compose, text):
    """A manifest whose lines matter."""
    repos = f"""\
  - {{name: base, type: deb, url: "file://{compose.base}", suites: ./, trusted: true}}
  - {{name: local, type: deb, url: "file://{compose.local}", suites: ./, trusted: true}}
"""
    compose.manifest.write_text(text.replace("REPOS\n", repos))


def test_typo_in_key(fresh_compose):
    write_text(fresh_compose, "ref: test/tree\nrepos:\nREPOS\npackges: [passwd]\n")
    error = fresh_compose.fail()
    assert re.search(r"tree\.yaml:5:1: unknown key ‘packges’", error)
    assert "did you mean ‘packages’" in error
    assert not fresh_compose.state.exists()


def test_manifest_includes_itself(fresh_compose):
    write_text(fresh_compose, "ref: test/tree\nrepos:\nREPOS\ninclude: tree.yaml\n")
    error = fresh_compose.fail()
    assert re.search(r"tree\.yaml:5:\d+: .*includes? itself", error)
    assert len(error.splitlines()) == 1


def test_unknown_package(compose):
    write_text(compose, "ref: test/tree\nrepos:\nREPOS\npackages:\n  - passwd\n  - no-such\n")
    error = compose.fail()
    assert re.search(r"tree\.yaml:7:\d+", error)
    assert "‘no-such’" in error
    compose.write(packages=["passwd"])
    after_failure(compose)


def test_packages_that_conflict(compose):
    compose.add("one", Conflicts="two")
    compose.add("two")
    write_text(compose, "ref: test/tree\nrepos:\nREPOS\npackages:\n  - passwd\n  - one\n  - two\n")
    error = compose.fail()
    assert "one" in error and "two" in error and "conflict" in error
    assert re.search(r"tree\.yaml:7:\d+", error)
    assert re.search(r"tree\.yaml:8:\d+", error)
    compose.write(packages=["passwd", "one"])
    after_failure(compose)


def test_same_file_in_two_packages(compose):
    compose.add("one", files={"/usr/share/both": "1"})
    compose.add("two", files={"/usr/share/both": "2"})
    compose.write()
    error = compose.fail()
    assert "‘one’" in error and "‘two’" in error and "‘/usr/share/both’" in error
    compose.write(packages=["passwd", "one"])
    after_failure(compose)


def test_truncated_package(compose):
    """A mirror that was cut short while it copied the file, and one whose index agrees."""
    deb = compose.add("cut", files={"/usr/share/cut": "text " * 9999})
    whole = deb.read_bytes()
    deb.write_bytes(whole[:len(whole) // 2])
    compose.write()
    error = compose.fail()
    assert "package ‘cut’ 1.0" in error and "cut_1.0.deb’ is damaged" in error
    assert f"{len(whole) // 2} bytes" in error and f"{len(whole)} bytes" in error
    deb.write_bytes(whole)
    after_failure(compose)


def test_package_that_was_published_truncated(compose):
    """The digest is right, the archive is not."""
    deb = compose.add("cut", files={"/usr/share/cut": "text " * 9999})
    whole = deb.read_bytes()
    index = (compose.local / "Packages").read_text()
    half = whole[:len(whole) - 70]
    deb.write_bytes(half)
    text = index
    for algorithm in ("md5", "sha1", "sha256"):
        text = text.replace(getattr(hashlib, algorithm)(whole).hexdigest(),
                            getattr(hashlib, algorithm)(half).hexdigest())
    (compose.local / "Packages").write_text(text.replace(f"Size: {len(whole)}",
                                                         f"Size: {len(half)}"))
    compose.write()
    error = compose.fail()
    assert "package ‘cut’ 1.0" in error
    assert "data.tar" in error or "truncated" in error
    deb.write_bytes(whole)
    (compose.local / "Packages").write_text(index)
    after_failure(compose)


def test_wrong_digest(compose):
    deb = compose.add("changed", files={"/usr/share/changed": "text"})
    whole = deb.read_bytes()
    damaged = bytearray(whole)
    damaged[-20] ^= 1
    deb.write_bytes(damaged)
    compose.write()
    error = compose.fail()
    assert "package ‘changed’ 1.0" in error and "SHA-256" in error
    assert hashlib.sha256(whole).hexdigest() in error
    assert hashlib.sha256(damaged).hexdigest() in error
    deb.write_bytes(whole)
    after_failure(compose)


def test_damaged_package_in_the_cache(compose):
    """It is fetched again by the next compose: nobody has to know where the cache is."""
    deb = compose.add("cached", files={"/usr/share/cached": "text"})
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=compose.local)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        repo = compose.repo("local", compose.local) | {
            "url": f"http://127.0.0.1:{server.server_port}"}
        compose.write(repos=[compose.keys["repos"][0], repo])
        cached = compose.state / f"cache/packages/{digest}.deb"
        cached.parent.mkdir(exist_ok=True)
        cached.write_bytes(deb.read_bytes()[:-9])
        error = compose.fail()
        assert "cached" in error and "is damaged" in error
        after_failure(compose)
        assert compose.cat("/usr/share/cached") == "text"
        server.shutdown()


@pytest.fixture(scope="module")
def keys(keyring):
    return {name: local.make_key(keyring, f"{name}@example.org") for name in ("good", "other")}


def test_wrong_signature(compose, keyring, keys):
    """The repository is signed, but by another key."""
    compose.add("signed", files={"/usr/share/signed": "text"})
    local.sign(compose.local, keyring, "other@example.org")
    repos = [compose.keys["repos"][0],
             compose.repo("local", compose.local, keyring=str(keys["good"]))]
    compose.write(repos=repos)
    error = compose.fail()
    assert "is signed by key" in error and "good.gpg’" in error
    assert re.match(r".*tree\.yaml:\d+: ", error)
    # the right key, whose time is over
    then = ("--faked-system-time", "20200101T000000!")
    old = local.make_key(keyring, "old@example.org", then, "2d")
    local.sign(compose.local, keyring, "old@example.org", options=then)
    compose.write(repos=[repos[0], compose.repo("local", compose.local, keyring=str(old))])
    error = compose.fail()
    assert "old@example.org" in error and "has expired" in error
    assert re.match(r".*tree\.yaml:\d+: ", error)
    compose.write(repos=repos)
    local.sign(compose.local, keyring, "good@example.org")
    after_failure(compose)
    # and what was good does not make up for what is not
    text = (compose.local / "InRelease").read_text()
    (compose.local / "InRelease").write_text(text.replace("Suite: test", "Suite: tost"))
    error = compose.fail()
    assert "signature" in error


def test_index_that_does_not_match_its_release(compose, keyring, keys):
    compose.add("signed")
    local.sign(compose.local, keyring, "good@example.org")
    good = (compose.local / "Packages").read_text()
    (compose.local / "Packages").write_text(good.replace("Version: 1.0", "Version: 6.6"))
    repos = [compose.keys["repos"][0],
             compose.repo("local", compose.local, keyring=str(keys["good"]))]
    compose.write(repos=repos)
    error = compose.fail()
    assert "Packages" in error
    (compose.local / "Packages").write_text(good)
    after_failure(compose)


BAD_NAME = os.fsdecode(b"/usr/share/a\xffb")


def test_name_that_is_not_utf8(compose):
    """OSTree has no place for it, whoever brings it."""
    local.make_deb(compose.local, "odd", files={BAD_NAME: "x"})
    local.make_deb(compose.local, "odd-script", scripts={
        "postinst": "#!/bin/sh\ntouch \"/usr/share/$(printf 'a\\377b')\"\n"})
    local.index(compose.local)
    compose.write(packages=["passwd", "odd"])
    error = compose.fail(errors="surrogateescape")
    assert "package ‘odd’" in error and "not UTF-8" in error
    compose.write(packages=["passwd", "odd-script"])
    error = compose.fail(errors="surrogateescape")
    assert "‘usr’: ‘share’: ‘a" in error and "not UTF-8" in error
    compose.write(packages=["passwd"])
    after_failure(compose)


@pytest.mark.parametrize("kind", ["CHRTYPE", "BLKTYPE"])
def test_device_node(compose, kind):
    """As an archive may have it: making one takes no rights here."""
    deb = compose.add("node", files={"/usr/share/node/fine": "x"})
    member = tarfile.TarInfo("./usr/share/node/null")
    member.type, member.devmajor, member.devminor = getattr(tarfile, kind), 1, 3
    with tarfile.open(compose.directory / "data.tar", "w") as tar:
        tar.addfile(member)
    run("ar", "x", deb, "debian-binary", "control.tar.gz", cwd=compose.directory)
    deb.unlink()
    run("ar", "rc", deb, "debian-binary", "control.tar.gz", "data.tar", cwd=compose.directory)
    local.index(compose.local)
    compose.write()
    error = compose.fail()
    assert "package ‘node’" in error and "‘./usr/share/node/null’" in error
    assert "a device node" in error and len(error.splitlines()) == 1


def test_files_in_usr_etc(compose):
    compose.add("odd", files={"/usr/etc/odd": "x"})
    compose.write()
    error = compose.fail()
    assert "‘/usr/etc’" in error and len(error.splitlines()) == 1
    compose.write(packages=["passwd"])
    after_failure(compose)


def test_source_that_is_no_name(compose):
    deb = compose.add("odd", Source="source")
    index = compose.local / "Packages"
    index.write_bytes(index.read_bytes().replace(b"Source: source", b"Source: s\xff"))
    compose.write()
    compose.make()
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    assert f"('odd', '1.0', 'all', 'odd', '{digest}')" in compose.metadata("atoll.packages")


def test_control_file_in_another_encoding(compose):
    deb = local.make_deb(compose.local, "latin", Description="na\u00efve")
    root = compose.directory / "unpacked"
    run("dpkg-deb", "-R", deb, root)
    control = root / "DEBIAN/control"
    control.write_bytes(control.read_text().encode("latin-1"))
    run("dpkg-deb", "--root-owner-group", "-b", root, deb)
    text = run("dpkg-scanpackages", ".", cwd=compose.local, text=False).stdout
    (compose.local / "Packages").write_bytes(text)
    compose.write(packages=["passwd", "latin"])
    compose.make()
    assert "Description: na\ufffdve" in compose.cat("/usr/lib/sysimage/dpkg/status")


@pytest.mark.parametrize("script, words", [("postinst", "configure"), ("preinst", "install")])
def test_script_that_fails(compose, script, words):
    compose.add("fine", scripts={"postinst": "#!/bin/sh\nexit 0\n"})
    compose.add("broken", scripts={script: f"""\
        #!/bin/sh
        test "$1" = {words} || exit 99
        i=0
        while [ $i -lt 40 ]; do echo "line $i"; i=$((i + 1)); done
        echo "the last words" >&2
        exit 7
        """})
    compose.add("later", scripts={"postinst": "#!/bin/sh\necho noise\n"})
    compose.write()
    lines = compose.fail().splitlines()
    assert lines[0] == f"the {script} script of package ‘broken’ failed with exit status 7"
    assert lines[-1] == "  | the last words"
    assert "  | line 39" in lines and "  | line 1" not in lines
    assert "noise" not in "".join(lines)
    compose.write(packages=["passwd", "fine", "later"])
    after_failure(compose)


def test_postprocess_that_fails(compose):
    compose.manifest.write_text("")
    write_text(compose, "ref: test/tree\nrepos:\nREPOS\npackages: [passwd]\npostprocess:\n"
                        "  - |\n    #!/bin/sh\n    echo why\n    exit 5\n")
    error = compose.fail()
    assert re.match(r".*tree\.yaml:8:\d+: ", error)
    assert "exit status 5" in error and error.rstrip().endswith("| why")
    compose.write()
    after_failure(compose)


def test_unit_that_is_not_there(compose):
    write_text(compose, "ref: test/tree\nrepos:\nREPOS\npackages: [passwd]\n"
                        "units: [no-such.service]\n")
    error = compose.fail()
    assert re.match(r".*tree\.yaml:6:\d+: ", error)
    compose.write()
    after_failure(compose)


def test_repository_that_is_not_there(compose, tmp_path):
    compose.write(repos=[compose.repo("base", tmp_path / "nowhere")])
    error = compose.fail()
    assert "nowhere" in error
    compose.write(repos=[compose.repo("base", compose.base)])
    after_failure(compose)


def test_manifest_that_is_not_there(fresh_compose):
    fresh_compose.manifest.unlink()
    error = fresh_compose.fail()
    assert "tree.yaml" in error and "No such file" in error


def test_state_that_is_a_file(fresh_compose):
    pathlib.Path(fresh_compose.state).write_text("")
    error = fresh_compose.fail()
    assert str(fresh_compose.state) in error


def test_json_names_the_commit(compose):
    """The sanity of `make`, on which the other tests lean."""
    answer = compose.make()
    assert answer["commit"] == compose.refs()["test/tree"]
    assert json.dumps(answer)
