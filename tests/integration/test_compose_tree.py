# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a compose makes: the tree, the commit, its signature; and when it makes none."""
import ast
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

import local
from conftest import SOURCE, run


@pytest.fixture(scope="module")
def made(tmp_path_factory, base_packages, base_state):
    """One compose with something of every kind, for the tests that only look."""
    directory = tmp_path_factory.mktemp("made")
    compose = local.Compose(directory, base_packages,
                            local.copy_state(base_state, directory / "state"))
    (directory / "part.yaml").write_text(json.dumps({
        "packages": ["from-include"], "releasever": "11", "documentation": True}))
    (directory / "files").mkdir()
    (directory / "files/motd").write_text("welcome\n")
    (directory / "files/tool").write_text("#!/bin/sh\n")
    (directory / "files/tool").chmod(0o755)
    compose.write(packages=list(local.BASE_PACKAGES))
    compose.add("from-include")
    compose.keys["packages"].remove("from-include")
    compose.add("crafted", "1:2.0-3", Source="craft", files={
        "/usr/share/doc/crafted/README": "read me",
        "/usr/share/doc/crafted/copyright": "free",
        "/usr/share/man/man1/crafted.1": "page",
        "/usr/share/locale/de/LC_MESSAGES/crafted.mo": "de",
        "/usr/share/locale/de_AT/LC_MESSAGES/crafted.mo": "de_AT",
        "/usr/share/locale/fr/LC_MESSAGES/crafted.mo": "fr",
        "/usr/share/crafted/kept": "kept",
        "/usr/share/crafted/removed": "removed",
        "/usr/share/crafted/by-script": "before",
        "/etc/crafted.conf": "default",
        "/var/lib/crafted/state": "first",
        "/opt/crafted/bin": "opt",
        "/srv/crafted": "srv",
        "/lib/crafted/merged": "merged",
    }, scripts={"conffiles": "/etc/crafted.conf\n", "postinst": """\
        #!/bin/sh
        set -e
        useradd --system --home-dir /var/lib/crafted crafted
        chown crafted: /var/lib/crafted /usr/share/crafted/kept
        chmod 4750 /usr/share/crafted/kept
        mkdir -p /etc/ssh /var/log/crafted
        echo secret > /etc/ssh/ssh_host_test_key
        echo log > /var/log/crafted/log
        cp /etc/passwd /etc/passwd-
        test "$(cat /etc/machine-id 2>/dev/null)" || echo 0123 > /etc/machine-id
        ln -s /usr/share/crafted /var/lib/crafted/link
        """})
    local.make_deb(compose.local, "unwanted")
    local.make_deb(compose.local, "recommender", Recommends="unwanted")
    local.index(compose.local)
    compose.keys["packages"].append("recommender")
    compose.write(
        ref="test/${name}", variables={"name": "tree"}, releasever="12", include="part.yaml",
        install_langs=["de"], exclude_packages=["unwanted"], remove_files=[
            "usr/share/crafted/removed"],
        add_files=[["files/motd", "/etc/motd"], ["files", "/usr/share/added/"],
                   ["files/motd", "/usr/etc/added"]],
        postprocess=["#!/bin/sh\necho after > /usr/share/crafted/by-script\n"
                     "cat /etc/motd > /usr/share/crafted/seen\n"],
        automatic_version_prefix="${releasever}",
        add_commit_metadata={"text": "value of ${name}", "flag": True, "number": 5})
    compose.answer = compose.make()
    compose.paths = compose.ls()
    return compose


def test_top_of_the_tree(made):
    """OSTree's layout: links into /var and empty mount points."""
    links = {"home": "var/home", "root": "var/roothome", "opt": "var/opt", "srv": "var/srv",
             "mnt": "var/mnt", "media": "run/media", "usr/local": "../var/usrlocal",
             "ostree": "sysroot/ostree", "bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib",
             "lib64": "usr/lib64"}
    for path, target in links.items():
        assert made.paths[path].startswith("l") and made.paths[path].endswith(f" -> {target}")
    for path in ("dev", "proc", "sys", "run", "tmp", "var", "sysroot", "boot"):
        assert made.paths[path].startswith("d")
        assert not [name for name in made.paths if name.startswith(path + "/")], path
    assert "etc" not in made.paths
    assert made.paths["usr/etc"].startswith("d00755 0 0 ")
    assert made.paths["tmp"].startswith("d01777 ")


def test_nothing_of_one_machine(made):
    assert re.match(r"-00444 0 0 +0 ", made.paths["usr/etc/machine-id"])
    for path in made.paths:
        assert not path.startswith(("usr/etc/ssh/ssh_host_", "var/")), path
        assert not re.search(r"\.dpkg-(new|old|tmp)$|(status|diversions|statoverride)-old$", path)
    for name in ("passwd-", "group-", "shadow-", "gshadow-", "subuid-", ".pwd.lock"):
        assert f"usr/etc/{name}" not in made.paths
    assert not [path for path in made.paths if path.startswith("usr/share/factory/var/log")]


def test_keys_of_the_manifest(made):
    paths = made.paths
    assert "usr/share/doc/crafted/README" not in paths
    assert "usr/share/doc/crafted/copyright" in paths
    assert "usr/share/man/man1/crafted.1" not in paths
    assert "usr/share/locale/de/LC_MESSAGES/crafted.mo" in paths
    assert "usr/share/locale/de_AT/LC_MESSAGES/crafted.mo" in paths
    assert "usr/share/locale/fr" not in paths
    assert "usr/share/crafted/removed" not in paths
    assert "usr/lib/crafted/merged" in paths
    assert made.cat("/usr/etc/motd") == "welcome\n"
    assert made.cat("/usr/etc/added") == "welcome\n"
    assert made.cat("/usr/share/added/motd") == "welcome\n"
    assert paths["usr/share/added/tool"].startswith("-00755 0 0 ")
    assert made.cat("/usr/share/crafted/by-script") == "after\n"
    assert made.cat("/usr/share/crafted/seen") == "welcome\n"
    assert made.cat("/usr/etc/crafted.conf") == "default"
    names = {package[0] for package in packages_of(made)}
    assert {"from-include", "crafted", "recommender", "base-files"} <= names
    assert "unwanted" not in names
    assert made.answer["version"] == "12"
    assert made.answer["ref"] == "test/tree"


def test_owner_and_mode_from_scripts(made):
    line = made.paths["usr/share/crafted/kept"]
    passwd = made.cat("/usr/etc/passwd")
    uid, gid = re.search(r"^crafted:x:(\d+):(\d+):", passwd, re.MULTILINE).groups()
    assert line.startswith(f"-04750 {uid} {gid} ")
    assert f"u crafted {uid}:{gid} " in made.cat("/usr/lib/sysusers.d/atoll-ids.conf")


def packages_of(compose):
    """(name, version, architecture, source, digest) of the commit's metadata."""
    return ast.literal_eval(compose.metadata("atoll.packages"))


def test_privileged_programs_are_reported(made):
    """All that is set-uid, set-gid or has capabilities, and nothing else."""
    told = {line.split()[0]: line.split()[1] for line in made.answer["privileged"]}
    assert told["usr/share/crafted/kept"] == "4750"
    special = {path: line[2:6] for path, line in made.paths.items()
               if line[0] == "-" and int(line[2:6], 8) & 0o6000}
    assert {path: mode for path, mode in told.items() if int(mode, 8) & 0o6000} == special


def test_metadata(made):
    packages = packages_of(made)
    assert len(packages) == made.answer["packages"]
    deb = made.local / "crafted_1:2.0-3.deb"
    assert ("crafted", "1:2.0-3", "all", "craft",
            hashlib.sha256(deb.read_bytes()).hexdigest()) in packages
    for name, version, arch, source, digest in packages:
        assert name and version and arch in ("amd64", "all") and source
        assert re.fullmatch("[0-9a-f]{64}", digest)
    assert made.metadata("version") == "'12'"
    assert made.metadata("text") == "'value of tree'"
    assert made.metadata("flag") == "true"
    assert made.metadata("number") == "int64 5"
    assert made.metadata("ostree.ref-binding") == "['test/tree']"
    assert re.fullmatch("'[0-9a-f]{64}'", made.metadata("atoll.manifest-digest"))
    shown = run(local.ATOLL, "manifest", "show", made.manifest).stdout
    assert "crafted" in shown


def object_path(compose, checksum, kind):
    return compose.repository / "objects" / checksum[:2] / f"{checksum[2:]}.{kind}"


def test_signature_by_openssl(made, tmp_path):
    """ed25519 over the bytes of the commit object, by another implementation's command line."""
    commit = made.answer["commit"]
    public = base64.b64decode((made.state / "keys/signing.ed25519.pub").read_text())
    der = bytes.fromhex("302a300506032b6570032100") + public
    (tmp_path / "public.der").write_bytes(der)
    shown = run("ostree", f"--repo={made.repository}", "show", "--raw",
                "--print-detached-metadata-key=ostree.sign.ed25519", commit).stdout
    if shown.startswith("[b"):  # one whose last byte, and no other, is 0, looks like a text
        signature = ast.literal_eval(shown.strip())[0] + b"\0"
    else:
        signature = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", shown))
    assert len(signature) == 64, shown
    (tmp_path / "signature").write_bytes(signature)
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "public.der",
              "-keyform", "DER", "-rawin", "-sigfile", tmp_path / "signature", "-in"]
    assert "Success" in run(*verify, object_path(made, commit, "commit")).stdout
    damaged = bytearray(object_path(made, commit, "commit").read_bytes())
    damaged[100] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    assert run(*verify, tmp_path / "damaged", status=None).returncode != 0
    assert made.cat("/usr/share/ostree/trusted.ed25519.d/atoll.ed25519").strip() == \
        base64.b64encode(public).decode()


def test_signature_by_ostree(made):
    public = (made.state / "keys/signing.ed25519.pub").read_text().strip()
    result = run("ostree", f"--repo={made.repository}", "sign", "--verify", "--sign-type=ed25519",
                 made.answer["commit"], public, status=None)
    if "not implemented" in result.stderr:
        pytest.skip("this ostree is built without ed25519: " + result.stderr.strip())
    assert result.returncode == 0, result.stderr


def test_signing_key_is_private(made):
    mode = stat.S_IMODE((made.state / "keys/signing.ed25519").stat().st_mode)
    assert mode == 0o600


def test_fsck(made):
    made.fsck()


@pytest.mark.parametrize("mode", ["archive", "bare-user"])
def test_pull_from_the_server(made, serve, tmp_path, mode):
    """Debian's own ostree takes it over HTTP, and finds it whole."""
    repo = tmp_path / "pulled"
    run("ostree", f"--repo={repo}", "init", f"--mode={mode}")
    run("ostree", f"--repo={repo}", "remote", "add", "--no-gpg-verify", "origin",
        serve(made.repository).url + "/repo")
    run("ostree", f"--repo={repo}", "pull", "origin", "test/tree",
        env={**os.environ, "http_proxy": "", "no_proxy": "*"})
    run("ostree", f"--repo={repo}", "fsck", "--quiet")
    assert run("ostree", f"--repo={repo}", "rev-parse", "origin:test/tree").stdout.strip() == \
        made.answer["commit"]


@pytest.fixture(scope="module")
def host(made, tmp_path_factory):
    """The tree as on a host: checked out, /etc in place, /var by its own tmpfiles.d."""
    if os.geteuid() != 0:
        pytest.skip("owners of files need root")
    root = tmp_path_factory.mktemp("host") / "root"
    run("ostree", f"--repo={made.repository}", "checkout", "--force-copy", "test/tree", root)
    run("cp", "-a", root / "usr/etc", root / "etc")
    apply_tmpfiles(root, root / "usr/lib/tmpfiles.d/atoll-var.conf")
    return root


def unescape(text):
    return re.sub(r"\\x([0-9a-f]{2})", lambda match: chr(int(match[1], 16)),
                  text).replace("%%", "%")


def apply_tmpfiles(root, fragment):
    """The three kinds of lines that are in the fragment (tmpfiles.d(5)): d, L and C."""
    for line in fragment.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        kind, path, mode, user, group, _, *argument = [unescape(word) for word in line.split()]
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "L":
            if not target.is_symlink():
                target.symlink_to(argument[0])
            continue
        if kind == "d":
            target.mkdir(exist_ok=True)
        else:
            assert kind == "C", line
            shutil.copyfile(root / argument[0].lstrip("/"), target)
        os.chown(target, 0 if user == "root" else int(user), 0 if group == "root" else int(group))
        target.chmod(int(mode, 8))


def inside(root, *argv, **options):
    return run("bwrap", "--bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run",
               "--tmpfs", "/tmp", "--unshare-pid", "--die-with-parent", "--clearenv", "--setenv",
               "PATH", "/usr/sbin:/usr/bin", "--setenv", "LC_ALL", "C.UTF-8", *argv, **options)


def test_package_database_answers(made, host):
    lines = [line.split() for line in inside(host, "dpkg", "-l").stdout.splitlines()
             if re.match(r"[a-z]{2} ", line)]
    assert {line[0] for line in lines} == {"ii"}
    assert len(lines) == made.answer["packages"]
    assert inside(host, "dpkg", "--audit").stdout == ""
    owner = inside(host, "dpkg", "-S", "/usr/share/crafted/kept").stdout
    assert owner.startswith("crafted: ")
    assert inside(host, "dpkg-query", "-W", "-f", "${Version} ${Status}", "crafted").stdout == \
        "1:2.0-3 install ok installed"


def test_files_are_what_packages_brought(host):
    """Whatever dpkg misses is what the manifest leaves out, or moves."""
    left_out = re.compile(r"missing +(c )?/(usr/share/(doc|man|info|locale|lintian|doc-base)\b|"
                          r"usr/share/crafted/(removed|by-script)|var/|opt/|srv/|etc/motd)")
    changed = {"/usr/share/crafted/by-script", "/etc/motd"}
    for line in inside(host, "dpkg", "-V", status=None).stdout.splitlines():
        if left_out.match(line):
            continue
        assert line.split()[-1] in changed, line


def test_state_of_var(host):
    """What packages and scripts left in /var comes back on a host, with its owner."""
    assert (host / "var/lib/crafted/state").read_text() == "first"
    owner = (host / "usr/share/crafted/kept").stat().st_uid
    assert (host / "var/lib/crafted").stat().st_uid == owner > 0
    assert os.readlink(host / "var/lib/crafted/link") == "/usr/share/crafted"
    assert (host / "var/opt/crafted/bin").read_text() == "opt"
    assert (host / "var/srv/crafted").read_text() == "srv"
    assert (host / "var/log/crafted").is_dir()
    assert not (host / "var/log/crafted/log").exists()
    for name in ("home", "roothome", "usrlocal", "mnt"):
        assert (host / "var" / name).is_dir()
    assert stat.S_IMODE((host / "var/roothome").stat().st_mode) == 0o700


def test_nothing_changed(compose):
    first = compose.make()
    result = compose.run(status=3)
    assert result.stdout == (f"nothing has changed: test/tree is still {first['version']} "
                             f"({first['commit']})\n")
    assert compose.refs() == {"test/tree": first["commit"]}
    again = json.loads(compose.run("--json", status=3).stdout)
    assert (again["unchanged"], again["commit"]) == (True, first["commit"])
    forced = compose.make("--force")
    assert forced["version"] == "12.1"
    assert compose.ostree("rev-parse", "test/tree^").strip() == first["commit"]
    assert compose.ostree("diff", "test/tree^", "test/tree") == ""


def test_changed_package(compose):
    """A new version of one package: a new commit, whose difference is that package's."""
    compose.add("leaf", "1.0", files={"/usr/share/leaf": "one"})
    compose.write()
    versions = [compose.make()["version"]]
    compose.add("leaf", "1.1", files={"/usr/share/leaf": "two"})
    versions.append(compose.make()["version"])
    changed = {line.split(maxsplit=1)[1] for line in
               compose.ostree("diff", "test/tree^", "test/tree").splitlines()}
    assert changed == {"/usr/share/leaf", "/usr/lib/sysimage/dpkg/status",
                       "/usr/lib/sysimage/dpkg/info/leaf.md5sums",
                       "/usr/share/atoll/sbom.spdx.json"}
    compose.write(automatic_version_prefix="13")
    versions.append(compose.make()["version"])
    assert versions == ["12", "12.1", "13"]
    assert compose.make("--force", "--set-version", "special")["version"] == "special"
    compose.fsck()


def user_package(compose, name):
    compose.add(name, scripts={"postinst": f"#!/bin/sh\nset -e\nuseradd --system {name}\n"
                                           f"mkdir -p /usr/share/{name}\n"
                                           f"chown {name}:{name} /usr/share/{name}\n"},
                files={f"/usr/share/{name}/file": name})


def ids(compose):
    return {line.split(":")[0]: line.split(":")[2]
            for line in compose.cat("/usr/etc/passwd").splitlines()}


def test_ids_stay(compose):
    """A package that comes later, and is configured sooner, takes nobody's id."""
    user_package(compose, "mmm")
    user_package(compose, "zzz")
    compose.write()
    compose.make()
    first = ids(compose)
    user_package(compose, "aaa")
    # whoever depends on it is configured after it
    for name in ("mmm", "zzz"):
        compose.add(name, "1.1", Depends="aaa", scripts={
            "postinst": f"#!/bin/sh\nset -e\nuseradd --system {name}\n"
                        f"chown {name}:{name} /usr/share/{name}\n"},
            files={f"/usr/share/{name}/file": name})
    compose.write()
    compose.make()
    second = ids(compose)
    assert {name: second[name] for name in first} == first
    assert second["aaa"] not in first.values()
    for name, uid in (("aaa", second["aaa"]), ("mmm", first["mmm"]), ("zzz", first["zzz"])):
        assert compose.ls()[f"usr/share/{name}"].startswith(f"d00755 {uid} ")
    compose.write(packages=["passwd", "zzz", "aaa"])
    compose.make()
    compose.write(packages=["passwd", "zzz", "aaa", "mmm"])
    compose.make()
    assert ids(compose) == second


def test_same_tree_from_other_surroundings(base_packages, base_state, tmp_path):
    """Two state directories that share nothing but the key; another zone, mask, place, tongue."""
    results = []
    for number, (env, mask) in enumerate([({"TZ": "UTC", "LANG": "C.UTF-8"}, 0o022),
                                          ({"TZ": "Pacific/Chatham", "LANG": "de_DE.UTF-8",
                                            "LC_ALL": "", "HOME": "/nowhere", "USER": "x",
                                            "TMPDIR": str(tmp_path)}, 0o077)]):
        directory = tmp_path / f"place{number * 'x'}"
        directory.mkdir()
        state = directory / "state"
        state.mkdir()
        shutil.copytree(base_state / "keys", state / "keys")
        compose = local.Compose(directory, base_packages, state)
        compose.write(packages=list(local.BASE_PACKAGES))
        compose.add("both", files={"/usr/share/both": "text"}, scripts={
            "postinst": "#!/bin/sh\numask > /usr/share/mask\nmkdir /usr/share/made\n"
                        "env | sort > /usr/share/environment\npwd > /usr/share/place\n"})
        if number == 1:
            shutil.copytree(results[0].local, compose.local, dirs_exist_ok=True)
        compose.write()
        compose.run(cwd="/" if number else directory, env={**os.environ, **env}, umask=mask)
        results.append(compose)
    assert results[0].contents() == results[1].contents(), \
        set(results[0].ls().items()) ^ set(results[1].ls().items())
    results[1].fsck()


def test_same_tree_as_an_ordinary_user(made, ordinary_user, base_packages, tmp_path_factory):
    """Root is not needed, and what it makes is no different."""
    home = pathlib.Path(f"/home/{ordinary_user}")
    program = home / "atoll"
    shutil.copy(local.ATOLL, program)
    shutil.copytree(base_packages, home / "base")
    shutil.copytree(made.local, home / "local")
    shutil.copytree(made.directory / "files", home / "files")
    shutil.copy(made.directory / "part.yaml", home)
    text = made.manifest.read_text().replace(str(base_packages), f"{home}/base")
    (home / "tree.yaml").write_text(text.replace(str(made.local), f"{home}/local"))
    (home / "state").mkdir()
    shutil.copytree(made.state / "keys", home / "state/keys")
    run("chown", "-R", f"{ordinary_user}:", home)
    run("su", ordinary_user, "-c", "cd && ./atoll compose tree.yaml --state state --quiet",
        timeout=600)
    user = local.Compose.__new__(local.Compose)
    user.state = home / "state"
    shown = run("su", ordinary_user, "-c", "ostree --repo=state/repo ls -R test/tree", cwd=home)
    root = made.ostree("ls", "-R", "test/tree")
    assert set(shown.stdout.splitlines()) ^ set(root.splitlines()) == set()
    assert user.contents() == made.contents()
    user.fsck()


def test_examples_are_sound(tmp_path, keyring):
    """Every manifest that we show loads; a distribution's key is the user's to put there."""
    examples = tmp_path / "examples"
    shutil.copytree(SOURCE / "examples", examples)
    key = local.make_key(keyring, "distribution@example.org")
    for name in ("fedora/RPM-GPG-KEY-fedora-41-primary", "centos/RPM-GPG-KEY-centosofficial"):
        (examples / name).parent.mkdir(exist_ok=True)
        shutil.copy(key, examples / name)
    manifests = sorted(examples.glob("*.yaml"))
    assert {"fedora.yaml", "centos.yaml"} <= {path.name for path in manifests}
    for path in manifests:
        run(local.ATOLL, "manifest", "check", path)
