# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scripts run in stages, and what a stage did is remembered: no tree may show it."""
import shutil

import local

RANDOM = """\
    #!/bin/sh
    set -e
    cat /proc/sys/kernel/random/uuid > /usr/share/{name}.uuid
    ls -d /usr/share/plain* > /usr/share/{name}.seen 2>/dev/null || true
    """


def ran(answer):
    """How many packages' scripts ran."""
    return [phase["files"] for phase in answer["phases"] if phase["phase"] == "scripts"][0]


def add_set(compose, **versions):
    """One package for each of the later stages: needed by another, with a script, with none."""
    for deb in compose.local.glob("*.deb"):
        deb.unlink()
    compose.add("needed", versions.get("needed", "1"), files={
        "/usr/share/needed": versions.get("needed", "1")},
        scripts={"postinst": "#!/bin/sh\nset -e\ncp /usr/share/needed /usr/share/needed.copy\n"
                             "useradd --system needed\n"})
    compose.add("scripted", versions.get("scripted", "1"), Depends="needed", files={
        "/usr/share/scripted": versions.get("scripted", "1")},
        scripts={"postinst": "#!/bin/sh\nset -e\n"
                             "cat /usr/share/needed.copy /usr/share/scripted > /usr/share/both\n"
                             "useradd --system scripted\nchown scripted /usr/share/both\n"})
    compose.add("plain", versions.get("plain", "1"), files={
        "/usr/share/plain": versions.get("plain", "1"), "/usr/share/plains/x": "x"})
    compose.write()


def in_fresh_state(compose, tmp_path, name):
    """The same manifest where nothing was ever composed; only the key is the same."""
    state = tmp_path / name
    state.mkdir()
    shutil.copytree(compose.state / "keys", state / "keys")
    fresh = local.Compose.__new__(local.Compose)
    fresh.__dict__.update(compose.__dict__, state=state)
    fresh.make()
    return fresh


def test_remembered_is_as_made(compose, tmp_path):
    """Whatever changes: the tree is the one that a first compose makes."""
    add_set(compose)
    assert ran(compose.make()) == 3
    first = compose.contents()
    for changed, number in (({"plain": "2"}, 1), ({"plain": "2", "scripted": "2"}, 2),
                            ({"plain": "3", "scripted": "2", "needed": "2"}, 3)):
        add_set(compose, **changed)
        assert ran(compose.make()) == number
    assert compose.cat("/usr/share/both") == "22"
    fresh = in_fresh_state(compose, tmp_path, "fresh")
    assert compose.contents() == fresh.contents(), set(compose.ls().items()) ^ set(
        fresh.ls().items())
    # back to what was once: nothing runs, and nothing else comes out
    last = compose.contents()
    add_set(compose)
    assert ran(compose.make()) == 0
    assert compose.contents() == first
    add_set(compose, plain="3", scripted="2", needed="2")
    assert ran(compose.make()) == 0
    assert compose.contents() == last
    compose.fsck()


def test_forgotten_is_made_again(compose):
    add_set(compose)
    compose.make()
    before = compose.contents()
    shutil.rmtree(compose.state / "build/refs/heads/atoll/stage")
    assert ran(compose.make("--force")) > 3
    assert compose.contents() == before


def test_stage_sees_no_later_one(compose):
    """Else what it did could not be remembered; and it is, though a random number went in."""
    compose.add("early", scripts={"postinst": RANDOM.format(name="early")})
    compose.add("user", Depends="early")
    compose.add("late", scripts={"postinst": RANDOM.format(name="late")})
    compose.add("plain1", files={"/usr/share/plain1": "x"})
    compose.write()
    compose.make()
    first = {name: compose.cat(f"/usr/share/{name}.uuid") for name in ("early", "late")}
    assert compose.cat("/usr/share/early.seen") == compose.cat("/usr/share/late.seen") == ""
    compose.add("plain2", files={"/usr/share/plain2": "x"})
    compose.add("another", scripts={"postinst": "#!/bin/sh\n"})
    compose.write()
    compose.make()
    assert compose.cat("/usr/share/early.uuid") == first["early"]
    assert compose.cat("/usr/share/late.uuid") != first["late"]


def test_all_that_a_stage_sees_counts(compose):
    """A file of an earlier stage that no script is known to read."""
    add_set(compose)
    compose.add("needs-not", "1", files={"/usr/share/unread": "1"})
    compose.add("needs-user", Depends="needs-not")
    compose.write()
    compose.make()
    compose.add("needs-not", "1.1", files={"/usr/share/unread": "2"})
    compose.write()
    assert ran(compose.make()) >= 4
    # and so does what the manifest leaves out of it
    compose.write(documentation=True)
    assert ran(compose.make()) > 4


def test_trigger_of_a_later_stage(compose):
    """The one who is interested came long before the file, and is called for it."""
    compose.add("collector", scripts={
        "triggers": "interest-noawait /usr/share/collected\n",
        "postinst": "#!/bin/sh\nset -e\nls /usr/share/collected > /usr/share/collection "
                    "2>/dev/null || true\necho \"$1\" >> /usr/share/calls\n"})
    compose.add("needs-collector", Depends="collector")
    compose.add("plain", files={"/usr/share/collected/plain": "x"})
    compose.write()
    compose.make()
    assert compose.cat("/usr/share/collection") == "plain\n"
    assert compose.cat("/usr/share/calls") == "configure\ntriggered\n"
    compose.add("plain2", files={"/usr/share/collected/second": "x"})
    compose.write()
    compose.make()
    assert compose.cat("/usr/share/collection") == "plain\nsecond\n"


def test_diversion_for_a_later_stage(compose):
    """What dpkg-divert(1) noted in an earlier stage holds for the files that come after it."""
    compose.add("diverter", files={"/usr/share/plain": "mine"}, scripts={
        "preinst": "#!/bin/sh\nset -e\ndpkg-divert --package diverter --add --no-rename "
                   "--divert /usr/share/plain.real /usr/share/plain\n"})
    compose.add("needs-diverter", Depends="diverter")
    compose.add("plain", files={"/usr/share/plain": "theirs"})
    compose.write()
    compose.make()
    assert compose.cat("/usr/share/plain") == "mine"
    assert compose.cat("/usr/share/plain.real") == "theirs"


def test_file_where_a_script_had_put_one(compose):
    """As dpkg does it: what no package owns makes way."""
    compose.add("early", scripts={
        "postinst": "#!/bin/sh\nset -e\necho script > /usr/share/place\n"
                    "rm -r /usr/share/gone\nmkdir /usr/share/gone\ntouch /usr/share/gone/new\n"},
        files={"/usr/share/gone/old": "x", "/usr/share/gone/older": "x"})
    compose.add("needs-early", Depends="early")
    compose.add("plain", files={"/usr/share/place": "package"})
    compose.write()
    compose.make()
    assert compose.cat("/usr/share/place") == "package"
    paths = compose.ls("usr/share/gone")
    assert "usr/share/gone/new" in paths
    assert "usr/share/gone/old" not in paths


def test_failed_stage_is_not_remembered(compose):
    add_set(compose)
    compose.add("failing", scripts={"postinst": "#!/bin/sh\ntouch /usr/share/half\nexit 7\n"})
    compose.write()
    assert "failing" in compose.fail()
    compose.add("failing", "1.1", scripts={"postinst": "#!/bin/sh\n"})
    compose.write()
    # the stage before was sound, and is still known
    assert ran(compose.make()) == 3
    assert "usr/share/half" not in compose.ls()
