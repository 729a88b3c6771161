# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a commit says it is made of: SBOM, licences, provenance, and the commands that read them."""
import base64
import gzip
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import jsonschema
import pytest

import local
import rpmdistro
from conftest import run

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2020, Nobody
License: {}
"""

CHANGELOG = """hello (1:0.9-1) stable; urgency=high

  * Greet in one more tongue.

 -- Hello Team <hello@example.org>  Thu, 01 Jan 2026 00:00:00 +0000

hello (1.0-1) stable; urgency=low

  * What is long known.

 -- Hello Team <hello@example.org>  Wed, 01 Jan 2025 00:00:00 +0000
"""


def first_version(compose):
    compose.add("hello", "1.0-1", files={
        "/usr/bin/hello": ("#!/bin/sh\necho one\n", 0o755),
        "/usr/share/doc/hello/copyright": COPYRIGHT.format("GPL-3 or Expat"),
        "/usr/share/hello/old": "goes away\n",
        "/usr/lib/systemd/system/hello.service": "[Service]\nExecStart=/usr/bin/hello\n"},
        Source="hello-src (1.0)", Maintainer="Hello Team <hello@example.org>")
    compose.add("strict", "2.0", files={
        "/usr/share/doc/strict/copyright": COPYRIGHT.format("AGPL-3"),
        "/usr/lib/strict/data": "strict\n"})
    compose.write(packages=compose.keys["packages"])


def second_version(compose):
    compose.add("hello", "1:0.9-1", files={
        "/usr/bin/hello": ("#!/bin/sh\necho two and more\n", 0o755),
        "/usr/share/doc/hello/copyright": COPYRIGHT.format("GPL-3 or Expat"),
        "/usr/share/doc/hello/changelog.Debian.gz": gzip.compress(CHANGELOG.encode(), mtime=0),
        "/usr/share/hello/new": "comes in\n",
        "/usr/lib/systemd/system/hello.service":
            "[Service]\nExecStart=/usr/bin/hello\n[Install]\nWantedBy=multi-user.target\n"},
        scripts={"postinst": """\
            #!/bin/sh
            set -e
            useradd --system --no-create-home hello-user
            mkdir -p /etc/systemd/system/multi-user.target.wants
            ln -s /usr/lib/systemd/system/hello.service /etc/systemd/system/multi-user.target.wants/
            """},
        Source="hello-src (0.9)", Depends="passwd")
    compose.add("extra", "3", files={"/usr/lib/extra/file": "extra\n"})
    compose.keys["packages"].remove("strict")
    compose.write(packages=compose.keys["packages"])


@pytest.fixture(scope="module")
def two(tmp_path_factory, base_packages, base_state):
    """A branch with two commits, the first as test/first."""
    directory = tmp_path_factory.mktemp("account")
    compose = local.Compose(directory, base_packages,
                            local.copy_state(base_state, directory / "state"))
    compose.write(packages=list(local.BASE_PACKAGES))
    first_version(compose)
    compose.first = compose.make()["commit"]
    second_version(compose)
    compose.second = compose.make()["commit"]
    yield compose
    shutil.rmtree(compose.state, ignore_errors=True)


def tool(compose, *words, status=0):
    return run(local.ATOLL, *words, "--state", compose.state, status=status)


def tool_json(compose, *words, status=0):
    return json.loads(tool(compose, *words, "--json", status=status).stdout)



@pytest.fixture(scope="module")
def sbom(two):
    return json.loads(tool(two, "sbom", two.second).stdout)


@pytest.fixture(scope="module")
def checkout(two, tmp_path_factory):
    return two.checkout(tmp_path_factory.mktemp("account-checkout") / "tree", two.second)


# What SPDX 2.3 asks for (clauses 6 to 11), in the words of JSON Schema.
ID = {"type": "string", "pattern": r"^SPDXRef-[A-Za-z0-9.-]+$"}
CHECKSUMS = {"type": "array", "minItems": 1, "items": {
    "type": "object", "required": ["algorithm", "checksumValue"], "additionalProperties": False,
    "properties": {"algorithm": {"enum": ["SHA1", "SHA256"]},
                   "checksumValue": {"type": "string", "pattern": "^[0-9a-f]{40,64}$"}}}}
TEXT = {"type": "string", "minLength": 1}
SCHEMA = {
    "type": "object",
    "required": ["spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace",
                 "creationInfo", "packages", "relationships"],
    "properties": {
        "spdxVersion": {"const": "SPDX-2.3"},
        "dataLicense": {"const": "CC0-1.0"},
        "SPDXID": {"const": "SPDXRef-DOCUMENT"},
        "documentNamespace": {"type": "string", "pattern": "^https://[^#]+$"},
        "creationInfo": {"type": "object", "required": ["created", "creators"], "properties": {
            "created": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
            "creators": {"type": "array", "minItems": 1, "items": {
                "type": "string", "pattern": "^(Tool|Person|Organization): "}}}},
        "packages": {"type": "array", "minItems": 2, "items": {
            "type": "object",
            "required": ["SPDXID", "name", "downloadLocation", "filesAnalyzed",
                         "licenseConcluded", "licenseDeclared", "copyrightText"],
            "properties": {"SPDXID": ID, "name": TEXT, "versionInfo": TEXT,
                           "supplier": {"type": "string",
                                        "pattern": "^(NOASSERTION$|Person: .|Organization: .)"},
                           "checksums": CHECKSUMS, "licenseConcluded": TEXT,
                           "licenseDeclared": TEXT, "filesAnalyzed": {"type": "boolean"}},
            "if": {"properties": {"filesAnalyzed": {"const": True}}},
            "then": {"required": ["packageVerificationCode"]}}},
        "files": {"type": "array", "items": {
            "type": "object", "required": ["SPDXID", "fileName", "checksums"],
            "properties": {"SPDXID": ID, "fileName": {"type": "string", "pattern": r"^\./."},
                           "checksums": CHECKSUMS}}},
        "hasExtractedLicensingInfos": {"type": "array", "items": {
            "type": "object", "required": ["licenseId", "extractedText"],
            "properties": {"licenseId": {"type": "string",
                                         "pattern": "^LicenseRef-[A-Za-z0-9.-]+$"}}}},
        "relationships": {"type": "array", "items": {
            "type": "object",
            "required": ["spdxElementId", "relationshipType", "relatedSpdxElement"],
            "properties": {"spdxElementId": ID, "relatedSpdxElement": ID,
                           "relationshipType": {"enum": ["DESCRIBES", "CONTAINS"]}}}}}}


def package(document, name):
    return next(one for one in document["packages"] if one["name"] == name)


def purl(one):
    return one["externalRefs"][0]["referenceLocator"]


def test_sbom_is_spdx(two, sbom):
    for document in (sbom, json.loads(tool(two, "sbom", two.second, "--packages").stdout)):
        jsonschema.validate(document, SCHEMA)
        ids = [one["SPDXID"] for one in document["packages"] + document.get("files", [])]
        assert len(ids) == len(set(ids))
        known = {*ids, "SPDXRef-DOCUMENT"}
        for relation in document["relationships"]:
            assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= known
        references = set(re.findall(r"LicenseRef-[A-Za-z0-9.-]+", json.dumps(
            [one["licenseDeclared"] for one in document["packages"]])))
        assert references == {one["licenseId"] for one in document["hasExtractedLicensingInfos"]}


def test_sbom_has_every_file(sbom, checkout):
    """Each regular file of a checkout by plain ostree, hashed here; and no other."""
    wanted = {}
    for path in checkout.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            wanted[f"./{path.relative_to(checkout)}"] = {
                "SHA1": hashlib.sha1(data).hexdigest(), "SHA256": hashlib.sha256(data).hexdigest()}
    got = {one["fileName"]: {sum_["algorithm"]: sum_["checksumValue"] for sum_ in one["checksums"]}
           for one in sbom["files"]}
    assert len(wanted) > 1000
    assert got == wanted


def test_sbom_says_whose_files(sbom, checkout):
    """By dpkg's own lists; and verification codes as SPDX computes them."""
    files = {one["SPDXID"]: one for one in sbom["files"]}
    admin = checkout / "usr/lib/sysimage/dpkg"
    for name in ("hello", "coreutils", "libc6"):
        one = package(sbom, name)
        own = [files[relation["relatedSpdxElement"]] for relation in sbom["relationships"]
               if relation["spdxElementId"] == one["SPDXID"]]
        listed = set(run("dpkg-query", f"--admindir={admin}", "--listfiles", name).stdout.split("\n"))
        for file in own:
            path = file["fileName"][1:].replace("/usr/etc/", "/etc/")
            database = path.startswith(f"/usr/lib/sysimage/dpkg/info/{name}")
            assert database or {path, path.removeprefix("/usr")} & listed, path
        sums = sorted(sum_["checksumValue"] for file in own for sum_ in file["checksums"]
                      if sum_["algorithm"] == "SHA1")
        assert one["packageVerificationCode"]["packageVerificationCodeValue"] == \
            hashlib.sha1("".join(sums).encode()).hexdigest()
    made_here = {files[relation["relatedSpdxElement"]]["fileName"]
                 for relation in sbom["relationships"] if relation["relatedSpdxElement"] in files
                 and relation["spdxElementId"] == "SPDXRef-Tree"}
    assert "./usr/share/atoll/sbom.spdx.json" in made_here
    assert "./usr/bin/hello" not in made_here


def test_sbom_has_every_package(two, sbom, checkout):
    listed = run("dpkg-query", f"--admindir={checkout}/usr/lib/sysimage/dpkg", "--show",
                 "--showformat", "${Package} ${Version} ${source:Package} ${source:Version}\n"
                 ).stdout.splitlines()
    packages = [one for one in sbom["packages"] if one["SPDXID"] != "SPDXRef-Tree"]
    got = {f"{one['name']} {one['versionInfo']} "
           f"{one['sourceInfo'].removeprefix('built package from: ')}" for one in packages}
    assert got == set(listed)
    hello = package(sbom, "hello")
    assert hello["licenseDeclared"] == hello["licenseConcluded"] == "GPL-3.0-only OR MIT"
    assert purl(hello) == "pkg:deb/debian/hello@1:0.9-1?arch=all&distro=debian-12" \
                          "&upstream=hello-src%400.9"
    deb = (two.local / "hello_1:0.9-1.deb").read_bytes()
    assert hello["checksums"][0]["checksumValue"] == hashlib.sha256(deb).hexdigest()
    assert package(sbom, "extra")["licenseDeclared"] == "NOASSERTION"


def test_tree_says_the_same_on_any_day(two, checkout):
    """What a scanner on a host reads depends on the packages only."""
    in_tree = (checkout / "usr/share/atoll/sbom.spdx.json").read_text()
    assert in_tree == tool(two, "sbom", two.second, "--packages").stdout
    assert "files" not in json.loads(in_tree)
    again = two.make("--force")["commit"]
    assert two.cat("/usr/share/atoll/sbom.spdx.json", again) == in_tree
    before, after = (json.loads(tool(two, "sbom", commit).stdout) for commit in (two.second, again))
    assert before["files"] == after["files"]
    assert before["documentNamespace"] != after["documentNamespace"]


def test_manifest(two):
    text = tool(two, "sbom", two.second, "--manifest").stdout
    assert json.loads(text)["packages"] == two.keys["packages"]
    assert hashlib.sha256(text.rstrip("\n").encode()).hexdigest() == \
        two.metadata("atoll.manifest-digest", two.second).strip("'")


def test_provenance(two, tmp_path):
    """By openssl: DSSE's encoding of the payload, signed with the key of the commit."""
    envelope = json.loads(tool(two, "sbom", two.second, "--provenance").stdout)
    beside = two.repository / "extensions/atoll" / two.second / "provenance.dsse.json"
    assert json.loads(beside.read_text()) == envelope
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"]
    public = base64.b64decode((two.state / "keys/signing.ed25519.pub").read_text())
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + public)
    (tmp_path / "message").write_bytes(
        f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)
    (tmp_path / "signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    verify = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
              tmp_path / "key.der", "-in", tmp_path / "message", "-sigfile", tmp_path / "signature"]
    run(*verify)
    (tmp_path / "message").write_bytes((tmp_path / "message").read_bytes() + b" ")
    run(*verify, status=1)
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [{"name": "test/tree", "digest": {"sha256": two.second}}]
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["manifest"]["ref"] == "test/tree"
    for one in definition["resolvedDependencies"]:
        path = urllib.parse.unquote(one["downloadLocation"].removeprefix("file://"))
        assert hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest() == \
            one["digest"]["sha256"]
    assert statement["predicate"]["runDetails"]["builder"]["id"].endswith(public.hex())


def meta_path(repo, commit):
    return repo / "objects" / commit[:2] / f"{commit[2:]}.commitmeta"


def test_verify(two, tmp_path):
    assert "agree" in tool(two, "sbom", two.second, "--verify").stdout
    assert tool_json(two, "sbom", two.second, "--verify")["verified"] is True
    (tmp_path / "other.pub").write_text(base64.b64encode(bytes(32)).decode())
    words = ("sbom", two.second, "--verify")
    assert "not signed by a trusted key" in \
        tool(two, *words, "--key", tmp_path / "other.pub", status=1).stderr
    repo = tmp_path / "repo"
    run("cp", "-a", two.repository, repo)
    tool(two, *words, "--repo", repo)
    # another commit's provenance
    shutil.copy(meta_path(repo, two.first), meta_path(repo, two.second))
    assert "something else than commit" in tool(two, *words, "--repo", repo, status=1).stderr
    shutil.copy(meta_path(two.repository, two.second), meta_path(repo, two.second))
    # another commit's SBOM
    beside = repo / "extensions/atoll"
    shutil.copy(beside / two.first / "sbom.spdx.json.zst", beside / two.second)
    assert "is not the SBOM of commit" in tool(two, *words, "--repo", repo, status=1).stderr
    (beside / two.second / "sbom.spdx.json.zst").write_bytes(b"\x28\xb5\x2f\xfd broken")
    assert "malformed zstd" in tool(two, "sbom", two.second, "--repo", repo, status=1).stderr
    meta_path(repo, two.second).unlink()
    assert "no provenance" in tool(two, *words, "--repo", repo, status=1).stderr
    assert tool(two, "sbom", two.second, "--verify", "--manifest", status=2).stdout == ""


def test_mirror_and_server(two, tmp_path, serve):
    """What plain ostree mirrors still says packages and provenance; HTTP has the rest."""
    mirror = tmp_path / "mirror"
    run("ostree", "init", f"--repo={mirror}", "--mode=archive")
    run("ostree", "pull-local", f"--repo={mirror}", two.repository, two.second)
    for words in (("licences",), ("sbom", "--packages"), ("sbom", "--provenance"),
                  ("size", "--by", "folder")):
        assert tool(two, words[0], two.second, *words[1:], "--repo", mirror).stdout == \
            tool(two, words[0], two.second, *words[1:]).stdout
    assert "has no SBOM here" in tool(two, "sbom", two.second, "--repo", mirror, status=1).stderr
    assert "--by folder" in tool(two, "size", two.second, "--repo", mirror, status=1).stderr
    url = f"{serve(two.repository).url}/repo/extensions/atoll/{two.second}/sbom.spdx.json.zst"
    packed = run("curl", "-sSf", url, text=False).stdout
    text = subprocess.run(["zstd", "-dc"], input=packed, check=True, capture_output=True).stdout
    assert text.decode() == tool(two, "sbom", two.second).stdout


def test_licences(two):
    rows = {one["name"]: one for one in tool_json(two, "licences", two.first)["packages"]}
    assert rows["strict"]["licence"] == "AGPL-3.0-only"
    assert not any(one["denied"] for one in rows.values())
    assert "AGPL-3.0-only" in tool(two, "licences", two.first).stdout
    denied = tool(two, "licences", two.first, "--deny", "AGPL-*", status=1)
    assert denied.stderr == \
        "atoll: 1 package is under a denied licence: strict (AGPL-3.0-only)\n"
    tool(two, "licences", two.second, "--deny", "AGPL-*")
    # hello may be taken under MIT instead
    names = {one["name"] for one in tool_json(two, "licences", two.second, "--deny",
                                              "GPL-3.0-only", status=1)["packages"]
             if one["denied"]}
    assert names and "hello" not in names
    both = tool(two, "licences", two.second, "--deny", "GPL-3.0-only", "--deny", "MIT", status=1)
    assert "hello (GPL-3.0-only, MIT)" in both.stderr


def tracker(**packages):
    return json.dumps({name: {cve: {"description": "x", "releases": {"bookworm": release}}
                              for cve, release in entries.items()}
                       for name, entries in packages.items()})


@pytest.fixture
def advisories(tmp_path):
    """hello-src is 1.0 in the first commit and 0.9 in the second."""
    path = tmp_path / "tracker.json"
    path.write_text(tracker(**{
        "hello-src": {
            "CVE-2026-1": {"status": "resolved", "fixed_version": "0.9", "urgency": "high"},
            "CVE-2026-2": {"status": "resolved", "fixed_version": "1.0", "urgency": "medium"},
            "CVE-2026-3": {"status": "resolved", "fixed_version": "1.0+x", "urgency": "low"}},
        "strict": {"CVE-2026-4": {"status": "open", "urgency": "not yet assigned"}},
        "absent": {"CVE-2026-5": {"status": "open", "urgency": "high"}}}))
    return path


def findings(two, commit, path, *words, status=1):
    return [one["id"] for one in tool_json(two, "audit", commit, "--advisories", path, *words,
                                           status=status)["findings"]]


def test_audit(two, advisories, tmp_path):
    assert findings(two, two.first, advisories) == ["CVE-2026-3", "CVE-2026-4"]
    assert findings(two, two.second, advisories) == ["CVE-2026-2", "CVE-2026-3"]
    assert findings(two, two.second, advisories, "--fail-on", "medium") != []
    assert findings(two, two.second, advisories, "--fail-on", "high", status=0) != []
    text = tool(two, "audit", two.second, "--advisories", advisories, status=1)
    assert re.search(r"medium +CVE-2026-2 +hello-src +0\.9 +1\.0", text.stdout)
    assert text.stderr == ""
    packed = tmp_path / "tracker.json.zst"
    run("zstd", "-q", advisories, "-o", packed)
    assert findings(two, two.second, packed) == ["CVE-2026-2", "CVE-2026-3"]
    osv = tmp_path / "osv.json"
    osv.write_text(json.dumps({"id": "DSA-1", "affected": [{
        "package": {"ecosystem": "Debian:12", "name": "hello-src"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.9.1"}]}]}]}))
    assert findings(two, two.second, osv) == ["DSA-1"]
    assert findings(two, two.first, osv, status=0) == []


def test_audit_refusals(two, advisories, tmp_path):
    assert tool(two, "audit", two.first, status=2).stderr.startswith("atoll: name a file")
    words = ("audit", two.first, "--advisories")
    assert "want unimportant" in \
        tool(two, *words, advisories, "--fail-on", "awful", status=2).stderr
    assert "‘sid’" in tool(two, *words, advisories, "--release", "sid", status=1).stderr
    broken = tmp_path / "broken.json"
    broken.write_text(advisories.read_text()[:-20])
    error = tool(two, *words, broken, status=1).stderr
    assert str(broken) in error and "byte " in error
    assert "No such file" in tool(two, *words, tmp_path / "nothing", status=1).stderr


def test_diff(two, advisories):
    answer = tool_json(two, "diff", two.first, two.second, "--advisories", advisories)
    packages = {one["name"]: one for one in answer["packages"]}
    assert {name: one["change"] for name, one in packages.items()} == \
        {"hello": "upgraded", "strict": "removed", "extra": "added"}
    assert "Greet in one more tongue" in packages["hello"]["changelog"]
    assert "long known" not in packages["hello"]["changelog"]
    assert [one["name"].split()[0] for one in answer["users"]] == ["hello-user"]
    assert answer["units"] == [{"change": "added", "name": "hello.service (multi-user.target)"}]
    changes = {one["path"]: one["change"] for one in answer["files"]}
    assert changes["usr/share/hello/old"] == "removed"
    assert changes["usr/share/hello/new"] == "added"
    assert changes["usr/bin/hello"] == "changed"
    # ostree's own diff, which names a directory that is new or gone instead of what is in it
    listed = [line.split(maxsplit=1)[1][1:] for line in
              two.ostree("diff", two.first, two.second).splitlines()]
    for path in changes:
        assert any(path == one or path.startswith(one + "/") for one in listed), path
    for one in listed:
        assert any(path == one or path.startswith(one + "/") for path in changes), one
    assert [one["id"] for one in answer["fixed"]] == ["CVE-2026-4"]
    assert [one["id"] for one in answer["opened"]] == ["CVE-2026-2"]
    back = {one["name"]: one["change"] for one in
            tool_json(two, "diff", two.second, two.first)["packages"]}
    assert back == {"hello": "downgraded", "strict": "added", "extra": "removed"}
    text = tool(two, "diff", two.first, two.second).stdout
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "+ /usr/share/hello/new" in tool(two, "diff", two.first, two.second, "--files").stdout
    assert tool(two, "diff", two.first, two.first, status=3).stdout == "nothing differs\n"


def test_size(two, sbom, checkout):
    files = [path for path in checkout.rglob("*") if path.is_file() and not path.is_symlink()]
    folders = tool_json(two, "size", two.second, "--by", "folder", "--depth", "2")
    assert folders["files"] == len(files)
    rows = {one["name"]: one["files"] for one in folders["rows"]}
    assert rows["/usr/bin"] == len([path for path in files
                                    if path.is_relative_to(checkout / "usr/bin")])
    packages = tool_json(two, "size", two.second)
    assert packages["bytes"] == folders["bytes"] == sum(one["bytes"] for one in packages["rows"])
    assert packages["bytes"] <= sum(path.stat().st_size for path in files)
    own = {one["spdxElementId"] for one in sbom["relationships"]}
    counted = {one["name"]: one["files"] for one in packages["rows"]}
    assert len(own) > 50 and counted["hello"] == len(
        [one for one in sbom["relationships"]
         if one["spdxElementId"] == package(sbom, "hello")["SPDXID"]])
    savings = {one["name"]: one for one in packages["savings"]}
    assert savings["install-langs without any language"]["bytes"] > 0
    assert savings["documentation: false"]["files"] == 0
    assert "total" in tool(two, "size", two.second).stdout
    tool(two, "size", two.second, "--by", "weight", status=2)


RPMS = ["filesystem", "setup", "glibc", "bash", "coreutils", "grep-sed", "util-linux-core"]


@pytest.fixture(scope="module")
def rpms(tmp_path_factory):
    """A tree of a few rpms: its Compose, and what rpm says of the packages."""
    compose = local.Compose.__new__(local.Compose)
    compose.directory = tmp_path_factory.mktemp("account-rpm")
    compose.state = compose.directory / "state"
    compose.manifest = compose.directory / "tree.yaml"
    repository = rpmdistro.repository()
    compose.keys = {"ref": "test/tree", "packages": RPMS, "repos": [
        {"name": "distro", "type": "rpm", "trusted": True, "url": f"file://{repository}"}]}
    compose.write()
    compose.make()
    lines = run("rpm", "-qp", "--nosignature", "--qf", "%{NAME}\t%{EVR}\t%{LICENSE}\t%{ARCH}\n",
                *repository.rglob("*.rpm")).stdout.splitlines()
    compose.known = {line.split("\t")[0]: line.split("\t")[1:] for line in lines}
    return compose


def test_sbom_of_rpms(rpms):
    document = json.loads(tool(rpms, "sbom", "test/tree").stdout)
    jsonschema.validate(document, SCHEMA)
    packages = {one["name"]: one for one in document["packages"]
                if one["SPDXID"] != "SPDXRef-Tree"}
    assert set(RPMS) <= set(packages)
    for name, one in packages.items():
        evr, licence, arch = rpms.known[name]
        assert one["versionInfo"].removeprefix("0:") == evr
        assert one["licenseDeclared"] == licence
        assert purl(one).startswith("pkg:rpm/") and f"arch={arch}" in purl(one)
        assert one["sourceInfo"] != ""
    owned = {relation["relatedSpdxElement"] for relation in document["relationships"]
             if relation["spdxElementId"] == packages["bash"]["SPDXID"]}
    assert "./usr/bin/bash" in {one["fileName"] for one in document["files"]
                                if one["SPDXID"] in owned}
    assert "agree" in tool(rpms, "sbom", "test/tree", "--verify").stdout


def test_audit_of_rpms(rpms, tmp_path):
    evr, _, arch = rpms.known["bash"]
    version, release = evr.split(":")[-1].split("-")
    update = """<update type="security" status="stable"><id>{}</id><title>x</title>
        <severity>Critical</severity><pkglist><collection short="c"><name>c</name>
        <package name="bash" version="{}" release="{}" epoch="0" arch="{}"><filename>b.rpm</filename>
        </package></collection></pkglist></update>"""
    path = tmp_path / "updateinfo.xml"
    path.write_text("<updates>" + update.format("U-1", version, release, arch) +
                    update.format("U-2", version + ".1", release, arch) + "</updates>")
    found = tool_json(rpms, "audit", "test/tree", "--advisories", path, status=1)["findings"]
    assert [(one["id"], one["severity"]) for one in found] == [("U-2", "critical")]
    assert "about rpms" not in tool(rpms, "audit", "test/tree", "--advisories", path,
                                    status=1).stderr
