# SPDX-License-Identifier: LGPL-2.1-or-later
"""Applying to the root that runs, as in a container: what calls other programs. Real are the shell,
systemd-creds and the server that is phoned; stand-ins write down how they are called."""
import base64
import gzip
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import urllib.parse

import pytest

from conftest import run
from metadata import KEY
from test_provision_apply import Root
from test_provision_datasources import CASES, make_tree

CAP_SYS_RESOURCE = 24

# it notes its arguments, one a line, and what its last one is a file of
STAND_IN = """#!/bin/sh
for word; do echo "$word"; done > "/calls/${0##*/}"
[ ! -f "$word" ] || cat "$word" > "/calls/${0##*/}.file"
"""


class Container(Root):
    """A scratch root that is `/` to what runs in it; /usr is this machine's."""

    def __init__(self, path, program):
        path.mkdir()
        super().__init__(path, program)
        for name in ("usr", "dev", "proc", "tmp", "calls", "stand-ins", "var/lib/systemd", "build",
                     "etc/ssh"):
            (path / name).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            (path / name).symlink_to(f"usr/{name}")
        self.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n")

    def argv(self, *words):
        return ["bwrap", "--bind", self.path, "/", "--ro-bind", "/usr", "/usr", "--dev", "/dev",
                "--proc", "/proc", "--ro-bind", self.program, "/build/atoll-provision",
                "--setenv", "PATH", "/stand-ins:/usr/sbin:/usr/bin", "--", *words]

    def run(self, *words, **options):
        return run(*self.argv(*words), **options)

    def instance(self, user_data, instance_id="i-1"):
        # host keys cost time, and none of these tests is about them
        super().instance(user_data + "ssh_deletekeys: false\nssh_genkeytypes: []\n", instance_id)

    def apply(self, *words, status=0):
        return self.run("/build/atoll-provision", "apply", *words, status=status)

    def stand_in(self, name):
        self.write(f"stand-ins/{name}", STAND_IN)
        (self.path / "stand-ins" / name).chmod(0o755)

    def call(self, name):
        """The arguments of the last call, or None."""
        path = self.path / "calls" / name
        if not path.exists():
            return None
        words = path.read_text().splitlines()
        path.unlink()
        return words


@pytest.fixture
def container(tmp_path, build):
    if os.geteuid() != 0:
        pytest.skip("files of other owners need root")
    made = Container(tmp_path / "root", build / "src/programs/atoll-provision")
    if subprocess.run(made.argv("true"), check=False, capture_output=True).returncode != 0:
        pytest.skip("no sandbox can be made here")
    return made


def test_power_state(container):
    """Mode, delay in minutes, message; the condition decides, and nothing happens twice."""
    container.stand_in("shutdown")
    for number, (text, wanted) in enumerate((
            ("mode: poweroff", ["-P", "now"]),
            ("mode: reboot, delay: '+5', message: Bye now", ["-r", "+5", "Bye now"]),
            ("mode: halt, delay: 30", ["-H", "+30"]),
            ("mode: reboot, condition: test -e /nothing", None),
            ("mode: reboot, condition: [test, -e, /etc]", ["-r", "now"]))):
        container.instance(f"#cloud-config\npower_state: {{{text}}}\n", f"i-{number}")
        container.apply()
        assert container.call("shutdown") == wanted, text
    container.apply()
    assert container.call("shutdown") is None
    container.instance("#cloud-config\npower_state: {mode: reboot, delay: soon}\n", "i-bad")
    container.apply(status=1)
    assert container.call("shutdown") is None


class Phone(http.server.BaseHTTPRequestHandler):
    """Takes calls, the second time it rings."""

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.seen.append((self.path, self.headers["Content-Type"],
                                 urllib.parse.parse_qs(body, strict_parsing=True)))
        self.send_response(503 if len(self.server.seen) == 1 else 200)
        self.end_headers()

    def log_message(self, *_args):
        pass


def test_phone_home(container):
    """All that there is, and only what is asked for; one call that fails is made again."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Phone)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        container.write("etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAA+/= root@x\n")
        url = f"http://127.0.0.1:{server.server_port}"
        head = "#cloud-config\nfqdn: web.example.org\n"
        container.instance(f"{head}phone_home: {{url: '{url}/$INSTANCE_ID/', tries: 2}}\n")
        container.apply()
        container.instance(f"{head}phone_home: {{url: '{url}/x', post: [hostname, instance_id]}}\n",
                           "i-2")
        container.apply()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    first, again, second = server.seen
    assert first == again
    path, kind, fields = first
    assert path == "/i-1/" and kind == "application/x-www-form-urlencoded"
    assert fields["pub_key_ed25519"] == ["ssh-ed25519 AAAA+/= root@x\n"]
    assert (fields["instance_id"], fields["hostname"], fields["fqdn"]) == (
        ["i-1"], ["web"], ["web.example.org"])
    assert second[2] == {"hostname": ["web"], "instance_id": ["i-2"]}


def test_package_layer(container):
    """The owner's hook gets the list; one that fails is a failure of the key."""
    config = "#cloud-config\npackages: [nginx, htop]\npackage_update: true\npackage_upgrade: true\n"
    container.stand_in("hook")
    container.write("etc/atoll/provision.d/layer.yaml",
                    "packages: layer\npackages_hook: /stand-ins/hook\n")
    container.instance(config)
    container.apply()
    assert container.call("hook") == ["/run/atoll/provision/packages"]
    assert container.read("calls/hook.file") == "!update\n!upgrade\nnginx\nhtop\n"
    assert {"packages": "applied"}.items() <= {
        record.get("key"): record["outcome"] for record in container.records()}.items()
    container.write("stand-ins/hook", "#!/bin/sh\nexit 7\n")
    container.instance(config, "i-2")
    container.apply(status=1)
    failed = [record for record in container.records() if record["outcome"] == "failed"]
    assert [record.get("key") for record in failed] == ["packages"]
    container.write("etc/atoll/provision.d/layer.yaml", "packages: layer\n")
    container.instance(config, "i-3")
    container.apply(status=1)
    assert "packages_hook" in container.read("run/atoll/provision/result.json")


def test_time_servers(container):
    """chrony's sources where the image has chrony, systemd-timesyncd's otherwise."""
    container.stand_in("systemctl")
    config = ("#cloud-config\nntp: {servers: [192.0.2.1, ntp.example], pools: [pool.example]}\n")
    container.instance(config)
    # /usr is this machine's: in a root that does not run there is one of its own
    container.apply()
    assert container.read("etc/systemd/timesyncd.conf.d/cloud-init.conf").splitlines()[-2:] == [
        "[Time]", "NTP=192.0.2.1 ntp.example pool.example "]
    other = Root(container.path.with_name("other"), container.program)
    other.write("usr/sbin/chronyd", "")
    (other.path / "usr/sbin/chronyd").chmod(0o755)
    other.instance(config)
    other("apply")
    assert other.read("etc/chrony/sources.d/cloud-init.sources").splitlines()[1:] == [
        "server 192.0.2.1 iburst", "server ntp.example iburst", "pool pool.example iburst"]
    assert not (other.path / "etc/systemd/timesyncd.conf.d").exists()
    other.instance("#cloud-config\nntp: {servers: ['a b']}\n", "i-2")
    other("apply", status=1)


def test_encrypted_values(container):
    """What systemd-creds has encrypted for this root's key; another root cannot read it."""
    if shutil.which("systemd-creds") is None:
        pytest.skip("systemd-creds is not installed")

    def encrypt(text):
        made = container.run("systemd-creds", "encrypt", "--with-key=host", "--name=", "-", "-",
                             input=text)
        return "".join(made.stdout.split())

    container.run("systemd-creds", "setup")
    secret, hashed = encrypt("CANARY content\n"), encrypt("$6$salt$CANARYhash")
    config = (f"#cloud-config\nwrite_files: [{{path: /etc/secret, content: !encrypted '{secret}', "
              f"permissions: '0600'}}]\nusers: [{{name: ada, lock_passwd: false, "
              f"hashed_passwd: {{systemd-creds: '{hashed}'}}}}]\n")
    container.instance(config)
    shown = container.apply()
    assert container.read("etc/secret") == "CANARY content\n"
    assert "ada:$6$salt$CANARYhash:" in container.read("etc/shadow")
    assert "CANARY" not in shown.stdout + shown.stderr + container.read("var/log/cloud-init.log")
    (container.path / "var/lib/systemd/credential.secret").unlink()
    container.run("systemd-creds", "setup")
    (container.path / "etc/secret").unlink()
    container.instance(config, "i-2")
    failed = container.apply(status=1)
    assert not (container.path / "etc/secret").exists()
    assert "decrypt" in failed.stderr + container.read("run/atoll/provision/result.json")


RPCTOOL = """#!/bin/sh
# info-get KEY, as the real one: an error when there is no such value
key=${1#info-get guestinfo.}
[ -f "VALUES/$key" ] && cat "VALUES/$key" && echo || { echo "No value found"; exit 1; }
"""


@pytest.mark.parametrize("form", ["plain", "base64", "gzip+base64", "ignition", "wrong", "bomb"])
def test_guestinfo(form, build, tmp_path):
    """VMware's guestinfo as its own tool tells it."""
    root, values, programs = (make_tree(tmp_path / "root", CASES["vmware"]), tmp_path / "values",
                              tmp_path / "programs")
    values.mkdir()
    programs.mkdir()
    (programs / "vmware-rpctool").write_text(RPCTOOL.replace("VALUES", str(values)))
    (programs / "vmware-rpctool").chmod(0o755)
    meta_data = json.dumps({
        "instance-id": "vm-1", "local-hostname": "guest", "public-keys-data": KEY,
        "network": {"version": 2, "ethernets": {"e": {"dhcp4": True, "match": {"name": "e*"}}}}})
    user_data = "#cloud-config\nhostname: x\n"
    ignition = '{"ignition": {"version": "3.3.0"}}'

    def put(key, text):
        data = text.encode()
        if form.startswith("gzip"):
            data = gzip.compress(data)
        if form not in ("plain", "ignition", "bomb"):
            (values / f"{key}.encoding").write_text("base65" if form == "wrong" else form)
            data = base64.b64encode(data)
        (values / key).write_bytes(data)

    if form == "bomb":
        (values / "metadata.encoding").write_text("gzip+base64")
        (values / "metadata").write_bytes(base64.b64encode(gzip.compress(bytes(5 << 20))))
    else:
        put("metadata", meta_data)
    if form == "ignition":
        put("ignition.config.data", ignition)
    else:
        put("userdata", user_data)
    result = run(build / "src/programs/atoll-provision", "fetch", "--root", root, "--into",
                 tmp_path / "into", "--local", status=1 if form in ("wrong", "bomb") else 0,
                 env=dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}"))
    if form == "bomb":
        assert "guestinfo.metadata: unpacks to more" in result.stderr and not (tmp_path / "into").exists()
        return
    if form == "wrong":
        assert "guestinfo.metadata.encoding" in result.stderr and "base65" in result.stderr
        return
    instance = json.loads((tmp_path / "into/instance.json").read_text())
    assert (instance["platform"], instance["id"], instance["hostname"], instance["ssh-keys"]) == (
        "vmware", "vm-1", "guest", [KEY])
    data = (tmp_path / "into/user-data").read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    assert data.decode() == (ignition if form == "ignition" else user_data)
    assert json.loads((tmp_path / "into/network-config").read_text())["version"] == 2


POLICY = pathlib.Path("/etc/selinux/default/contexts/files")


def test_labels(container):
    """What is made gets the label that the root's own policy has for it; without one, none."""
    if not (POLICY / "file_contexts").exists():
        pytest.skip("selinux-policy-default is not installed")
    config = f"""\
#cloud-config
users: [{{name: ada, ssh_authorized_keys: ["{KEY}"]}}]
hostname: labelled
write_files:
  - {{path: /etc/new/deep/file, content: x}}
  - {{path: /var/log/x.log, content: x}}
  - {{path: /usr/local/bin/tool, content: x, permissions: '0755'}}
"""
    made = ["etc/passwd", "etc/shadow", "etc/group", "home/ada", "home/ada/.ssh",
            "home/ada/.ssh/authorized_keys", "etc/hostname", "etc/new", "etc/new/deep",
            "etc/new/deep/file", "var/log/x.log", "usr/local/bin/tool"]
    program = container.program
    plain = Root(container.path.with_name("plain"), program)
    plain.instance(config)
    plain("apply")
    off = Root(container.path.with_name("off"), program)
    on = Root(container.path.with_name("on"), program)
    for root, state in ((off, "disabled"), (on, "enforcing")):
        shutil.copytree(POLICY, root.path / "etc/selinux/default/contexts/files")
        root.write("etc/selinux/config", f"SELINUX={state}\nSELINUXTYPE=default\n")
        root.instance(config)
        root("apply")
    on.write("etc/untouched", "")
    for path in made:
        for root in (plain, off):
            assert "security.selinux" not in os.listxattr(root.path / path)
        wanted = run("matchpathcon", "-n", "-f", on.path / "etc/selinux/default/contexts/files/"
                     "file_contexts", "-m", "dir" if (on.path / path).is_dir() else "file",
                     f"/{path}").stdout.strip()
        found = os.getxattr(on.path / path, "security.selinux").decode()
        assert found == wanted + "\0", path
    assert "security.selinux" not in os.listxattr(on.path / "etc/untouched")


def test_labels_of_host_keys(container):
    """ssh-keygen knows of no labels: the root's own restorecon sets those of the keys it makes."""
    if not (POLICY / "file_contexts").exists() or shutil.which("ssh-keygen") is None:
        pytest.skip("selinux-policy-default or ssh-keygen is not installed")
    container.stand_in("restorecon")
    for name, labelled in (("off", False), ("on", True)):
        if labelled:
            shutil.copytree(POLICY, container.path / "etc/selinux/default/contexts/files")
            container.write("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=default\n")
        Root.instance(container, "#cloud-config\nhostname: x\n", name)
        container.apply()
        keys = [f"/etc/ssh/{path.name}" for path in (container.path / "etc/ssh").glob("ssh_host_*")]
        assert len(keys) == 6 and sorted(container.call("restorecon") or []) == (
            sorted(keys) if labelled else [])


ISOLATE = ["--no-block", "isolate", "emergency.target"]


@pytest.mark.parametrize("policy, says, call", [
    ("shell", "An emergency shell follows", ISOLATE),
    ("shell rd.shell=0 rd.emergency=reboot", "The machine starts again", ISOLATE),
    ("shell rd.shell=0", "No shell follows (rd.shell=0).", ISOLATE),
    ("halt", "The machine halts now", ["--no-block", "halt", "--force"]),
    ("login", "The boot goes on without it", None)])
def test_failure_in_the_initramfs(policy, says, call, container):
    """One message on every console, with what is wrong where, and then what the owner wants."""
    container.stand_in("systemctl")
    container.write("etc/initrd-release", "")
    container.write("cmdline", f"quiet atoll.provision.on-failure={policy} ignition.platform.id=file\n")
    container.write("config.ign", json.dumps({
        "ignition": {"version": "3.3.0"}, "storage": {"files": [
            {"path": "/etc/x", "contents": {"source": "data:,x", "verification": {
                "hash": "sha256-" + "0" * 64}}}]}}))
    consoles = []
    places = []
    for name in ("ttyS0", "tty0"):
        container.write(f"consoles/{name}", "")
        consoles.append(container.path / "consoles" / name)
        places += ["--bind", consoles[-1], f"/dev/{name}"]
    container.write("active", "tty0 ttyS0\n")
    for directory in ("etc", "var"):
        (container.path / "sysroot" / directory).mkdir(parents=True)
    argv = container.argv()[:-1] + [
        *places, "--dir", "/sys/class/tty/console", "--ro-bind", container.path / "active",
        "/sys/class/tty/console/active", "--ro-bind", container.path / "cmdline", "/proc/cmdline",
        "--setenv", "IGNITION_CONFIG_FILE", "/config.ign", "--"]
    failed = run(*argv, "/build/atoll-provision", "initramfs", "--stage", "all", status=1)
    for console in consoles:
        text = console.read_text()
        assert text.count("first boot failed in the stage all") == 1 and says in text, text
        assert "storage.files[0]" in text and "the configuration wants 0000" in text
    assert "0000" in failed.stderr
    assert container.call("systemctl") == call
    issue = container.path / "run/issue.d/atoll-provision.issue"
    assert issue.exists() == (policy == "login")
    assert not (container.path / "sysroot/etc/x").exists()
    assert not (container.path / "sysroot/etc/.ignition-result.json").exists()


def test_shared_var(container):
    """In an OSTree host's initramfs /var is the one that all its deployments share, for as long as
    files are made."""
    sysroot = container.path / "sysroot"
    shared = sysroot / "sysroot/ostree/deploy/os/var"
    container.write("cmdline", "ostree=/ostree/boot.1/os/0123abcd/0 ignition.platform.id=file\n")
    container.write("config.ign", json.dumps({
        "ignition": {"version": "3.3.0"}, "passwd": {"users": [{"name": "core"}]},
        "storage": {"files": [
            {"path": path, "contents": {"source": "data:,x"}}
            for path in ("/etc/x", "/var/lib/x", "/home/core/x")]}}))
    for directory in (sysroot / "etc", sysroot / "var", shared):
        directory.mkdir(parents=True)
    (sysroot / "home").symlink_to("var/home")
    argv = container.argv()[:-1] + [
        "--cap-add", "CAP_SYS_ADMIN", "--ro-bind", container.path / "cmdline", "/proc/cmdline",
        "--setenv", "IGNITION_CONFIG_FILE", "/config.ign", "--"]
    run(*argv, "/bin/sh", "-c", "/build/atoll-provision initramfs --stage all && "
        "! grep -q sysroot/var /proc/self/mountinfo")
    for path in (sysroot / "etc/x", shared / "lib/x", shared / "home/core/x"):
        assert path.read_text() == "x"
    assert not list((sysroot / "var").iterdir())


def test_grown_root(container):
    """A root on a disk that has grown: its ext4 grows, though it is mounted read-only, since /var
    on the same one is not."""
    capabilities = re.search(r"CapEff:\s*(\w+)", pathlib.Path("/proc/self/status").read_text())[1]
    if not int(capabilities, 16) >> CAP_SYS_RESOURCE & 1:
        pytest.skip("growing ext4 needs CAP_SYS_RESOURCE")
    image, place = container.path.with_name("disk"), container.path.with_name("place")
    place.mkdir()
    run("truncate", "-s", "64M", image)
    run("/sbin/mke2fs", "-q", "-t", "ext4", "-d", container.path, image)
    run("truncate", "-s", "128M", image)
    loop = subprocess.run(["losetup", "-f", "--show", image], capture_output=True, text=True,
                          check=False)
    if loop.returncode != 0:
        pytest.skip("there is no loop device here")
    device = loop.stdout.strip()
    try:
        run("mount", device, place)
        before = os.statvfs(place).f_blocks
        container.path = place
        container.instance("#cloud-config\nresize_rootfs: true\n")
        argv = container.argv()[:-1]
        argv[argv.index("--bind")] = "--ro-bind"
        mounts = [word for name in ("etc", "run", "var", "root", "home")
                  for word in ("--bind", place / name, f"/{name}")]
        run(*argv, *mounts, "--dev-bind", device, device, "--", "/build/atoll-provision",
            "apply", "--stage", "network")
        assert os.statvfs(place).f_blocks > before * 3 / 2
        assert {"resize_rootfs": "applied"}.items() <= {
            record.get("key"): record["outcome"] for record in container.records()}.items()
    finally:
        subprocess.run(["umount", place], check=False)
        run("losetup", "-d", device)
