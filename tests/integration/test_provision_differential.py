# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same user-data through Debian's cloud-init and through atoll-provision: the same root.

Both work on copies of one Debian root, which is made once and kept in the build directory. What
differs stands in EXPECTED, each line with how it differs and the reason.
"""
import fnmatch
import gzip
import base64
import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess

import pytest

from conftest import BUILD, run

PACKAGES = "cloud-init,openssh-server,sudo,systemd,locales,tzdata"
GZIPPED = base64.b64encode(gzip.compress(b"hello world\n", mtime=0)).decode()
META_DATA = """\
instance-id: i-diff
local-hostname: host1
public-keys:
  - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlat platform@x
"""

RICH = f"""\
#cloud-config
groups:
  - cloud-users
  - staff2
  - ops: [root]
users:
  - default
  - name: alice
    gecos: Alice A.
    groups: [adm, newgrp]
    shell: /bin/bash
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    ssh_authorized_keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAlice alice@x
  - name: carol
    primary_group: staff2
    uid: 2001
    homedir: /srv/carol
    lock_passwd: false
    passwd: $6$rounds=4096$saltsalt$abc
    expiredate: '2032-09-01'
    inactive: '5'
  - name: svc
    system: true
  - name: nohome
    no_create_home: true
    no_user_group: true
ssh_authorized_keys:
  - ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAATop top@x
write_files:
  - path: /etc/motd2
    content: |
      hello
  - path: /opt/app/run.sh
    permissions: '0755'
    encoding: b64
    content: IyEvYmluL3NoCmVjaG8gaGkK
  - path: /etc/gz
    encoding: gz+b64
    content: {GZIPPED}
    permissions: 0640
    owner: root:adm
  - path: /etc/motd2
    content: "more\\n"
    append: true
  - path: /home/alice/.config/x
    content: x
    owner: alice:alice
    permissions: '0600'
    defer: true
  - path: /etc/through
    content: y
hostname: web1
fqdn: web1.example.org
manage_etc_hosts: true
timezone: Europe/Berlin
chpasswd:
  expire: false
  users:
    - {{name: alice, password: CANARY-plain, type: text}}
mounts:
  - [/dev/vdz, /data, ext4, "defaults,nofail", "0", "2"]
  - [LABEL=scratch, /scratch, ext4]
bootcmd:
  - echo boot $INSTANCE_ID > /var/boot-ran
runcmd:
  - echo one > /var/run-one
  - [sh, -c, 'echo "two words" > "/var/run two"']
  - cd /var; pwd > /var/run-pwd
ssh_genkeytypes: [ed25519]
ssh_pwauth: false
final_message: done
"""

OTHER = """\
#cloud-config
user: {name: erin, sudo: 'ALL=(ALL) ALL', lock_passwd: true}
password: CANARY-erin
disable_root: false
ssh_deletekeys: false
ssh_keys:
  ed25519_public: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHost host
  ed25519_private: |
    -----BEGIN OPENSSH PRIVATE KEY-----
    CANARY-hostkey
    -----END OPENSSH PRIVATE KEY-----
manage_etc_hosts: localhost
preserve_hostname: false
locale: C.UTF-8
keyboard: {layout: de, variant: nodeadkeys}
ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIErin erin@x]
write_files:
  - {path: /usr/local/bin/tool, content: "#!/bin/sh\\n", permissions: '4755'}
  - {path: /etc/link-target, content: new}
runcmd:
  - [touch, "/var/it's here"]
"""

# path, or pattern: how it may differ, and the reason. THEIRS and OURS: only one side has it.
THEIRS, OURS, CONTENT, MODE, OWNER = "theirs", "ours", "content", "mode", "owner"
STATE = "/var/lib/cloud/instances/i-diff"
EXPECTED = {
    "/run/atoll*": ({OURS}, "state of the boot"),
    "/run/cloud-init*": ({OURS}, "cloud-init's /run was a tmpfs of its container"),
    "/etc/passwd-": ({CONTENT}, "a backup by useradd, which we do not run"),
    "/etc/group-": ({CONTENT}, "a backup"),
    "/etc/shadow-": ({CONTENT}, "a backup"),
    "/etc/gshadow-": ({CONTENT}, "a backup"),
    "/etc/subuid-": ({THEIRS}, "a backup"),
    "/etc/subgid-": ({THEIRS}, "a backup"),
    "/etc/sudoers.d/90-cloud-init-users": ({CONTENT}, "a header with its version and the date"),
    "/etc/ssh/ssh_host_ed25519_key": ({CONTENT}, "keys are made anew each time"),
    "/etc/ssh/ssh_host_ed25519_key.pub": ({CONTENT, MODE}, "as the key; one that is given is for "
                                          "everybody to read here"),
    "/etc/fstab": ({CONTENT}, "the mounts wait for our service, not for cloud-init.service"),
    "/etc/default/keyboard": ({OURS}, "its module fails in a container"),
    "/srv/carol/.ssh*": ({THEIRS}, "an empty file, made while it looks for keys to print "
                         "fingerprints of"),
    "/usr/local/bin/tool": ({MODE}, "it sets the mode before the owner, which takes set-id bits "
                            "away again"),
    "/var/cache/debconf/*": ({CONTENT}, "it configures the packages of GRUB"),
    "/var/lib/atoll*": ({OURS}, "our manifest, and what the next boots are told by"),
    "/var/lib/cloud/data/previous-datasource": ({THEIRS}, "a name of one of its classes"),
    "/var/lib/cloud/data/previous-instance-id": ({CONTENT}, "to its second stage the first one's "
                                                 "is the previous"),
    "/var/lib/cloud/data/python-version": ({THEIRS}, "there is none"),
    "/var/lib/cloud/data/result.json": ({CONTENT}, "the datasource's name, and what failed there"),
    "/var/lib/cloud/data/status.json": ({CONTENT}, "times"),
    "/var/lib/cloud/data/set-hostname": ({CONTENT}, "a line's end after the last line"),
    "/var/lib/cloud/handlers": ({THEIRS}, "part handlers are unsupported"),
    f"{STATE}/boot-finished": ({CONTENT}, "the uptime and the date"),
    f"{STATE}/cloud-config.txt": ({CONTENT}, "YAML there, JSON here"),
    f"{STATE}/datasource": ({CONTENT}, "a name of one of its classes"),
    f"{STATE}/obj.pkl": ({THEIRS}, "a Python object"),
    f"{STATE}/*.txt.i": ({THEIRS}, "its MIME text of all parts"),
    f"{STATE}/sem/config_*": ({THEIRS, OURS, CONTENT}, "a process's number and the time; we have "
                              "no marks of modules that we have not, and of all that we have"),
    f"{STATE}/sem/consume_data": ({THEIRS}, "a step that we have not"),
    "/var/lib/cloud/sem/config_scripts_per_once.once": ({CONTENT}, "as those of an instance"),
    "/var/log/cloud-init.log": ({CONTENT, MODE, OWNER}, "words of its own; ours is not for all"),
    "/var/log/cloud-init-output.log": ({CONTENT, OWNER}, "its modules print too; no group adm"),
}


def kinds(theirs, ours):
    """How two entries of walk() differ."""
    if theirs is None or ours is None:
        return {OURS if theirs is None else THEIRS}
    found = {CONTENT} if theirs[3] != ours[3] else set()
    found |= {MODE} if theirs[0] != ours[0] else set()
    return found | ({OWNER} if theirs[1:3] != ours[1:3] else set())


def is_expected(path, theirs, ours):
    return any(fnmatch.fnmatch(path, pattern) and kinds(theirs, ours) <= allowed
               for pattern, (allowed, _) in EXPECTED.items())


def make_debian_root():
    """A tar of a Debian root with cloud-init, made once a build directory."""
    tar = BUILD / "provision-debian-12.tar"
    if not tar.exists():
        partial = BUILD / "provision-debian-12.part.tar"
        run("mmdebstrap", "--variant=minbase", "--include", PACKAGES,
            "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--dpkgopt=path-exclude=/usr/share/man/*", "bookworm", partial, timeout=600)
        partial.rename(tar)
    return tar


@pytest.fixture(scope="session")
def debian_root():
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        pytest.skip("making a Debian root needs root and mmdebstrap")
    return make_debian_root()


def unpack(tar, directory, user_data, prepare):
    directory.mkdir()
    run("tar", "--exclude=./var/cache/apt/*", "-xf", tar, "-C", directory)
    for key in directory.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    seed = directory / "var/lib/cloud/seed/nocloud"
    seed.mkdir(parents=True)
    (seed / "user-data").write_text(user_data)
    (seed / "meta-data").write_text(META_DATA)
    prepare(directory)


def by_cloud_init(root):
    run("bwrap", "--bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run",
        "--unshare-uts", "--unshare-pid", "--unshare-net", "--setenv", "PATH",
        "/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c",
        "cloud-init init --local; cloud-init init; cloud-init modules --mode config; "
        "cloud-init modules --mode final", timeout=300)


def write_instance(root, user_data):
    directory = root / "run/atoll/provision"
    directory.mkdir(parents=True)
    (directory / "user-data").write_text(user_data)
    (directory / "instance.json").write_text(json.dumps({
        "platform": "nocloud", "id": "i-diff", "hostname": "host1",
        "ssh-keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlat platform@x"]}))


def walk(root):
    """What is at each path: type, mode, owner, content."""
    found = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = pathlib.Path(directory, name)
            st = path.lstat()
            inside = "/" + str(path.relative_to(root))
            content = ""
            if stat.S_ISLNK(st.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(st.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            found[inside] = (stat.filemode(st.st_mode), st.st_uid, st.st_gid, content)
    return found


def accounts(root):
    """The user database by name, without salts and days."""
    found = {}
    for file in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid"):
        for line in (root / "etc" / file).read_text().splitlines():
            fields = line.split(":")
            if file == "shadow":
                fields[2] = "DAY" if fields[2] not in ("", "0") else fields[2]
                if fields[1].lstrip("!").startswith(("$y$", "$6$")):
                    locked = fields[1][:len(fields[1]) - len(fields[1].lstrip("!"))]
                    fields[1] = locked + fields[1].lstrip("!")[:3]
            if file in ("group", "gshadow"):
                fields[3] = ",".join(sorted(fields[3].split(",")))
            found[f"{{{file}:{fields[0]}}}"] = ":".join(fields)
    return found


def differences(theirs, ours):
    return sorted(path for path in theirs.keys() | ours.keys()
                  if theirs.get(path) != ours.get(path))


DATABASE = {"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid",
            "/etc/subgid"}


def sorted_keys(root, found):
    """authorized_keys come out of a Python set: in any order; in hosts it changes all spaces."""
    for path in list(found):
        if path == "/etc/hosts":
            lines = (root / "etc/hosts").read_text().splitlines()
            found[path] = found[path][:3] + ([line.split() for line in lines if line.strip()],)
        if path.endswith("/authorized_keys"):
            lines = sorted((root / path[1:]).read_text().splitlines())
            found[path] = found[path][:3] + (tuple(lines),)


@pytest.mark.parametrize("user_data", [RICH, OTHER], ids=["rich", "other"])
def test_like_cloud_init(debian_root, build, tmp_path, user_data):
    def prepare(root):
        (root / "etc/link-target").symlink_to("linked")
        (root / "etc/linked").write_text("old")
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n")

    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    unpack(debian_root, theirs, user_data, prepare)
    unpack(debian_root, ours, user_data, prepare)
    before = walk(ours)
    by_cloud_init(theirs)
    write_instance(ours, user_data)
    run(build / "src/programs/atoll-provision", "apply", "--root", ours)
    trees = walk(theirs), walk(ours)
    sorted_keys(theirs, trees[0])
    sorted_keys(ours, trees[1])
    found = [path for path in differences(*trees) if path not in DATABASE]
    assert trees[1] != before
    found += differences(accounts(theirs), accounts(ours))
    left = [path for path in found
            if not is_expected(path, trees[0].get(path), trees[1].get(path))]
    text = "\n".join(f"{path}\n  theirs {trees[0].get(path) or accounts(theirs).get(path)}\n"
                     f"  ours   {trees[1].get(path) or accounts(ours).get(path)}" for path in left)
    assert not left, text
