# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trees of rpms: the same as what dnf installs, file by file; the same each time; and what is
said of packages that are wrong."""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
from xml.etree import ElementTree

import pytest

import rpmdistro
import rpmdistro_packages
from conftest import BUILD, run

ATOLL = BUILD / "src/programs/atoll"
NOTE = "atoll: no package brings a kernel: this tree will not boot\n"
# Not installed: what new-name obsoletes, and what is only suggested.
LEFT_OUT = {"old-name", "weak-suggested"}
# In the trees because others recommend them, or they supplement others: by default, as with dnf.
WEAK = {"weak-recommended", "weak-supplement"}
ALL = sorted(package.name for package in rpmdistro_packages.base() + rpmdistro_packages.features()
             if package.name not in LEFT_OUT)
# What scripts of the wrong packages need.
SMALL = ["filesystem", "setup", "glibc", "bash", "coreutils", "grep-sed", "util-linux-core"]

# Where a composed tree differs from what dnf installs: path, why.
DIFFERENCES = [
    (r"/(usr/)?etc/dnf(/.*)?|/var/(lib|cache)/dnf(/.*)?|/var/log/(dnf|hawkey).*|/var/cache",
     "dnf's own state: no dnf has run in a tree"),
    (r"/tmp/.*", "dnf's cache, by the path that it has outside"),
    (r"/usr/lib/sysimage/rpm/(\.rpm\.lock|rpmdb\.sqlite-(shm|wal))",
     "locks and journals of an open database"),
    (r"/usr/lib/sysimage/rpm/rpmdb\.sqlite",
     "written anew, so that its bytes depend on its contents only: these are compared"),
    (r"/dev/.*", "device nodes for dnf's scripts"),
    (r"/(home|root|opt|srv|mnt|media|usr/local)(/.*)?",
     "a link into /var, or /run: the rest of the root is read-only on a host"),
    (r"/(ostree|sysroot)", "where OSTree keeps a host's deployments"),
    (r"/usr/share/rpm|/var/lib/rpm", "where older programs look for the database"),
    (r"/usr/lib/tmpfiles\.d(/atoll-var\.conf)?|/usr/share/factory(/.*)?",
     "how /var starts out on a host"),
    (r"/usr/lib/sysusers\.d(/atoll-ids\.conf)?", "the users, for hosts with an older /etc/passwd"),
    (r"/usr/lib/systemd/system/(tmp\.mount|local-fs\.target\.wants(/.*)?|atoll-.*)"
     r"|/usr/lib/systemd/system/[^/]*\.d(/.*)?|/usr/lib/systemd/system/[^/]*\.wants(/.*)?",
     "units that a read-only root needs"),
    (r"/usr/share/ostree(/.*)?", "the key that signs the tree"),
    (r"/usr/share/atoll(/.*)?", "the SBOM"),
    (r"/etc/machine-id", "empty, not missing: systemd asks questions otherwise"),
    (r"/etc/(passwd|group|shadow|gshadow)-|/etc/\.pwd\.lock|/etc/sub[ug]id-?",
     "backups and locks of one run of useradd"),
    (r"/var/(cache|log|tmp|spool)/.*", "state that programs make anew: it is not kept in a tree"),
    (r"/var/(home|roothome|opt|srv|mnt|usrlocal)(/.*)?", "where the links above lead to"),
    (r"/run/media", "where the links above lead to"),
]


class Tree:
    """Composes of the test distribution in one directory."""

    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"
        self.manifest = directory / "tree.yaml"
        self.keys = {"ref": "test/rpm", "packages": ALL,
                     "repos": [{"name": "distro", "type": "rpm", "trusted": True,
                                "url": f"file://{rpmdistro.repository()}"}],
                     "automatic-version-prefix": "1"}

    def run(self, *words, status=0, **keys):
        options = {name: keys.pop(name) for name in ("env", "umask", "cwd") if name in keys}
        self.keys |= {key.replace("_", "-"): value for key, value in keys.items()}
        self.manifest.write_text(json.dumps(
            {name: value for name, value in self.keys.items() if value is not None}))
        return run(*words[:words.index("--") if "--" in words else 0], ATOLL, "compose",
                   self.manifest, "--state", self.state, "--quiet",
                   *words[words.index("--") + 1 if "--" in words else 0:], status=status,
                   **options)

    def make(self, *words, **keys):
        return json.loads(self.run(*words, "--json", **keys).stdout)

    def fail(self, *words, **keys):
        result = self.run(*words, status=1, **keys)
        assert result.stdout == ""
        return result.stderr.removeprefix(NOTE).removeprefix("atoll: ")

    def ostree(self, *words):
        return run("ostree", f"--repo={self.state / 'repo'}", *words).stdout

    def contents(self):
        return self.ostree("ls", "-d", "-C", "test/rpm", "/").split()[4:6]

    def listing(self):
        return set(self.ostree("ls", "-R", "-C", "-X", "test/rpm").splitlines())

    def deploy(self, target):
        """The tree as a host has it: /etc in place, and /var as its tmpfiles.d says."""
        run(*rpmdistro.enter("ostree", f"--repo={self.state / 'repo'}", "checkout", "test/rpm",
                             target))
        run(*rpmdistro.enter("mv", target / "usr/etc", target / "etc"))
        run(*rpmdistro.enter("systemd-tmpfiles", f"--root={target}", "--create",
                             "atoll-var.conf"))
        return target


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("rpm")
    yield path
    run(*rpmdistro.enter("rm", "-rf", "--one-file-system", path))


@pytest.fixture(scope="module")
def made(directory):
    """Everything composed, and deployed in root/."""
    path = directory / "made"
    path.mkdir()
    tree = Tree(path)
    tree.answer = tree.make(packages=[name for name in ALL if name not in WEAK])
    tree.root = tree.deploy(path / "root")
    return tree


@pytest.fixture(scope="module")
def installed(directory):
    """The same packages by dnf."""
    root = directory / "dnf/root"
    root.mkdir(parents=True)
    rpmdistro.dnf_install(root, rpmdistro.repository(), [name for name in ALL if name not in WEAK],
                          "--setopt=install_weak_deps=1")
    return root


@pytest.fixture
def tree(tmp_path):
    result = Tree(tmp_path)
    yield result
    shutil.rmtree(result.state, ignore_errors=True)


def scripts(answer):
    """Of how many packages the scripts ran."""
    return next(phase["files"] for phase in answer["phases"] if phase["phase"] == "scripts")


def explained(path):
    return any(re.fullmatch(pattern, path) for pattern, reason in DIFFERENCES)


def differences(composed, installed):
    """Paths with what they are here and there, without those on the list."""
    ours, theirs = rpmdistro.walk(composed), rpmdistro.walk(installed)
    return {path: (ours.get(path), theirs.get(path)) for path in sorted(ours | theirs)
            if ours.get(path) != theirs.get(path) and not explained(path)}


def query(root):
    """All tags of all packages in the database: name to tag to values."""
    text = rpmdistro.rpm(root, "-qa", "--qf", "[%{*:xml}\n]")
    packages = {}
    for header in ElementTree.fromstring(f"<all>{text}</all>"):
        tags = {tag.get("name"): [(value.tag, value.text) for value in tag] for tag in header}
        packages[tags["Name"][0][1]] = tags
    return packages


def without_order(tags):
    """Packages that are only files come in a second transaction: each has another place."""
    rest = dict(tags)
    (_, when), = rest.pop("Installtime")
    assert rpmdistro_packages.EPOCH <= int(when) <= rpmdistro_packages.EPOCH + len(ALL)
    return rest


def test_packages(made):
    assert made.answer["packages"] == len(ALL)
    assert sorted(rpmdistro.rpm(made.root, "-qa", "--qf", "%{NAME}\n").split()) == ALL


def test_every_file_as_dnf_installs_it(made, installed):
    assert differences(made.root, installed) == {}


def test_list_of_differences_is_not_too_wide(made, installed):
    """It must not hide what packages brought: of these only the listed links may differ."""
    names = rpmdistro.rpm(installed, "-qa", "--qf", "[%{FILEFLAGS:fflags}|%{FILENAMES}\n]")
    paths = {line.split("|")[1] for line in names.splitlines() if "g" not in line.split("|")[0]}
    ours, theirs = rpmdistro.walk(made.root), rpmdistro.walk(installed)
    assert len(paths) > 200
    assert {path for path in paths if ours.get(path) != theirs.get(path)} <= {
        "/home", "/root", "/opt", "/srv", "/mnt", "/media", "/usr/local", "/usr/local/bin",
        "/etc/motd"}


def test_database_as_rpm_writes_it(made, installed):
    ours, theirs = query(made.root), query(installed)
    assert sorted(ours) == sorted(theirs) == ALL
    assert all(len(tags) > 40 for tags in ours.values())
    for name, tags in ours.items():
        assert without_order(tags) == without_order(theirs[name])
    run("rpmdb", "--dbpath", made.root / "usr/lib/sysimage/rpm", "--verifydb")


def test_verification_as_after_dnf(made, installed):
    """Times are 0 in every OSTree tree; whatever else rpm -V sees, it sees after dnf too."""
    theirs = rpmdistro.rpm(installed, "-Va", "--nomtime", status=None)
    assert "/etc/passwd" in theirs
    assert "/usr/bin" not in theirs
    assert rpmdistro.rpm(made.root, "-Va", "--nomtime", status=None).replace("T", ".") == theirs


def test_fewer_files_as_dnf_installs_them(directory):
    """documentation and install-langs, as rpm's own macros do it: the database says so."""
    path = directory / "fewer"
    path.mkdir()
    tree = Tree(path)
    names = [*SMALL, "rpm", "lang-demo", "lang-pack"]
    tree.make(packages=names, recommends=False, documentation=False, install_langs=["de_DE"])
    root = tree.deploy(path / "root")
    other = path / "dnf"
    other.mkdir()
    rpmdistro.dnf_install(other, rpmdistro.repository(), names, "--setopt=tsflags=nodocs",
                          "--setopt=install_weak_deps=False", macros={"_install_langs": "de_DE"})
    found = rpmdistro.walk(root)
    assert "/usr/share/locale/de/LC_MESSAGES/demo.mo" in found
    assert "/usr/share/licenses/lang-demo/COPYING" in found
    for path in ("/usr/share/locale/fr", "/usr/share/doc/lang-demo", "/usr/share/man/man1/demo.1"):
        assert path not in found
    assert differences(root, other) == {}
    assert rpmdistro.rpm(root, "-V", "lang-demo", "--nomtime") == ""
    ours, theirs = query(root)["lang-demo"], query(other)["lang-demo"]
    assert ("integer", "2") in ours["Filestates"]
    assert without_order(ours) == without_order(theirs)


def test_scripts_ran_as_they_should(made):
    """What they left, beside being what dnf's left: in rpm's order, with rpm's arguments."""
    root = made.root
    assert (root / "usr/share/all-scripts/log").read_text() == "post 1\nposttrans 1\n"
    assert not (root / "usr/share/all-scripts/never").exists()
    log = root / "usr/share/trigger-log"
    assert (log / "classic").read_text() == "prein 1 0\nin 1 1\n"
    assert "/usr/share/watched/two\n" in (log / "files").read_text()
    assert (log / "transaction").read_text() == "/usr/share/watched/one\n/usr/share/watched/two\n"
    assert not (log / "never").exists()
    assert os.readlink(root / "usr/share/lua-demo/link") == "made"
    wants = root / "etc/systemd/system/multi-user.target.wants"
    assert [path.name for path in wants.iterdir()] == ["service-on.service"]
    accounts = {line.split(":")[0]: line.split(":")[2]
                for line in (root / "etc/passwd").read_text().splitlines()}
    assert accounts["svc-static"] == "77"
    lines = {line.split()[-1]: line.split() for line in
             made.ostree("ls", "-R", "test/rpm", "/usr/share").splitlines()}
    assert lines["/usr/share/svc-b/data"][1] == accounts["svc-b"]
    assert lines["/usr/share/svc-a/own"][1] == accounts["svc-a"]


def test_hard_links_and_capabilities(made):
    rows = made.ostree("ls", "-R", "-C", "-X", "test/rpm", "/usr/share/hardlink-demo",
                       "/usr/bin").splitlines()
    links = {re.search(r"\b[0-9a-f]{64}\b", row)[0] for row in rows
             if re.search(r"hardlink-demo/(one|two|three)$", row)}
    assert len(links) == 1
    assert ["security.capability" in row for row in rows if row.endswith("/caps-demo")] == [True]
    run("ostree", f"--repo={made.state / 'repo'}", "fsck", "--quiet")


def test_same_tree_from_other_surroundings(made, directory):
    """Another place, zone, mask, language, host name and order of packages; no cache."""
    path = directory / "other"
    path.mkdir()
    other = Tree(path)
    shutil.copytree(made.state / "keys", other.state / "keys")
    other.keys["packages"] = made.keys["packages"][::-1]
    env = {**os.environ, "TZ": "Pacific/Chatham", "LC_ALL": "", "LANG": "de_DE.UTF-8",
           "HOME": "/nowhere", "USER": "x"}
    uts = ["unshare", "--uts", *([] if os.geteuid() == 0 else ["--map-root-user", "--map-auto"]),
           "sh", "-c", 'hostname elsewhere; exec "$@"', "sh"]
    other.make(*uts, "--", env=env, umask=0o077, cwd="/")
    assert made.listing() ^ other.listing() == set()
    assert made.contents() == other.contents()


def test_same_tree_as_an_ordinary_user(made, ordinary_user):
    """Root is not needed, and what it makes is no different."""
    home = pathlib.Path(f"/home/{ordinary_user}")
    for name in ("atoll", "atoll-rpm-transaction"):
        shutil.copy(ATOLL.with_name(name), home / name)
    shutil.copytree(rpmdistro.repository(), home / "distro")
    text = made.manifest.read_text().replace(str(rpmdistro.repository()), f"{home}/distro")
    (home / "tree.yaml").write_text(text)
    shutil.copytree(made.state / "keys", home / "state/keys")
    run("chown", "-R", f"{ordinary_user}:", home)
    run("su", ordinary_user, "-c", "cd && ./atoll compose tree.yaml --state state --quiet")
    shown = run("su", ordinary_user, "-c", "ostree --repo=state/repo ls -R -C -X test/rpm",
                cwd=home)
    assert set(shown.stdout.splitlines()) ^ made.listing() == set()


def test_verify(made):
    """Made again from what the commit says of itself: the same commit."""
    answer = json.loads(run(ATOLL, "verify", "--state", made.state, "--quiet", "--json",
                            "test/rpm").stdout)
    assert answer["reproduced"] is True and answer["differences"] == []


def test_nothing_changed(made):
    assert made.run("--", "--json", status=None).returncode in (0, 3)
    assert made.ostree("rev-parse", "test/rpm").strip() == made.answer["commit"]


def test_ids_stay(tree):
    """A user that comes first in a later tree takes no id from those that were there."""
    tree.make(packages=[*SMALL, "shadow-utils", "user-useradd"])
    first = tree.ostree("cat", "test/rpm", "/usr/etc/passwd")
    tree.make(packages=[*SMALL, "shadow-utils", "systemd", "user-sysusers", "user-useradd"])
    second = tree.ostree("cat", "test/rpm", "/usr/etc/passwd")
    line = next(line for line in first.splitlines() if line.startswith("svc-a:"))
    assert line in second.splitlines()
    assert "svc-b:" in second
    owner = line.split(":")[2]
    row = tree.ostree("ls", "test/rpm", "/usr/share/svc-a/own")
    assert row.split()[1] == owner


def test_tmpfiles_say_it_once(made):
    lines = made.ostree("cat", "test/rpm", "/usr/lib/tmpfiles.d/atoll-var.conf").splitlines()
    paths = [line.split()[1] for line in lines if line[0] in "dLC"]
    assert "/var/lib/rpm" in paths
    assert sorted(paths) == sorted(set(paths))


def test_scripts_are_remembered(tree):
    """With the same packages they need not run again; what else changes does not matter."""
    names = [*SMALL, "shadow-utils", "systemd", "user-useradd", "service-on"]
    tree.make(packages=names)
    first = tree.listing()
    answer = tree.make(packages=names, default_target="multi-user.target")
    assert scripts(answer) == 0
    assert {line for line in first ^ tree.listing() if line.startswith("-")} == set()
    tree.make(packages=names, default_target=None)
    assert scripts(tree.make("--", "--force")) == 0
    warm = tree.listing()
    assert scripts(tree.make(packages=names, documentation=False)) > 0
    shutil.rmtree(tree.state / "build")
    assert scripts(tree.make("--", "--force", packages=names, documentation=True)) > 0
    assert tree.listing() == warm == first


def test_only_files_are_a_transaction_of_their_own(tree):
    """Without one of them, nobody's scripts run again; and the tree is the one from nothing."""
    tree.make(recommends=False)
    fewer = [name for name in ALL if name != "weak-recommended"]
    assert 0 < scripts(tree.make(packages=fewer)) < len(ALL) / 2
    remembered = tree.listing()
    shutil.rmtree(tree.state / "build")
    assert scripts(tree.make("--", "--force")) == len(fewer)
    assert tree.listing() == remembered


def elf(bits, content):
    """The head of a program for machines of 32 or 64 bits; it is looked at and never runs."""
    ident = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    if bits == 32:
        head = struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0, 0, 0, 0, 52, 32, 0, 40, 0, 0)
    else:
        head = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0)
    return ident + head + content


def two_sizes(arch, bits, libdir):
    File = rpmdistro_packages.File
    return rpmdistro_packages.Package("two-sizes", [
        File("/usr/bin/two-sizes", elf(bits, b"tool"), mode="0755"),
        File(f"{libdir}/libtwo.so.1", elf(bits, b"library"), mode="0755"),
        File("/usr/share/two-sizes/same", "in both\n")], noarch=False, arch=arch)


def test_two_sizes_of_one_program(tree, tmp_path):
    """The program of 64 bits goes in, the package of 32 notes that it gave way: as with dnf."""
    packages = rpmdistro_packages.base() + [two_sizes("x86_64", 64, "/usr/lib64"),
                                            two_sizes("i686", 32, "/usr/lib")]
    repository = rpmdistro.repository(packages)
    names = [*SMALL, "rpm", "two-sizes.x86_64", "two-sizes.i686"]
    tree.make(packages=names, repos=[{"name": "distro", "type": "rpm", "trusted": True,
                                      "url": f"file://{repository}"}])
    root, other = tree.deploy(tmp_path / "root"), tmp_path / "dnf"
    other.mkdir()
    rpmdistro.dnf_install(other, repository, names)
    assert differences(root, other) == {}
    ask = ("-q", "two-sizes", "--qf", "[%{=ARCH} %{FILENAMES} %{FILESTATES}\n]")
    states = sorted(rpmdistro.rpm(root, *ask).splitlines())
    assert states == sorted(rpmdistro.rpm(other, *ask).splitlines())
    assert "i686 /usr/bin/two-sizes 4" in states and "x86_64 /usr/bin/two-sizes 0" in states
    assert rpmdistro.rpm(root, "-V", "two-sizes.x86_64", "--nomtime") == ""
    run(*rpmdistro.enter("rm", "-rf", "--one-file-system", root, other))


KERNEL = "6.1.0-1.test"


def module(source):
    """A kernel module as far as depmod looks: what it offers, and what it wants."""
    with tempfile.NamedTemporaryFile(suffix=".ko") as out:
        run("gcc", "-x", "c", "-c", "-o", out.name, "-", input=source)
        return pathlib.Path(out.name).read_bytes()


def kernel_packages():
    """A kernel as Fedora packages it: no index of its modules, scripts for one machine. What stands
    in for dracut is called as dracut is; test_rpm_host.py has the real ones."""
    File, folder, binary = (rpmdistro_packages.File, rpmdistro_packages.folder,
                            rpmdistro_packages.binary)
    modules = f"/usr/lib/modules/{KERNEL}"
    scripts = [(script, "echo ran >> /usr/share/kernel-scripts\nexit 1")
               for script in ("post", "posttrans")]
    dracut = ("set -e\nfor out; do :; done\ncd /\ntest -e usr/lib/modules/$KVER/modules.dep\n"
              "printf '%s\\n' usr usr/lib usr/lib/dracut usr/lib/dracut/dracut.conf |\n"
              "  cpio --quiet --reproducible -o -H newc > \"$out\"\n").replace("$KVER", KERNEL)
    offer = 'const char name[] __attribute__((section("__ksymtab_strings"))) = "failover";'
    return [
        rpmdistro_packages.Package("kernel-core", [
            File(f"{modules}/kernel/drivers/virtio/virtio_net.ko",
                 module("int failover(void); int start(void) { return failover(); }")),
            File(f"{modules}/kernel/net/core/failover.ko", module(offer)),
            File(f"{modules}/kernel/sound/snd.ko", module("int sound;")),
            folder("/usr/lib/modules"), folder(modules), folder(f"{modules}/kernel"),
            File(f"{modules}/vmlinuz", b"MZ" + bytes(1000)),
            File(f"{modules}/modules.order", ""), File(f"{modules}/modules.builtin", ""),
            File(f"{modules}/modules.dep", flags="%ghost", missing=True)],
            scripts, ["Requires: kmod"], noarch=False),
        rpmdistro_packages.Package("kmod", [
            binary("/usr/bin/kmod", "/usr/bin/kmod"),
            rpmdistro_packages.link("/usr/sbin/depmod", "../bin/kmod"),
            *(binary(path, path) for path in rpmdistro_packages.libraries("/usr/bin/kmod"))],
            noarch=False),
        rpmdistro_packages.Package("dracut", [
            rpmdistro_packages.program("/usr/bin/dracut", dracut), binary("/usr/bin/cpio", "/usr/bin/cpio"),
            folder("/usr/lib/dracut"), File("/usr/lib/dracut/dracut.conf", "x\n")], noarch=False)]


def test_kernel(tree):
    """It boots: kernel and initramfs where OSTree looks for them, and the commit says which."""
    repository = rpmdistro.repository(rpmdistro_packages.base() + kernel_packages())
    repos = [{"name": "distro", "type": "rpm", "trusted": True, "url": f"file://{repository}"}]
    names = [*SMALL, "kernel-core"]
    tree.keys["repos"] = repos
    assert tree.fail(packages=names) == (
        "the tree has a kernel but no dracut to make its initramfs: add ‘dracut’ and ‘ostree-boot’ "
        "to the manifest's packages\n")
    answer = tree.make(packages=[*names, "dracut"])
    assert answer["ref"] == "test/rpm"
    rows = tree.ostree("ls", "-R", "test/rpm", f"/usr/lib/modules/{KERNEL}").splitlines()
    names = {row.rpartition("/")[2] for row in rows}
    assert {"vmlinuz", "initramfs.img", "modules.dep", "modules.dep.bin"} <= names
    image = tree.directory / "initramfs.img"
    image.write_bytes(run("ostree", f"--repo={tree.state / 'repo'}", "cat", "test/rpm",
                          f"/usr/lib/modules/{KERNEL}/initramfs.img", text=False).stdout)
    listed = run("sh", "-c", 'zstd -dqc "$1" | cpio --quiet -t', "sh", image).stdout.split()
    assert listed == ["usr", "usr/lib", "usr/lib/dracut", "usr/lib/dracut/dracut.conf"]
    for key, value in (("ostree.linux", f"'{KERNEL}'"), ("ostree.bootable", "true")):
        assert tree.ostree("show", f"--print-metadata-key={key}", "test/rpm").strip() == value
    assert "kernel-scripts" not in tree.ostree("ls", "-R", "test/rpm", "/usr/share")
    assert {"virtio_net.ko", "failover.ko", "snd.ko"} <= names
    sizes = json.loads(run(ATOLL, "size", "test/rpm", "--state", tree.state, "--json").stdout)
    savings = {one["name"]: one["files"] for one in sizes["savings"]}
    assert savings["no kernel modules at all"] == len(
        [name for name in names if name.endswith(".ko")])
    tree.make(no_initramfs=True, kernel_modules="cloud")
    rows = tree.ostree("ls", "-R", "test/rpm", f"/usr/lib/modules/{KERNEL}")
    assert "/vmlinuz" in rows and "/initramfs.img" not in rows
    # what a virtual machine needs, what that needs, and an index of no more than that
    assert "/virtio_net.ko" in rows and "/failover.ko" in rows and "/snd.ko" not in rows
    assert tree.ostree("cat", "test/rpm", f"/usr/lib/modules/{KERNEL}/modules.dep").splitlines() == [
        "kernel/drivers/virtio/virtio_net.ko: kernel/net/core/failover.ko",
        "kernel/net/core/failover.ko:"]


def test_user_of_a_sysusers_file(tree):
    """As rpm does it from 4.19 on: no %pre is needed."""
    tree.make(packages=[*SMALL, "systemd", "user-implicit"])
    passwd = tree.ostree("cat", "test/rpm", "/usr/etc/passwd")
    uid = next(line for line in passwd.splitlines() if line.startswith("svc-c:")).split(":")[2]
    for path, mode in (("", "d00755"), ("/data", "-02640")):
        row = tree.ostree("ls", "-d", "test/rpm", f"/usr/share/svc-c{path}").split()
        assert (row[0], row[1]) == (mode, uid)


# What is wrong with a package, and what is said of it.
FAULTS = [
    ("bad-fail", "the %post script of package ‘bad-fail’ failed: exit status 7\n"
                 "  | what went wrong\n"),
    ("bad-pre", "the %pre script of package ‘bad-pre’ failed: exit status 3\n"
                "  | cannot begin\n"),
    ("bad-lua", 'the %post script of package ‘bad-lua’ failed: [string '
                '"%post(bad-lua-1.0-1.noarch)"]:1: lua says no\n'),
    ("bad-proc", "the %post script of package ‘bad-proc’ failed: exit status 9\n"),
    ("bad-user", "package ‘bad-user’ has files of the user ‘nobody-made-me’, which no "
                 "package's %pre script or sysusers.d file makes: add the package that does\n"),
]


@pytest.mark.parametrize("name, message", FAULTS, ids=[fault[0] for fault in FAULTS])
def test_fault(tree, name, message):
    assert tree.fail(packages=[*SMALL, name]) == message


@pytest.mark.parametrize("name", ["bad-loop", "bad-lua-loop"])
def test_script_that_does_not_end(tree, name):
    said = tree.fail("--", "--script-timeout", "4", packages=[*SMALL, name])
    assert said.startswith(f"the %post script of package ‘{name}’ did not end within 4 seconds")


def test_conflict(tree):
    said = tree.fail(packages=[*SMALL, "conflict-a", "conflict-b"])
    assert "‘conflict-a’" in said and "‘conflict-b’" in said and "‘/usr/share/conflict’" in said


def test_process_left_behind(tree):
    """It is killed with its script, and does nothing later."""
    tree.make(packages=[*SMALL, "bad-fork"])
    assert "late" not in tree.ostree("ls", "-R", "test/rpm", "/usr/share/bad-fork")


def test_no_way_out_of_the_tree(tree):
    tree.make(packages=[*SMALL, "bad-escape"])
