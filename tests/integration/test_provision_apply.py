# SPDX-License-Identifier: LGPL-2.1-or-later
"""Applying to scratch roots: killed at any step, run again, undone, secrets kept, bad input."""
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import time

import pytest

from conftest import run

CANARY = "CANARY7f3a"
SHADOW_HASH = "$6$saltsalt$CANARYHASHCANARYHASH"

CONFIG = f"""\
#cloud-config
users:
  - name: alice
    groups: [adm, extra]
    sudo: ALL=(ALL) ALL
    uid: 1500
    passwd: {SHADOW_HASH}
    ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAlice alice]
  - name: bob
    lock_passwd: false
    hashed_passwd: {SHADOW_HASH}
groups: [ops]
write_files:
  - {{path: /etc/new/deep/file, content: "{CANARY}\\n", permissions: '0600'}}
  - {{path: /etc/old, content: changed}}
  - {{path: /etc/appended, content: "two\\n", append: true}}
  - {{path: /srv/alice, content: x, owner: 'alice:alice', permissions: '0640'}}
  - {{path: /home/bob/late, content: y, owner: 'bob:bob', defer: true}}
hostname: web1
manage_etc_hosts: localhost
locale: C.UTF-8
ssh_pwauth: false
mounts: [[/dev/vdz, /data, ext4]]
ca_certs: {{trusted: ["-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----"]}}
resolv_conf: {{nameservers: [192.0.2.1]}}
manage_resolv_conf: true
ntp: {{servers: [192.0.2.2]}}
"""


class Root:
    def __init__(self, path, program):
        self.path = path
        self.program = program
        for directory in ("etc/skel", "run", "var/log", "home", "root", "srv"):
            (path / directory).mkdir(parents=True)
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        self.write("etc/group", "root:x:0:\nadm:x:4:\n")
        self.write("etc/shadow", "root:*:19000:0:99999:7:::\n")
        self.write("etc/gshadow", "root:*::\nadm:*::\n")
        self.write("etc/subuid", "")
        self.write("etc/subgid", "")
        self.write("etc/skel/.profile", "profile\n")
        self.write("etc/debian_version", "12\n")
        self.write("etc/old", "original\n")
        self.write("etc/appended", "one\n")
        self.write("etc/hosts", "127.0.0.1 localhost\n")
        self.write("etc/fstab", "# mine\n")

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def read(self, name):
        return (self.path / name).read_text()

    def instance(self, user_data, instance_id="i-1", **blobs):
        """What was found; `blobs` are vendor_data and vendor_data2."""
        directory = self.path / "run/atoll/provision"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "user-data").write_text(user_data)
        for name, text in blobs.items():
            (directory / name.replace("_", "-")).write_text(text)
        (directory / "instance.json").write_text(json.dumps(
            {"platform": "nocloud", "id": instance_id, "hostname": "host1",
             "password": CANARY + "-platform", "ssh-keys": []}))
        for file in directory.iterdir():
            file.chmod(0o600)

    def __call__(self, command, *extra, status=0):
        return run(self.program, command, "--root", self.path, *extra, status=status)

    def records(self):
        return json.loads(self.read("run/atoll/provision/result.json"))["records"]

    def reboot(self):
        shutil.rmtree(self.path / "run")
        (self.path / "run").mkdir()


def tree(path, state=False):
    """The root without what tells of time: logs, marks' contents, days in shadow."""
    found = {}
    for directory, names, files in os.walk(path):
        for name in names + files:
            full = pathlib.Path(directory, name)
            inside = str(full.relative_to(path))
            st = full.lstat()
            if not state and inside.startswith(("run", "var/log", "var/lib")):
                continue
            if inside in ("etc/.pwd.lock",):
                continue
            content = os.readlink(full) if stat.S_ISLNK(st.st_mode) else ""
            if stat.S_ISREG(st.st_mode):
                content = full.read_text()
            found[inside] = (stat.filemode(st.st_mode), st.st_uid, st.st_gid, content)
    return found


@pytest.fixture
def make_root(tmp_path, build):
    count = iter(range(1000))

    def make():
        path = tmp_path / f"root-{next(count)}"
        path.mkdir()
        return Root(path, build / "src/programs/atoll-provision")

    if os.geteuid() != 0:
        pytest.skip("files of other owners need root")
    return make


def test_apply_remember_undo(make_root):
    """One life of a host: applied, booted again, changed, reverted, cleaned."""
    root = make_root()
    before = tree(root.path)
    root.instance(CONFIG)
    root("apply")
    first = tree(root.path)
    assert root.read("etc/appended") == "one\ntwo\n"
    assert first["srv/alice"][:3] == ("-rw-r-----", 1500, 1500)
    assert first["home/bob/late"][1] == first["home/bob"][1] != 0
    assert "web1" in root.read("etc/hostname") and "127.0.1.1\tweb1" in root.read("etc/hosts")
    assert "comment=cloudconfig" in root.read("etc/fstab")
    assert {record["outcome"] for record in root.records()} == {"applied"}
    assert all("line" in record for record in root.records() if record["key"] != "password")
    assert "status: done" in root("status", "--wait", "--long").stdout
    assert root("query", "v1.instance_id").stdout == "i-1\n"

    # the next boot of the same instance changes nothing; a person's edits stay
    root.write("etc/hostname", "mine\n")
    root.reboot()
    root.instance(CONFIG)
    root("apply")
    assert root.read("etc/appended") == "one\ntwo\n"
    assert root.read("etc/hostname") == "mine\n"
    root.write("etc/hostname", "web1\n")
    assert tree(root.path) == first

    # changed user-data, applied again: what is no longer wanted goes
    root.instance(CONFIG.replace("/etc/new/deep/file", "/etc/other"))
    root("apply", "--again")
    assert not (root.path / "etc/new").exists()
    assert root.read("etc/other") == CANARY + "\n"
    assert root.read("etc/appended") == "one\ntwo\n"

    listed = root("list").stdout
    assert "made      /etc/other" in listed and "changed   /etc/old" in listed
    assert "made user alice" in " ".join(listed.split())
    assert "/etc/other: removed" in root("revert", "--dry-run").stdout
    assert (root.path / "etc/other").exists()
    root.write("etc/hostname", "mine again\n")
    assert "/etc/hostname: kept: changed since" in root("revert").stdout
    root.write("etc/hostname", "web1\n")
    root("revert")
    assert tree(root.path) == before
    root("revert", status=3)

    root("clean", "--logs")
    assert not (root.path / "var/lib/cloud/instance").exists()
    assert not (root.path / "var/log/cloud-init.log").exists()
    root.instance(CONFIG)
    root("apply")
    assert tree(root.path) == first


def test_killed_anywhere(make_root):
    """Killed at a random moment, again and again, and then let through: the same root."""
    plain = make_root()
    plain.instance(CONFIG)
    start = time.monotonic()
    plain("apply")
    whole = time.monotonic() - start
    wanted = tree(plain.path)
    seeded = random.Random(5)
    kills = 0
    for _ in range(8):
        root = make_root()
        root.instance(CONFIG)
        for _ in range(4):
            process = subprocess.Popen([root.program, "apply", "--root", root.path],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=seeded.uniform(0.1, 1) * whole)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
        root("apply")
        left = tree(root.path)
        # a temporary file is all that a kill may leave
        left = {name: value for name, value in left.items() if ".atoll-provision-" not in name}
        assert left == wanted
        root("revert")
    assert kills > 0


def test_later_boots_have_nothing_to_do(make_root, build):
    """Said by a program that only compares facts; whatever changes, there is something to do."""
    root = make_root()
    due = build / "src/programs/atoll-provision-due"
    root.write("etc/cloud/cloud.cfg.d/90.cfg", "datasource_list: [NoCloud]\n")
    root.write("sys/class/dmi/id/product_uuid", "11111111-2222-3333-4444-555555555555\n")
    root.write("sys/class/net/eth0/address", "52:54:00:12:34:56\n")
    (root.path / "sys/class/net/eth0/device").mkdir()
    root.write("sys/class/block/vdb/size", "8\n")
    root.write("dev/vdb", "\0" * 4096)
    root.write("proc/cmdline", "ro quiet\n")
    config = "#cloud-config\nwrite_files: [{path: /etc/new, content: x}]\n"

    def boot():
        root.reboot()
        return run(due, root.path, status=None).returncode

    assert boot() == 0  # nothing has been done yet
    root.instance(config)
    root("apply")
    assert run(due, root.path).returncode == 0  # this boot is the first
    first = tree(root.path / "run", state=True)
    for name in ("provision", "cloud-init"):
        kept = root.path / "var/lib/atoll/provision/run" / name
        assert kept.stat().st_mode & 0o777 == 0o700
    assert boot() == 1
    assert (root.path / "run/atoll/provision/settled").exists()
    assert set(first) <= set(tree(root.path / "run", state=True))
    status = run(root.program, "status", "--root", root.path, "--long", status=0).stdout
    assert "status: done" in status
    assert (root.path / "run/cloud-init/instance-data.json").stat().st_mode & 0o777 == 0o600
    assert json.loads(root.read("run/cloud-init/status.json"))["v1"]["modules-final"]["finished"]

    # before udev is at its end a card has not got its name, and a disk may still come
    cards, blocks = root.path / "sys/class/net", root.path / "sys/class/block"
    bin_dir = root.path.parent / "bin"
    bin_dir.mkdir()
    env = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}"}
    for queue, early, meanwhile, status in (
            (False, True, "true", 0), (False, True, f"mv {cards}/early {cards}/eth0", 1),
            (True, True, f"mv {cards}/early {cards}/eth0", 1), (True, False, "true", 1),
            (True, False, f"mkdir {blocks}/vdc; echo 8 > {blocks}/vdc/size", 0)):
        root.reboot()
        root.write("run/udev/control", "")
        if queue:
            root.write("run/udev/queue", "")
        if early and (cards / "eth0").exists():
            (cards / "eth0").rename(cards / "early")
        (bin_dir / "udevadm").write_text(
            f"#!/bin/sh\n[ \"$1\" = settle ] && {{ {meanwhile}; }} && : > {bin_dir}/asked\n")
        (bin_dir / "udevadm").chmod(0o755)
        assert run(due, root.path, status=None, env=env).returncode == status, meanwhile
        (bin_dir / "asked").unlink()
    shutil.rmtree(blocks / "vdc")
    shutil.rmtree(root.path / "run/udev")

    marks = root.path / "var/lib/cloud/instances/i-1/sem"
    changes = {
        "another machine": lambda: root.write("sys/class/dmi/id/product_uuid", "other\n"),
        "another kernel": lambda: root.write("proc/cmdline", "ro\n"),
        "another card": lambda: root.write("sys/class/net/eth0/address", "52:54:00:00:00:01\n"),
        "a larger disk": lambda: root.write("sys/class/block/vdb/size", "16\n"),
        "a labelled disk": lambda: root.write("dev/vdb", "\0" * 43 + "CIDATA     " + "\0" * 4000),
        "the owner's settings": lambda: root.write("etc/cloud/cloud.cfg.d/90.cfg", "{}\n"),
        "one setting more": lambda: root.write("etc/cloud/cloud.cfg.d/91.cfg", "{}\n"),
        "switched off": lambda: root.write("etc/cloud/cloud-init.disabled", ""),
        "a mark taken away": lambda: marks.joinpath("config_write_files").unlink(),
        "a script for each boot": lambda: root.write("var/lib/cloud/scripts/per-boot/x", "#!/bin/sh\n"),
        "a seed": lambda: root.write("var/lib/cloud/seed/nocloud/meta-data", "instance-id: x\n"),
        "a key to trust": lambda: root.write("etc/atoll/provision/trusted.ed25519.d/k", "x\n"),
        "facts cut short": lambda: root.write(
            "var/lib/atoll/provision/facts", root.read("var/lib/atoll/provision/facts")[:-5]),
    }
    kept = root.path.parent / "kept"
    run("cp", "-a", root.path, kept)
    for what, change in changes.items():
        run("rm", "-rf", root.path)
        run("cp", "-a", kept, root.path)
        # copies have other inodes: what is done now is what counts
        root.instance(config)
        root("apply")
        assert boot() == 1, what
        change()
        assert boot() == 0, what


@pytest.mark.parametrize("more, left", [
    ("password: p\nwrite_files: [{path: /etc/new, content: x}]\n", False),
    ("timezone: Europe/London\n", True)])
def test_a_stage_with_nothing_to_do(make_root, more, left):
    """Is over with the one before: its unit is not started."""
    root = make_root()
    root.write("usr/share/zoneinfo/Europe/London", "TZif2")
    root.instance("#cloud-config\nuser: {name: ada}\n" + more)
    root("apply", "--stage", "local")
    root("apply", "--stage", "network")
    assert (root.path / "run/atoll/provision/config-done").exists() != left
    stages = json.loads(root.read("run/cloud-init/status.json"))["v1"]
    assert bool(stages["modules-config"]["finished"]) != left
    root("apply", "--stage", "config")
    root("apply", "--stage", "final")
    assert "status: done" in root("status").stdout
    assert (root.path / "etc/localtime").is_symlink() == left
    marks = {path.name for path in (root.path / "var/lib/cloud/instances/i-1/sem").iterdir()}
    assert "config_set_passwords" in marks and ("config_timezone" in marks) == left


def test_secrets_stay_secret(make_root):
    """No password, hash or private content in a log or in a file that others can read."""
    root = make_root()
    root.instance(CONFIG.replace("groups: [ops]", f"""groups: [ops]
chpasswd: {{users: [{{name: nobody-there, password: {CANARY}, type: text}},
                    {{name: alice, password: {CANARY}, type: text}}]}}
ssh_keys: {{ed25519_private: "{CANARY}", ed25519_public: "ssh-ed25519 AAAA x"}}
runcmd: ["echo {CANARY}"]"""))
    result = root("apply", status=1)
    assert CANARY not in result.stdout + result.stderr
    for directory, _, files in os.walk(root.path):
        for name in files:
            path = pathlib.Path(directory, name)
            if not path.is_symlink() and CANARY in path.read_text(errors="replace"):
                assert path.stat().st_mode & 0o077 == 0, path
                assert "log" not in path.parts, path
    status = root("status", "--long", status=1).stdout + root("status", "--json", status=1).stdout
    assert CANARY not in status
    assert "no user ‘nobody-there’ exists" in status


def test_bad_input(make_root):
    """What is refused is said with its place, and nothing of it is done."""
    root = make_root()
    outside = root.path.parent / "outside"
    outside.mkdir()
    (root.path / "out").symlink_to(outside)
    (root.path / "tmp").mkdir()
    (root.path / "tmp/planted").symlink_to("/etc")
    os.lchown(root.path / "tmp/planted", 1234, 1234)
    passwd = root.read("etc/passwd")
    root.instance("""\
#cloud-config
users: [{name: ../../etc}, {name: "a:b"}]
write_files:
  - {path: /out/x, content: x}
  - {path: /proc/sys/kernel/hostname, content: x}
  - {path: /tmp/planted/passwd, content: x}
  - {path: /etc/fine, content: x}
packages: [nginx]
""")
    root("apply", status=1)
    outcomes = {record["key"]: record for record in root.records()}
    assert not list(outside.iterdir())
    assert root.read("etc/fine") == "x"
    assert root.read("etc/passwd") == passwd
    assert "the kernel's" in outcomes["write_files[1]"]["message"]
    assert "1234" in outcomes["write_files[2]"]["message"]
    assert (outcomes["write_files[2]"]["line"], outcomes["write_files[2]"]["source"]) == (
        6, "user-data")
    assert outcomes["packages"]["outcome"] == "not-applicable"
    root("status", status=1)

    root = make_root()
    root.instance("#cloud-config\npackages: [nginx]\nusers: []\n")
    root("apply")
    assert "degraded" in root("status", status=2).stdout
    root.write("etc/atoll/provision.d/x.yaml", "packages: fail\n")
    root("apply", "--again", status=1)

    for name in ("../../etc", "a/b", "", ".."):
        root = make_root()
        root.instance("#cloud-config\nhostname: x\n", name)
        result = root("apply", status=1)
        assert "id" in result.stderr
        assert not (root.path / "etc/hostname").exists()


def test_full_disk(make_root, tmp_path):
    """A disk that is full is said; with room again the next run finishes."""
    root = make_root()
    small = root.path / "srv"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small],
                      check=False).returncode != 0:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        root.instance("#cloud-config\nusers: []\nwrite_files:\n"
                      f"  - {{path: /srv/big, content: {'x' * 100000}}}\n")
        result = root("apply", status=1)
        assert "No space left" in result.stderr
        assert not list(small.iterdir())
        run("mount", "-o", "remount,size=1m", small)
        root("apply")
        assert (small / "big").stat().st_size == 100000
    finally:
        run("umount", small)


UNITS = {
    "plain.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    "many.service": "[Install]\nWantedBy=multi-user.target \\\n  graphical.target\n"
                    "; WantedBy=no.target\nRequiredBy=a.target\nRequiredBy=b.target\n"
                    "Alias=other.service more.service\nAlso=plain.service\n",
    "at@.service": "[Install]\nWantedBy=getty.target %i.target\nDefaultInstance=usual\n"
                   "Alias=al@%i.service\n",
    "reset.service": "[Install]\nWantedBy=a.target\nWantedBy=\nWantedBy=b.target\n"
                     "[Unit]\nWantedBy=c.target\n",
    "drop.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=first.target\n",
    "data.mount": "[Mount]\nWhat=x\n[Install]\nRequiredBy=local-fs.target\n",
}
ENABLED = ["many.service", "at@one.service", "at@.service", "reset.service", "drop.service",
           "data.mount"]


def links_of(root):
    top = root / "etc/systemd/system"
    return {str(path.relative_to(top)): os.readlink(path)
            for path in sorted(top.rglob("*")) if path.is_symlink()}


def test_enabled_units(make_root, tmp_path):
    """The links are those that systemctl makes."""
    if shutil.which("systemctl") is None:
        pytest.skip("systemctl is not installed")
    wanted = tmp_path / "wanted"
    dropin = "[Install]\nWantedBy=dropped.target\n"
    units = [{"name": name, "contents": text} for name, text in UNITS.items()]
    for name, text in {**UNITS, "drop.service.d/10.conf": dropin}.items():
        path = wanted / "etc/systemd/system" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run("systemctl", f"--root={wanted}", "enable", *ENABLED)
    units += [{"name": name, "enabled": True} for name in ENABLED if name not in UNITS]
    for unit in units:
        if unit["name"] in ENABLED:
            unit["enabled"] = True
        if unit["name"] == "drop.service":
            unit["dropins"] = [{"name": "10.conf", "contents": dropin}]

    root = make_root()
    value = {"ignition": {"version": "3.3.0"}, "systemd": {"units": units}}
    root.instance(json.dumps(value))
    root("apply")
    assert links_of(root.path) == links_of(wanted)
    # the next run finds it so
    root("apply", "--again")
    assert links_of(root.path) == links_of(wanted)
    # what is disabled goes, what there is not is said, and a way out is none
    units += [{"name": "gone.service", "enabled": True},
              {"name": "bad.service", "enabled": True,
               "contents": "[Install]\nWantedBy=../../x.target\n"}]
    for unit in units:
        if unit["name"] in ("many.service", "data.mount"):
            unit["enabled"] = False
    root.instance(json.dumps(value), "i-2")
    root("apply", status=1)
    outcomes = {record["key"]: record["outcome"] for record in root.records()
                if record.get("key", "").startswith("systemd.units")}
    assert [outcome for outcome in outcomes.values()
            if outcome not in ("applied", "unchanged")] == ["not-applicable", "failed"]
    links = links_of(root.path)
    assert not [path for path in links if path.endswith(("/many.service", "/data.mount"))]
    assert "multi-user.target.wants/plain.service" in links


def launch_part(name, header=None, payload=None):
    lines = ["--==X", "Content-Type: text/cloud-config"]
    lines += [f"Launch-Index: {header}"] if header is not None else []
    lines += ["Merge-Type: list(append)+dict(recurse_list)", "", "#cloud-config"]
    lines += [f"launch-index: {payload}"] if payload is not None else []
    return "\n".join(lines + [f"write_files: [{{path: /srv/{name}, content: x}}]", ""])


@pytest.mark.parametrize("meta, wanted", [
    ({}, "abcdefg"), ({"launch-index": 0}, "adf"), ({"launch-index": 1}, "abe"),
    ({"ami-launch-index": "1"}, "abe"), ({"launch-index": "x"}, "abcdefg")])
def test_launch_index(make_root, meta, wanted):
    """A part that is for another of the instances that were started together is left out, as
    cloud-init's filter does: a header counts more than what is in the part."""
    root = make_root()
    root.instance("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"==X\"\n\n" + "".join([
        launch_part("a"), launch_part("b", 1), launch_part("c", 2), launch_part("d", payload=0),
        launch_part("e", 1, 0), launch_part("f", 0, 1), launch_part("g", "none")]) + "--==X--\n")
    path = root.path / "run/atoll/provision/instance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "meta-data": meta}))
    root("apply")
    assert "".join(sorted(os.listdir(root.path / "srv"))) == wanted
    left_out = [record for record in root.records() if "launch index" in record.get("message", "")]
    assert len(left_out) == 7 - len(wanted)


def test_locale(make_root):
    """LANG names what the image has: built in, as a directory, or in the archive."""
    root = make_root()
    root.write("usr/lib/locale/de_DE.utf8/LC_CTYPE", "")
    root.write("usr/lib/locale/locale-archive", "...\0en_US.utf8\0fr_FR\0...")
    for number, (name, there) in enumerate((
            ("C.UTF-8", True), ("de_DE.UTF-8", True), ("en_US.utf-8", True), ("fr_FR", True),
            ("de_DE", False), ("en_US", False), ("sr_RS.UTF-8@latin", False))):
        (root.path / "etc/default/locale").unlink(missing_ok=True)
        root.instance(f"#cloud-config\nlocale: {name}\n", f"i-{number}")
        root("apply")
        assert (root.path / "etc/default/locale").exists() == there, name
        outcomes = [record["outcome"] for record in root.records() if record.get("key") == "locale"]
        assert outcomes == ["applied" if there else "not-applicable"], name


VENDOR = """#cloud-config
timezone: Europe/London
locale: C.UTF-8
write_files: [{path: /etc/vendor, content: theirs}]
"""
VENDOR2 = "#cloud-config\nhostname: vendors\nntp: {servers: [192.0.2.9]}\n"


@pytest.mark.parametrize("more, has", [
    ("", {"vendor_data", "vendor_data2"}),
    ("vendor_data: {enabled: false}\n", {"vendor_data2"}),
    ("vendor_data2: {enabled: false}\n", {"vendor_data"})])
def test_vendor_data(make_root, more, has):
    """What a platform's owner says counts where the user says nothing, and can be refused."""
    root = make_root()
    root.write("usr/share/zoneinfo/Europe/London", "TZif2")
    root.write("usr/share/zoneinfo/Europe/Oslo", "TZif2")
    root.instance("#cloud-config\ntimezone: Europe/Oslo\n" + more, vendor_data=VENDOR,
                  vendor_data2=VENDOR2)
    root("apply")
    assert os.readlink(root.path / "etc/localtime").endswith("/Europe/Oslo")
    assert (root.path / "etc/vendor").exists() == ("vendor_data" in has)
    name = root.read("etc/hostname")
    assert name == ("vendors\n" if "vendor_data2" in has else "host1\n")
    sources = {record["source"] for record in root.records() if record.get("source")}
    assert ("vendor-data" in sources) == ("vendor_data" in has), sources
    assert ("vendor-data2" in sources) == ("vendor_data2" in has), sources


@pytest.mark.parametrize("trust", [False, True])
def test_another_instance_id(make_root, trust):
    """A host whose disk is started as another instance is set up anew, unless its image trusts the
    instance that it has."""
    root = make_root()
    if trust:
        root.write("etc/atoll/provision.d/10-trust.yaml", "trust_instance: true\n")
    root.instance("#cloud-config\nwrite_files: [{path: /etc/mark, content: x, append: true}]\n")
    root("apply")
    root.reboot()
    root.instance("#cloud-config\nwrite_files: [{path: /etc/mark, content: y, append: true}]\n",
                  instance_id="i-2")
    root("apply")
    assert root.read("etc/mark") == ("x" if trust else "xy")
    assert os.readlink(root.path / "var/lib/cloud/instance").endswith("i-1" if trust else "i-2")


def test_as_cloud_init(make_root, tmp_path):
    """What other programs call as cloud-init, by a link to the one program."""
    root = make_root()
    link = tmp_path / "cloud-init"
    link.symlink_to(root.program)
    assert run(link, "--version").stdout.startswith("cloud-init ")
    root.instance("#cloud-config\nhostname: web1\n")
    root("apply")
    assert "status: done" in run(link, "status", "--root", root.path).stdout
    assert run(link, "query", "--root", root.path, "v1.instance_id").stdout == "i-1\n"
    config = tmp_path / "config"
    config.write_text("#cloud-config\nhostname: [1]\n")
    wrong = run(link, "schema", "-c", config, status=1)
    assert "hostname" in wrong.stdout + wrong.stderr
    config.write_text("#cloud-config\nhostname: web1\n")
    run(link, "schema", f"--config-file={config}")
    assert "services" in run(link, "init").stderr
    assert run(link, "frobnicate", status=2).stderr
