# SPDX-License-Identifier: LGPL-2.1-or-later
"""What manifest keys do to a tree: accounts, files, layers, versions, scripts."""
import json
import re
import stat

import pytest

import local
from conftest import run


@pytest.fixture(scope="module")
def made(tmp_path_factory, base_packages, base_state):
    """One compose with many keys at once, for the tests that only look."""
    directory = tmp_path_factory.mktemp("keys")
    compose = local.Compose(directory, base_packages,
                            local.copy_state(base_state, directory / "state"))
    compose.write(packages=list(local.BASE_PACKAGES))
    compose.add("crafted", "1.0", files={
        "/usr/share/crafted/gone-1": "x", "/usr/share/crafted/gone-2": "x",
        "/usr/share/crafted/kept": "x", "/usr/share/crafted/gone-dir/a": "x",
        "/lib/crafted/gone-merged": "x", "/usr/bin/tool": ("#!/bin/sh\n", 0o755),
        "/usr/share/replaced": "from the package", "/opt/vendor/file": "x",
        "/usr/local/bin/x": ("#!/bin/sh\n", 0o755)},
        scripts={"postinst": "#!/bin/sh\nuseradd --system crafted\n"})
    # a layer, as release engineers make one: a commit of a few files
    layer = directory / "layer"
    for path, text in {"usr/lib/layered": "layer", "usr/etc/layered.conf": "layer",
                       "lib/merged-layer": "layer"}.items():
        (layer / path).parent.mkdir(parents=True, exist_ok=True)
        (layer / path).write_text(text)
    override = directory / "override"
    (override / "usr/share").mkdir(parents=True)
    (override / "usr/share/replaced").write_text("from the layer")
    for name, tree in (("overlay/one", layer), ("dev/override", override)):
        run("ostree", f"--repo={compose.repository}", "commit", f"--branch={name}", "--owner-uid=0",
            "--owner-gid=0", f"--tree=dir={tree}")
    (directory / "last.sh").write_text(
        "#!/bin/sh\n. /etc/os-release\necho \"$OSTREE_VERSION\" > /usr/share/version-seen\n"
        "cat /usr/lib/layered >> /usr/share/order\necho script >> /usr/share/order\n")
    (directory / "finalize.d").mkdir()
    for name in ("20-b", "10-a"):
        program = directory / "finalize.d" / name
        program.write_text(f"#!/bin/sh\nset -e\necho {name} >> usr/share/order\n"
                           "test -d /work -o -d /usr && ! touch /usr/share/x 2>/dev/null\n")
        program.chmod(0o755)
    compose.write(
        edition="2024", releasever="12",
        remove_from_packages=[["crafted", "/gone-[12]$", "/gone-dir", "/gone-merged"]],
        ostree_layers=["overlay/one"], ostree_override_layers=["dev/override"],
        postprocess=["echo one >> /usr/share/order"], postprocess_script="last.sh",
        mutate_os_release="12", readonly_executables=True, machineid_compat=False,
        tmp_is_dir=False, opt_usrlocal="root", automatic_version_suffix="-",
        add_commit_metadata={"kept": "yes"}, metadata={"summary": "for others"})
    compose.answer = compose.make()
    compose.paths = compose.ls()
    return compose


def test_remove_from_packages(made):
    assert "usr/share/crafted/kept" in made.paths
    for path in ("usr/share/crafted/gone-1", "usr/share/crafted/gone-2", "usr/lib/crafted/gone-merged",
                 "usr/share/crafted/gone-dir", "usr/share/crafted/gone-dir/a"):
        assert path not in made.paths
    # dpkg still knows what the package brought, as with path-exclude
    assert "/usr/share/crafted/gone-1" in made.cat("/usr/lib/sysimage/dpkg/info/crafted.list")


def test_scripts_run_in_order(made):
    assert made.cat("/usr/share/order") == "one\nlayerscript\n10-a\n20-b\n"


def test_version_is_in_os_release(made):
    version = made.answer["version"]
    assert version == "12"
    os_release = made.cat("/usr/lib/os-release")
    assert f"OSTREE_VERSION='{version}'\n" in os_release
    assert made.cat("/usr/share/version-seen") == version + "\n"


def test_layers(made):
    assert made.cat("/usr/lib/layered") == "layer"
    assert made.cat("/usr/etc/layered.conf") == "layer"
    assert made.cat("/usr/lib/merged-layer") == "layer"
    assert made.cat("/usr/share/replaced") == "from the layer"


def test_no_program_is_writable(made):
    for path, line in made.paths.items():
        mode = int(line[1:6], 8)
        is_program = line.startswith("-") and mode & 0o111
        if is_program and path.startswith("usr/") and not path.startswith("usr/etc/"):
            assert not mode & 0o222, line


def test_small_keys(made):
    assert "usr/etc/machine-id" not in made.paths
    assert made.paths["tmp"].endswith("tmp -> sysroot/tmp")
    assert "opt/vendor/file" in made.paths
    assert "usr/local/bin/x" in made.paths
    assert made.metadata("kept") == "'yes'"


def test_next_version_has_the_suffix(made):
    assert made.make("--force")["version"] == "12-1"


def test_conflict_of_a_layer(compose):
    compose.add("crafted", files={"/usr/share/both": "package"})
    tree = compose.directory / "layer/usr/share"
    tree.mkdir(parents=True)
    (tree / "both").write_text("layer")
    compose.write(ostree_layers=["overlay/one"])
    assert "there is no ref ‘overlay/one’" in compose.fail()
    run("ostree", f"--repo={compose.repository}", "commit", "--branch=overlay/one",
        "--owner-uid=0", "--owner-gid=0", f"--tree=dir={compose.directory / 'layer'}")
    error = compose.fail()
    assert "‘/usr/share/both’ is in ostree-layers ‘overlay/one’ and" in error
    assert "package ‘crafted’" in error


def test_layer_that_moves_makes_a_new_commit(compose):
    tree = compose.directory / "layer/usr/share"
    tree.mkdir(parents=True)

    def commit(text):
        (tree / "layered").write_text(text)
        run("ostree", f"--repo={compose.repository}", "commit", "--branch=overlay/one",
            "--owner-uid=0", "--owner-gid=0", f"--tree=dir={compose.directory / 'layer'}")

    compose.make()
    commit("one")
    compose.write(ostree_layers=["overlay/one"])
    compose.make()
    assert compose.run(status=3)
    commit("two")
    compose.make()
    assert compose.cat("/usr/share/layered") == "two"


ADD_USER = "#!/bin/sh\nuseradd --system {0}\n"


def test_checks_of_accounts(compose):
    compose.add("first", scripts={"postinst": ADD_USER.format("first")})
    compose.write(check_passwd={"type": "data", "entries": {"root": 0, "first": [333, 333]}},
                  check_groups={"type": "data", "entries": {"first": 333}})
    compose.make()
    assert "first:x:333:333:" in compose.cat("/usr/etc/passwd")
    # without preserve-passwd scripts decide, and the check finds it
    compose.write(preserve_passwd=False)
    assert re.search(r"user ‘first’ has ids \d+:\d+, wanted 333:333", compose.fail())
    compose.write(preserve_passwd=True, check_passwd={
        "type": "data", "entries": {"root": 0, "nobody-like-this": 44}})
    assert "user ‘nobody-like-this’ (44) is missing" in compose.fail()
    compose.write(ignore_removed_users=["nobody-like-this"])
    compose.make()
    # a user that goes is missed by "previous", and may be let go
    compose.write(check_passwd={"type": "previous"}, check_groups={"type": "previous"},
                  packages=list(local.BASE_PACKAGES))
    error = compose.fail()
    assert "user ‘first’" in error and "is missing" in error and "ignore-removed-users" in error
    compose.write(ignore_removed_users=["*"])
    assert "group ‘first’" in compose.fail()
    compose.write(ignore_removed_groups=["first"])
    compose.make()


def test_groups_that_a_host_may_change(compose):
    """All are in /etc; one that the tree does not have is named with its place."""
    compose.write(etc_group_members=["adm", "not-there"], packages=list(local.BASE_PACKAGES))
    told = run(*[word for word in compose.argv() if word != "--quiet"]).stderr
    assert re.search(r"tree\.yaml:\d+:\d+: ‘etc-group-members’ names group ‘not-there’, which the "
                     "tree has not got", told)
    assert "group ‘adm’" not in told
    assert "\nadm:x:4:" in compose.cat("/usr/etc/group")


def test_ids_from_a_file(compose):
    (compose.directory / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\nfirst:x:444:445:::\n")
    (compose.directory / "group").write_text("root:x:0:\nfirst:x:445:\n")
    compose.add("first", scripts={"postinst": ADD_USER.format("first")})
    compose.write(check_passwd={"type": "file", "filename": "passwd"},
                  check_groups={"type": "file", "filename": "group"})
    compose.make()
    assert "first:x:444:445:" in compose.cat("/usr/etc/passwd")
    assert "first:x:445:" in compose.cat("/usr/etc/group")


def test_mistakes_are_named_with_their_place(compose):
    compose.write(remove_from_packages=[["nothing-of-this", "/x"]])
    error = compose.fail()
    assert "names package ‘nothing-of-this’, which is not in the tree" in error
    assert re.search(r"tree\.yaml:\d+:\d+: ", error)
    compose.write(remove_from_packages=None, opt_usrlocal="stateoverlay")
    assert "ostree-state-overlay@.service" in compose.fail()
    compose.write(opt_usrlocal=None, postprocess=["exit 7"])
    assert re.search(r"tree\.yaml:\d+:\d+: .*postprocess script", compose.fail())


def test_finalize_that_fails(compose):
    (compose.directory / "finalize.d").mkdir()
    program = compose.directory / "finalize.d/10-x"
    program.write_text("#!/bin/sh\necho no luck >&2\nexit 3\n")
    program.chmod(0o755)
    compose.write(edition=2024)
    error = compose.fail()
    assert "10-x" in error and "no luck" in error


def test_date_in_the_version(compose):
    compose.write(automatic_version_prefix="12.<date:%Y>")
    assert re.fullmatch(r"12\.\d{4}\.0", compose.make()["version"])
    assert re.fullmatch(r"12\.\d{4}\.1", compose.make("--force")["version"])


def test_removing_does_not_follow_links_out(compose, tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("precious")
    compose.add("crafted", files={"/usr/share/crafted/dir/file": "x"}, scripts={
        "postinst": f"#!/bin/sh\nrm -r /usr/share/crafted/dir\nln -s {victim} /usr/share/crafted/dir\n"})
    compose.write(remove_from_packages=[["crafted", "/file$"]])
    compose.make()
    assert (victim / "file").read_text() == "precious"
    assert stat.S_ISREG((victim / "file").stat().st_mode)
    assert json.loads(compose.manifest.read_text())["remove-from-packages"]
