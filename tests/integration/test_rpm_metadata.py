# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a commit of rpms says for rpm-ostree's clients, and what of rpms' headers goes into files:
repositories, advisories, the container's command, signatures of files. The other side is dnf,
rpm and evmctl."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

import rpmdistro
import rpmfile
from conftest import BUILD, run
from rpmrepo import RESOLVE

ATOLL = BUILD / "src/programs/atoll"
NAMES = ["filesystem", "setup", "glibc", "bash", "coreutils", "grep-sed", "util-linux-core", "rpm",
         "shadow-utils", "lang-demo", "signed"]
SIGNED = ["/usr/bin/signed-program", "/usr/share/signed-data", "/etc/signed-program.conf"]
UNSIGNED = ["/etc/signed.conf", "/usr/share/changed", "/usr/share/zeros"]


def update(name, kind, severity, packages, references=()):
    rows = "".join(f'<package name="{n}" version="{v}" release="1" epoch="{e}" arch="{a}" '
                   f'src="x"><filename>{n}.rpm</filename></package>' for n, e, v, a in packages)
    links = "".join(f'<reference href="https://bugs.example.org/{number}" id="{number}" '
                    f'type="{type}" title="{title}"/>' for number, type, title in references)
    return (f'<update from="x" status="stable" type="{kind}" version="1"><id>{name}</id>'
            f'<title>t</title><severity>{severity}</severity><references>{links}</references>'
            f'<pkglist><collection short="c"><name>c</name>{rows}</collection></pkglist></update>')


MENDED = ("shadow-utils", "2", "4.13", "x86_64")
UPDATES = [
    update("TEST-2", "security", "Important", [MENDED, ("absent", "0", "1", "noarch")],
           [(1, "bugzilla", "CVE-2024-1111 shadow-utils: x"), (2, "bugzilla", "of no name"),
            (3, "bugzilla", "CVE-2024-2222 CVE-2024-3333 shadow-utils: y")]),
    update("TEST-1", "security", "Moderate", [("lang-pack", "0", "1.0", "noarch"),
                                              ("lang-demo", "0", "1.0", "noarch")]),
    update("TEST-3", "security", "Critical", [("bash", "0", "99", "x86_64")]),
    update("TEST-4", "bugfix", "None", [MENDED]),
]


def sign(directory, name, content):
    path = directory / name
    path.write_bytes(content)
    run("evmctl", "ima_sign", "--sigfile", "--key", directory / "key.pem", "-a", "sha256", path)
    return (directory / f"{name}.sig").read_bytes()


def signed_rpm(directory):
    run("openssl", "genrsa", "-out", directory / "key.pem", "2048")
    run("openssl", "req", "-new", "-x509", "-key", directory / "key.pem", "-subj", "/CN=test",
        "-days", "3650", "-outform", "DER", "-out", directory / "key.der")
    config = 1
    entries = [rpmfile.Entry(path, f"{path}\n".encode(), rpmfile.S_IFREG | mode, flags=flags,
                             signature=sign(directory, f"f{number}", f"{path}\n".encode()))
               for number, (path, mode, flags) in enumerate([
                   ("/etc/signed-program.conf", 0o755, config), ("/etc/signed.conf", 0o644, config),
                   ("/usr/bin/signed-program", 0o755, 0), ("/usr/share/changed", 0o644, 0),
                   ("/usr/share/signed-data", 0o644, 0)])]
    entries.append(rpmfile.Entry("/usr/share/zeros", b"zeros\n"))
    return rpmfile.rpm(entries, name="signed")


def index(repo, updates):
    run("createrepo_c", "--quiet", "--revision", "7", "--set-timestamp-to-revision", repo)
    path = repo / "updateinfo.xml"
    path.write_text("<updates>" + "".join(updates) + "</updates>")
    run("modifyrepo_c", path, repo / "repodata")


class Made:
    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"
        self.manifest = directory / "tree.yaml"
        self.repo = directory / "repo"
        self.keys = {"ref": "test/rpm", "packages": NAMES, "ima": True,
                     "container-cmd": ["/usr/bin/bash", "-l"],
                     "postprocess": ["#!/bin/sh\necho other > /usr/share/changed\n"],
                     "repos": [{"name": "one", "type": "rpm", "trusted": True,
                                "url": f"file://{self.repo}"}]}

    def write(self, **keys):
        self.keys |= {key.replace("_", "-"): value for key, value in keys.items()}
        self.manifest.write_text(json.dumps(self.keys))

    def compose(self, *words, **keys):
        self.write(**keys)
        return json.loads(run(ATOLL, "compose", self.manifest, "--state", self.state, "--quiet",
                              "--json", *words).stdout)

    def lock(self, *words):
        run(ATOLL, "lock", self.manifest, "--state", self.state, "--quiet", *words)
        return json.loads((self.directory / "tree.yaml.lock").read_text())

    def shown(self, key, detached=False):
        kind = "detached-metadata" if detached else "metadata"
        result = run("ostree", f"--repo={self.state / 'repo'}", "show", f"--print-{kind}-key={key}",
                     "test/rpm", status=None)
        return result.stdout.strip() if result.returncode == 0 else None


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rpm-metadata")
    tree = Made(directory)
    tree.repo.mkdir()
    for path in rpmdistro.repository().glob("*.rpm"):
        (tree.repo / path.name).symlink_to(path)
    (tree.repo / "signed-1-1.noarch.rpm").write_bytes(signed_rpm(directory))
    index(tree.repo, UPDATES)
    tree.answer = tree.compose()
    tree.root = directory / "root"
    run(*rpmdistro.enter("ostree", f"--repo={tree.state / 'repo'}", "checkout", "-U", "test/rpm",
                         tree.root))
    yield tree
    run(*rpmdistro.enter("rm", "-rf", "--one-file-system", directory))


@pytest.fixture(scope="module")
def installed(made):
    root = made.directory / "dnf"
    root.mkdir()
    rpmdistro.dnf_install(root, made.repo, NAMES, "--setopt=install_weak_deps=1")
    return root


def rpm_names(root):
    return sorted(rpmdistro.rpm(root, "-qa", "--qf", "%{NAME}\n").split())


def test_recommends_by_default_as_dnf(made, installed):
    names = rpm_names(installed)
    assert {"weak-recommended", "weak-supplement"} <= set(names) - set(NAMES)
    packages = json.loads(made.shown("rpmostree.rpmdb.pkglist").replace("'", '"')
                          .replace("(", "[").replace(")", "]"))
    assert sorted(row[0] for row in packages) == names


def test_recommends_can_be_refused(made):
    copy = made.directory / "without.yaml"
    copy.write_text(json.dumps({**made.keys, "recommends": False}))
    answer = run(RESOLVE, copy, made.directory / "resolve").stdout
    names = {line.split()[0] for line in answer.splitlines()}
    assert "lang-demo" in names and not any(name.startswith("weak-") for name in names)


def ima(made, path):
    """The attribute in the commit, as hex."""
    place = path.replace("/etc/", "/usr/etc/")
    row = run("ostree", f"--repo={made.state / 'repo'}", "ls", "-X", "test/rpm", place).stdout
    if "security.ima" not in row:
        return ""
    value = row.split("b'security.ima', [", 1)[1].split("]", 1)[0].replace("byte ", "")
    return bytes(int(byte, 16) for byte in value.split(", ")).hex()


def test_signatures_of_files(made):
    told = run("rpm", "-qp", "--nosignature", "--qf", "[%{FILENAMES} %{FILESIGNATURES}\n]",
               made.repo / "signed-1-1.noarch.rpm").stdout
    wanted = dict(line.split() for line in told.splitlines())
    for path in SIGNED:
        assert ima(made, path) == wanted[path]
        place = pathlib.Path(f"{made.root}{path.replace('/etc/', '/usr/etc/')}")
        signature = place.with_name(place.name + ".sig")
        signature.write_bytes(bytes.fromhex(ima(made, path)))
        run("evmctl", "ima_verify", "--sigfile", "--key", made.directory / "key.der", place)
    for path in UNSIGNED:
        assert ima(made, path) == ""


def test_what_clients_read(made):
    assert made.shown("ostree.container-cmd") == "['/usr/bin/bash', '-l']"
    repomd = (made.repo / "repodata/repomd.xml").read_text()
    time = max(int(number) for number in re.findall(r"<timestamp>(\d+)", repomd))
    assert made.shown("rpmostree.rpmmd-repos") == (
        f"[{{'id': <'one'>, 'timestamp': <uint64 {time}>}}]")


def advisories(made):
    """id to severity, packages and references, out of the commit."""
    from gi.repository import GLib
    text = made.shown("rpmostree.advisories")
    if text is None:
        return None
    names = ["", "Low", "Moderate", "Important", "Critical"]
    kind = GLib.VariantType.new("a(suuasa{sv})")
    return {name: [names[severity], packages, [list(row) for row in more["cve_references"]]]
            for name, kind, severity, packages, more
            in GLib.Variant.parse(kind, text, None, None).unpack()}


def test_advisories_as_libdnf(made):
    pytest.importorskip("gi")
    question = {"directory": str(made.directory), "repository": str(made.repo),
                "packages": [*NAMES, "lang-pack"]}
    script = pathlib.Path(__file__).with_name("rpmadvisories.py")
    theirs = json.loads(subprocess.run(["/usr/bin/python3", script], input=json.dumps(question),
                                       stdout=subprocess.PIPE, text=True, check=True).stdout)
    ours = advisories(made)
    assert list(ours) == ["TEST-1", "TEST-2"]
    assert {name: [row[0], sorted(row[1]), sorted(row[2])] for name, row in ours.items()} == {
        name: [row[0], sorted(row[1]), sorted(row[2])] for name, row in theirs.items()}


def test_made_again(made):
    answer = json.loads(run(ATOLL, "verify", "--state", made.state, "--quiet", "--json",
                            "test/rpm").stdout)
    assert answer["reproduced"] is True


def test_audit_by_what_was_fetched(made):
    """No repository is needed any more."""
    away = made.repo.rename(made.directory / "away")
    try:
        words = ["audit", "--state", made.state, "test/rpm"]
        found = json.loads(run(ATOLL, *words, "--json", status=1).stdout)["findings"]
        assert [(one["id"], one["package"], one["fixed"]) for one in found] == [
            ("TEST-3", "bash", "99-1")]
        said = run(ATOLL, *words, status=1).stdout
        assert re.search(r"\nby the advisories of repository ‘one’, as of 20\d\d-\d\d-\d\d\n$", said)
        moved = made.state / "cache/metadata/index"
        for path in moved.glob("*-updateinfo"):
            path.rename(made.directory / path.name)
        said = run(ATOLL, *words, status=1).stderr
        assert "the advisories of repository ‘one’ were not fetched" in said
        assert "--advisories" in said
        for path in made.directory.glob("*-updateinfo"):
            path.rename(moved / path.name)
    finally:
        away.rename(made.repo)


def test_advisories_of_a_lock(made):
    """A lock that is followed says the same of its packages on any day; and where it goes."""
    lock = made.lock()
    assert [(row["id"], row["severity"]) for row in lock["advisories"]] == [
        ("TEST-1", "moderate"), ("TEST-2", "important")]
    try:
        index(made.repo, UPDATES[:1])
        made.compose("--force")
        assert made.shown("rpmostree.advisories") is not None
        assert list(advisories(made)) == ["TEST-1", "TEST-2"]
        made.compose("--locked", repo_metadata="detached", advisories_metadata="detached")
        assert made.shown("rpmostree.advisories") is made.shown("rpmostree.rpmmd-repos") is None
        assert "TEST-1" in made.shown("rpmostree.advisories", detached=True)
        assert "'one'" in made.shown("rpmostree.rpmmd-repos", detached=True)
        made.compose("--locked", repo_metadata="disabled", advisories_metadata="disabled")
        for key in ("rpmostree.advisories", "rpmostree.rpmmd-repos"):
            assert made.shown(key) is made.shown(key, detached=True) is None
    finally:
        index(made.repo, UPDATES)
        shutil.rmtree(made.directory / "resolve", ignore_errors=True)


