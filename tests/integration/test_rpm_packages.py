# SPDX-License-Identifier: LGPL-2.1-or-later
"""rpm-md repositories: what is chosen is what dnf chooses, what is not to be trusted is refused,
and rpms get into the store or are refused whole."""
import bz2
import gzip
import hashlib
import lzma
import re
import shutil
import subprocess

import pytest

import rpmfile
from conftest import BUILD, run
from rpmfile import S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG, Entry
from rpmrepo import (Keys, Tree, Web, build, build_all, dnf, edit_repomd, index, record,
                     replace_record)

PACKAGES = [
    {"name": "app", "requires": "lib >= 2, /usr/bin/tool, (extra if base)",
     "recommends": "nice, (plug or nice)", "suggests": "maybe"},
    {"name": "app", "version": "0.9-1"},
    {"name": "lib", "version": "1:2-1", "arch": "x86_64", "provides": "feature = 3"},
    {"name": "lib", "version": "1-1", "arch": "x86_64"},
    {"name": "lib", "version": "1:3-1", "arch": "i686", "provides": "lib(x86-32)"},
    {"name": "tool", "files": ["/usr/bin/tool"], "requires": "/usr/share/data/file"},
    {"name": "data", "files": ["/usr/share/data/file"]},
    {"name": "base"}, {"name": "extra"}, {"name": "nice"}, {"name": "plug"}, {"name": "maybe"},
    {"name": "lang-de", "supplements": "(app and base)"},
    {"name": "old", "provides": "service"},
    {"name": "new", "version": "2-1", "obsoletes": "old < 2", "provides": "service, old = 2"},
    {"name": "user", "requires": "service"},
    {"name": "wants32", "arch": "x86_64", "requires": "lib(x86-32)"},
    {"name": "fight", "conflicts": "base"},
    {"name": "alt-a", "provides": "mta"}, {"name": "alt-b", "provides": "mta"},
    {"name": "needs-mta", "requires": "mta, (alt-b or plug)"},
    {"name": "pre", "version": "2~rc1-1"}, {"name": "pre", "version": "1.9-1"},
    {"name": "post", "version": "2^git1-1"}, {"name": "post", "version": "2-9"},
]
SECOND = [{"name": "app", "version": "5-1"}, {"name": "base", "version": "9-1"},
          {"name": "only-second", "requires": "base"}]
COMPS = """<comps>
<group><id>core</id><name>Core</name><packagelist><packagereq type="mandatory">app</packagereq>
<packagereq type="default">user</packagereq><packagereq type="optional">maybe</packagereq>
</packagelist></group>
<group><id>more</id><name>More</name><packagelist><packagereq type="mandatory">base</packagereq>
</packagelist></group>
<environment><id>whole-environment</id><name>Whole</name><grouplist><groupid>core</groupid>
<groupid>more</groupid></grouplist></environment></comps>
"""
SETS = {
    "plain": (["app"], {}),
    "weak": (["app"], {"weak": True}),
    "rich": (["app", "base"], {}),
    "weak-rich": (["app", "base"], {"weak": True}),
    "weak-excluded": (["app", "base"], {"weak": True, "exclude": ["nice", "lang-de"]}),
    "obsoletes": (["user"], {}),
    "multilib": (["lib"], {}),
    "versions": (["pre", "post", "app-0.9-1"], {}),
    "relation": (["lib >= 2", "app < 1"], {}),
    "provides": (["feature >= 3", "service"], {}),
    "alternatives": (["needs-mta"], {}),
    "alternatives-excluded": (["needs-mta"], {"exclude": ["alt-b"]}),
    "group": (["@core"], {}),
    "environment": (["@^whole-environment", "plug"], {"weak": True}),
    "far-file": (["tool"], {}),
    "wanted-file": (["/usr/bin/tool"], {}),
    "wanted-far-file": (["/usr/share/data/file"], {}),
    "wanted-provide": (["lib(x86-32)", "lib.i686"], {}),
    "pattern": (["alt-*", "p?s*"], {}),
}


@pytest.fixture(scope="module")
def repos(tmp_path_factory):
    """Two repositories, not to be changed."""
    top = tmp_path_factory.mktemp("repos")
    for name, packages in (("one", PACKAGES), ("two", SECOND)):
        (top / name).mkdir()
        build_all(top / name, packages)
    (top / "comps.xml").write_text(COMPS)
    index(top / "one", "--groupfile", top / "comps.xml")
    index(top / "two")
    return {"one": top / "one", "two": top / "two"}


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.fixture
def repo(repos, tmp_path):
    """A small repository to spoil."""
    path = tmp_path / "repo"
    path.mkdir()
    for name in ("app-1-1.noarch", "lib-1-1.x86_64", "base-1-1.noarch"):
        shutil.copy(next(repos["one"].glob(f"*/{name}.rpm")), path)
    return path


@pytest.fixture
def web(tmp_path):
    server = Web(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def keys(tmp_path):
    keys = Keys(tmp_path)
    yield keys
    keys.stop()


def trusted(path, name="one", **more):
    return {"name": name, "type": "rpm", "baseurl": f"file://{path}", "trusted": True, **more}


# --- the choice

@pytest.mark.parametrize("name", SETS)
def test_chooses_as_dnf(repos, tree, tmp_path, name):
    packages, options = SETS[name]
    tree.write([trusted(repos["one"])], [f"'{text}'" if " " in text else text
                                         for text in packages],
               recommends=options.get("weak", False),
               **({"exclude-packages": options["exclude"]} if "exclude" in options else {}))
    assert tree.packages() == dnf(tmp_path, {"one": repos["one"]}, packages, **options)


@pytest.mark.parametrize("options", [{}, {"two": {"priority": 10}}, {"two": {"cost": 10}},
                                     {"one": {"excludepkgs": ["base"]}},
                                     {"two": {"includepkgs": ["app"]}},
                                     {"one": {"priority": 1}, "two": {"excludepkgs": ["b*"]}}])
def test_several_repositories_as_dnf(repos, tree, tmp_path, options):
    tree.write([trusted(path, name, **options.get(name, {})) for name, path in repos.items()],
               ["app", "base"], recommends=False)
    assert tree.packages() == dnf(tmp_path, repos, ["app", "base"], options=options)


def test_other_architecture_only_where_asked(repos, tree):
    tree.write([trusted(repos["one"])], ["wants32"])
    assert "‘wants32’ (1-1) needs ‘lib(x86-32)’" in tree.fail()
    tree.write([trusted(repos["one"])], ["wants32", "lib.i686"])
    assert tree.packages() == ["lib-1:3-1.i686", "wants32-0:1-1.x86_64"]


def test_repo_packages(repos, tree):
    both = [trusted(path, name) for name, path in repos.items()]
    tree.write(both, ["only-second"], **{"repo-packages": [{"repo": "one", "packages": ["base"]}]})
    assert tree.packages() == ["base-0:1-1.noarch", "only-second-0:1-1.noarch"]
    tree.write(both, ["only-second"])
    assert tree.packages() == ["base-0:9-1.noarch", "only-second-0:1-1.noarch"]


def test_lockfile_repos(repos, tree, tmp_path):
    (tmp_path / "two.repo").write_text(f"[two]\nbaseurl=file://{repos['two']}\n"
                                       "gpgcheck=1\ngpgkey=key.asc\n")
    (tmp_path / "key.asc").write_text("no key")
    tree.write([trusted(repos["one"])], ["base"], **{"lockfile-repos": ["two"]})
    assert tree.packages() == ["base-0:1-1.noarch"]
    tree.write([trusted(repos["one"])], ["only-second"], **{"lockfile-repos": ["two"]})
    assert "repository ‘two’ is for packages that a lock names only" in tree.fail()
    tree.write([trusted(repos["one"])], ["base"], **{"lockfile-repos": ["three"]})
    assert "‘three’" in tree.fail()


def test_excluded_but_needed(repos, tree):
    tree.write([trusted(repos["one"])], ["'app >= 1'"], **{"exclude-packages": ["data"]})
    error = tree.fail()
    assert re.search("‘app >= 1’ cannot be installed: ‘app’ .1-1. needs ‘/usr/bin/tool’; ‘tool’ .1-1. "
                     "needs ‘/usr/share/data/file’; ‘data’ is excluded at DIR/tree.yaml:1:", error)


def module(stream, version):
    return f"""---
document: modulemd
version: 2
data:
  name: db
  stream: "{stream}"
  version: 1
  context: c{stream}
  summary: s
  description: d
  license: {{module: [MIT]}}
  dependencies: [{{requires: {{platform: [el9]}}}}]
  profiles: {{server: {{rpms: [db]}}}}
  artifacts: {{rpms: [db-0:{version}.noarch]}}
...
"""


DEFAULT = """---
document: modulemd-defaults
version: 1
data: {module: db, stream: "1", profiles: {"1": [server]}}
...
"""


@pytest.mark.parametrize("defaults", ["", DEFAULT])
@pytest.mark.parametrize("modules", [{}, {"enable": ["db:2"]}, {"install": ["db:1/server"]}])
def test_modules_as_dnf(tree, tmp_path, defaults, modules):
    path = tmp_path / "modular"
    path.mkdir()
    build_all(path, [{"name": "db", "version": "1-1"}, {"name": "db", "version": "2-1"},
                     {"name": "db", "version": "9-1"}, {"name": "use", "requires": "db"}])
    index(path)
    (tmp_path / "modules.yaml").write_text(module(1, "1-1") + module(2, "2-1") + defaults)
    run("modifyrepo_c", "--mdtype=modules", tmp_path / "modules.yaml", path / "repodata")
    tree.write([trusted(path)], ["use"], modules=modules)
    assert tree.packages() == dnf(tmp_path, {"one": path}, ["use"], **modules)


# --- metadata

@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2", ".zst", ""])
def test_compressions(repo, tree, suffix):
    index(repo)
    for kind in ("primary", "filelists"):
        text = gzip.decompress(record(repo, kind)[1].read_bytes())
        packed = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress,
                  "": lambda data: data,
                  ".zst": lambda data: subprocess.run(["zstd", "-qc"], input=data, check=True,
                                                      stdout=subprocess.PIPE).stdout}[suffix](text)
        replace_record(repo, kind, suffix, packed)
    tree.write([trusted(repo)], ["base"])
    assert tree.packages() == ["base-0:1-1.noarch"]
    # from the copy in libsolv's form
    assert list(tree.state.glob("cache/metadata/index/*.solv"))
    assert tree.packages() == ["base-0:1-1.noarch"]


def test_metadata_that_lies(repo, tree):
    index(repo)
    tree.write([trusted(repo)], ["base"])
    good = (repo / "repodata/repomd.xml").read_text()
    packed = record(repo, "primary")[1].read_bytes()
    text = gzip.decompress(packed)
    cases = [
        ({"data": packed, "size": len(packed) + 1}, "bytes"),
        ({"data": packed, "open_size": len(text) - 1}, "unpacks to more than"),
        ({"data": packed, "open_size": len(text) + 1}, "unpacks to less than"),
        ({"data": packed, "open_digest": "0" * 64}, "unpacks to something with SHA-256"),
        ({"data": packed[:-20]}, "primary"),
        ({"data": b"not packed", "open_size": 10,
          "open_digest": hashlib.sha256(b"not packed").hexdigest()}, "primary"),
    ]
    for case, message in cases:
        replace_record(repo, "primary", ".gz", **case)
        error = tree.fail()
        assert message in error and "repository ‘one’" in error, (case, error)
        (repo / "repodata/repomd.xml").write_text(good)
    edit_repomd(repo, lambda whole: re.sub(r'<checksum type="sha256">\w',
                                           '<checksum type="sha256">z', whole))
    assert "its checksum is no SHA-256" in tree.fail()
    (repo / "repodata/repomd.xml").write_text(good.replace('"sha256"', '"md5"'))
    assert "wanted a checksum of type ‘sha256’, found ‘md5’" in tree.fail()
    (repo / "repodata/repomd.xml").write_text(good.replace('href="repodata', 'href="../repodata'))
    assert "its location leaves the repository" in tree.fail()
    (repo / "repodata/repomd.xml").write_text(good[:300])
    assert re.search(r"repomd\.xml, line \d+", tree.fail())
    (repo / "repodata/repomd.xml").write_text(good)
    assert tree.packages() == ["base-0:1-1.noarch"]


def test_metadata_bomb(repo, tree):
    index(repo)
    bomb = gzip.compress(bytes(200 << 20))
    replace_record(repo, "primary", ".gz", bomb, open_size=200 << 20)
    tree.write([trusted(repo)], ["base"])
    assert "more than 500 times its size" in tree.fail()
    replace_record(repo, "primary", ".gz", bomb, size=0, open_size=200 << 20)
    edit_repomd(repo, lambda text: text.replace(f"<open-size>{200 << 20}</open-size>", ""))
    assert "unpacks to more than" in tree.fail()


def test_hostile_names_in_metadata(repo, tree):
    index(repo)
    good = (repo / "repodata/repomd.xml").read_text()
    text = gzip.decompress(record(repo, "primary")[1].read_bytes()).decode()
    tree.write([trusted(repo)], ["base"])
    cases = [('href="base-1-1.noarch.rpm"', 'href="../../base-1-1.noarch.rpm"', "its location"),
             ("<arch>noarch</arch>", "<arch>../x</arch>", ""),
             ('href="base-1', 'xml:base="http://example.org/" href="base-1', "lies elsewhere")]
    for old, new, message in cases:
        changed = text.replace(old, new).encode()
        assert changed != text.encode()
        replace_record(repo, "primary", ".gz", gzip.compress(changed), open_size=len(changed),
                       open_digest=hashlib.sha256(changed).hexdigest())
        assert message in tree.fail()
        (repo / "repodata/repomd.xml").write_text(good)


# --- signatures

def signed(repo, keys, text, tmp_path, **more):
    (tmp_path / "key.asc").write_text(text)
    return {"name": "one", "type": "rpm", "baseurl": f"file://{repo}", "gpgkeys": ["key.asc"],
            "repo_gpgcheck": True, "gpgcheck": False, **more}


def test_signed_metadata(repo, tree, keys, tmp_path):
    index(repo)
    repomd = repo / "repodata/repomd.xml"
    good, other = keys.make("good"), keys.make("other")
    tree.write([signed(repo, keys, good, tmp_path)], ["base"])
    assert "repomd.xml.asc" in tree.fail()
    keys.sign("good", repomd)
    assert tree.packages() == ["base-0:1-1.noarch"]
    tree.write([signed(repo, keys, other, tmp_path)], ["base"])
    assert "is not in the keyring" in tree.fail()
    tree.write([signed(repo, keys, good, tmp_path, gpgkeys=[good])], ["base"])
    assert tree.packages() == ["base-0:1-1.noarch"]
    edit_repomd(repo, lambda text: text.replace("<revision>", "<revision> "))
    assert "its signature is bad" in tree.fail()


def test_metadata_signed_by_an_expired_key(repo, tree, keys, tmp_path):
    index(repo)
    then = ("--faked-system-time", "20200101T000000!")
    old = keys.make("old", *then, expires="2d")
    keys.sign("old", repo / "repodata/repomd.xml", *then)
    tree.write([signed(repo, keys, old, tmp_path)], ["base"])
    error = tree.fail()
    assert "old@example.org" in error and "has expired" in error


def test_signed_packages(repo, tree, keys, tmp_path):
    good, other = keys.make("good"), keys.make("other")
    check = {"repo_gpgcheck": False, "gpgcheck": True}
    index(repo)
    tree.write([signed(repo, keys, good, tmp_path, **check)], ["base"])
    error = tree.fail("--import")
    assert "importing package ‘base’ 1-1" in error and "its header is not signed" in error
    keys.sign_rpm("good", repo / "base-1-1.noarch.rpm")
    index(repo)
    assert tree.resolve("--import").stdout.splitlines()[-1].startswith("imported 1 ")
    shutil.rmtree(tree.state)
    tree.write([signed(repo, keys, other, tmp_path, **check)], ["base"])
    assert "no key of its repository's ‘gpgkeys’ has signed it" in tree.fail("--import")


# --- mirrors

def metalink(web, repomd, *mirrors):
    urls = "".join(f'<url protocol="http" type="http" preference="{100 - number}">{web.url}/'
                   f'{name}/repodata/repomd.xml</url>' for number, name in enumerate(mirrors))
    digest = hashlib.sha256(repomd).hexdigest()
    return f"""<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://example.org/mm">
<files><file name="repomd.xml"><size>{len(repomd)}</size><verification>
<hash type="md5">{hashlib.md5(repomd).hexdigest()}</hash><hash type="sha256">{digest}</hash>
</verification><resources maxconnections="1">{urls}</resources></file></files></metalink>
"""


def test_metalink(repo, tree, tmp_path, web):
    index(repo)
    stale = tmp_path / "stale"
    shutil.copytree(repo, stale)
    edit_repomd(stale, lambda text: text.replace("<revision>", "<revision>0"))
    (tmp_path / "half").mkdir()
    shutil.copytree(repo / "repodata", tmp_path / "half/repodata")
    repomd = (repo / "repodata/repomd.xml").read_bytes()
    (tmp_path / "metalink").write_text(metalink(web, repomd, "gone", "stale", "half", "repo"))
    tree.write([{"name": "one", "type": "rpm", "metalink": f"{web.url}/metalink",
                 "trusted": True}], ["base"])
    # "half" has metadata but no packages: these come from the next mirror
    assert tree.resolve("--import").stdout.splitlines()[-1].startswith("imported 1 ")
    assert "/half/repodata/repomd.xml" in web.seen and "/stale/base-1-1.noarch.rpm" in web.seen
    (tmp_path / "metalink").write_text(metalink(web, b"other", "stale", "repo"))
    error = tree.fail()
    assert "no mirror of 2 could be used" in error and "out of date or altered" in error
    (tmp_path / "metalink").write_text("<metalink/>")
    assert "names no mirror" in tree.fail()


def test_mirrorlist(repo, tree, tmp_path, web):
    index(repo)
    (tmp_path / "list").write_text(f"# mirrors\n{web.url}/gone/\n{web.url}/repo/\n")
    (tmp_path / "one.repo").write_text(f"[one]\nmirrorlist={web.url}/list\ngpgcheck=0\n")
    tree.write(["one"], ["base"])
    assert "neither ‘gpgcheck’ nor ‘repo_gpgcheck’" in tree.fail()
    tree.write([{"name": "one", "type": "rpm", "mirrorlist": f"{web.url}/list",
                 "trusted": True}], ["base"])
    assert tree.packages() == ["base-0:1-1.noarch"]
    web.broken.add("/list")
    assert "repository ‘one’" in tree.fail()


def test_altered_package(repo, tree, tmp_path, web):
    index(repo)
    with open(repo / "base-1-1.noarch.rpm", "r+b") as file:
        file.seek(-1, 2)
        file.write(b"X")
    for base in (f"file://{repo}", f"{web.url}/repo"):
        tree.write([trusted(repo, baseurl=base)], ["base"])
        assert "SHA-256" in tree.fail("--import")


# --- rpms

def folder(path, mode=0o755):
    return Entry(path, b"", S_IFDIR | mode)


HOSTILE = {
    "dots": ([Entry("/usr/../../etc/passwd")], "a path that leaves the root"),
    "payload-dots": ([Entry("/usr/a", payload_path="./../etc/passwd")], "leaves the root"),
    "payload-other": ([Entry("/usr/a", payload_path="/etc/passwd")], "the header does not have"),
    "relative": ([Entry("usr/a")], "a path that leaves the root"),
    "device": ([Entry("/dev/null", b"", S_IFCHR | 0o666)], "neither file, directory nor link"),
    "fifo": ([Entry("/run/fifo", b"", 0o010644)], "neither file, directory nor link"),
    "payload-device": ([Entry("/usr/a", b"", payload_mode=S_IFCHR | 0o666)], "of another type"),
    "twice": ([Entry("/usr/a"), Entry("/usr/a")], "the header has it twice"),
    "twice-spelt": ([Entry("/usr/a"), Entry("/usr//a")], "the header has it twice"),
    "below-file": ([Entry("/usr/a"), Entry("/usr/a/b")], "it lies below what is no directory"),
    "below-link": ([Entry("/usr/l", b"", S_IFLNK | 0o777, target="/etc"), Entry("/usr/l/passwd")],
                   "it lies below what is no directory"),
    "missing": ([Entry("/usr/a"), Entry("/usr/b", in_payload=False)],
                "the header has it, but the payload has not"),
    "more": ([Entry("/usr/a"), Entry("/usr/b", in_header=False)], "the header does not have it"),
    "size-more": ([Entry("/usr/a", size=4)], "more data than the header says"),
    "size-less": ([Entry("/usr/a", size=6)], "less data than the header says"),
    "digest": ([Entry("/usr/a", digest="0" * 64)], "do not have the digest in the header"),
    "digest-none": ([Entry("/usr/a", digest="")], "do not have the digest in the header"),
    "digest-kind": ([Entry("/usr/a", digest="0" * 32)], "digest"),
    "target": ([Entry("/usr/l", b"", S_IFLNK | 0o777, target="x" * 5000)], "is too long"),
    "caps": ([Entry("/usr/a", caps="cap_everything=ep")], "are no file capabilities"),
    "payload-name": ([Entry("/usr/a", payload_path="./" + "x" * 5000)], "a name of 5003 bytes"),
    "newline": ([Entry("/usr/a\nb")], "has a newline"),
    "bomb": ([Entry("/usr/a", size=1100 << 20)], "a thousand times its size"),
    "bomb-hidden": ([Entry("/usr/a", bytes(64 << 20), size=5)], "more data than the header says"),
    "bombs": ([Entry(f"/usr/{n}", size=1 << 30) for n in range(3)], "a thousand times its size"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_rpm(tree, tmp_path, case):
    entries, message = HOSTILE[case]
    path = tmp_path / "evil"
    path.mkdir()
    (path / "evil-1-1.noarch.rpm").write_bytes(rpmfile.rpm(entries))
    index(path)
    tree.write([trusted(path)], ["evil"])
    error = tree.fail("--import")
    assert "importing package ‘evil’ 1-1: " in error
    assert message in error
    refs = run("ostree", f"--repo={tree.state}/build", "refs").stdout
    assert refs == ""


def test_rpm_that_is_another(repo, tree):
    index(repo)
    text = gzip.decompress(record(repo, "primary")[1].read_bytes()).decode()
    changed = text.replace("<name>base</name>", "<name>bash</name>").encode()
    replace_record(repo, "primary", ".gz", gzip.compress(changed), open_size=len(changed),
                   open_digest=hashlib.sha256(changed).hexdigest())
    tree.write([trusted(repo)], ["bash"])
    assert "it says that it is ‘base’ 1-1 for noarch" in tree.fail("--import")


def test_contents(tree, tmp_path):
    """What an imported package has, and that it is read once."""
    path = tmp_path / "fine"
    path.mkdir()
    entries = [folder("/usr"), folder("/usr/bin"), Entry("/usr/bin/a", b"a\n", S_IFREG | 0o4755),
               Entry("/usr/bin/ping", b"p\n", S_IFREG | 0o755, caps="cap_net_raw=ep"),
               Entry("/usr/bin/l", b"", S_IFLNK | 0o777, target="a"),
               Entry("/bin/old", b"o\n"), Entry("/var/log/x", b"", flags=64, in_payload=False)]
    (path / "fine-1-1.noarch.rpm").write_bytes(rpmfile.rpm(entries, name="fine"))
    index(path)
    tree.write([trusted(path)], ["fine"])
    assert tree.resolve("--import").stdout.splitlines()[-1].startswith("imported 1 ")
    assert tree.resolve("--import").stdout.splitlines()[-1] == "imported 0 0"
    ref = run("ostree", f"--repo={tree.state}/build", "refs").stdout.strip()
    assert re.fullmatch(r"atoll/pkg/rpm/fine/1-1\.noarch\.[0-9a-f]{12}", ref)
    listing = run("ostree", f"--repo={tree.state}/build", "ls", "-R", "-X", ref).stdout
    assert re.search(r"^-04755 0 0 +2 .*/usr/bin/a$", listing, re.MULTILINE)
    assert re.search(r"^-00644 0 0 +2 .*/bin/old$", listing, re.MULTILINE)
    assert re.search(r"/usr/bin/l -> a$", listing, re.MULTILINE)
    assert "security.capability" in next(line for line in listing.splitlines() if "ping" in line)
    assert "/var/log" not in listing
    run("ostree", f"--repo={tree.state}/build", "fsck", "-q")
