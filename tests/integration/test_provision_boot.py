# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole first boots in QEMU: a NoCloud CD, Ignition in the firmware, EC2's service at its own
address, a config drive. They take minutes each: --provision-boots runs them."""
import contextlib
import json
import subprocess
import sys
import textwrap

import pexpect
import pytest

import metadata
from conftest import SOURCE, run
from provisionvm import PASSWORD

sys.path.insert(0, str(SOURCE / "tests/vm"))
from vm import Vm  # noqa: E402

pytest_plugins = ["provisionvm"]

MAC = "52:54:00:12:34:56"
USER_DATA = textwrap.dedent("""\
    #cloud-config
    hostname: HOSTNAME
    users:
      - name: ada
        shell: /bin/bash
        lock_passwd: false
        plain_text_passwd: lovelace-1815
        sudo: ALL=(ALL) NOPASSWD:ALL
        ssh_authorized_keys: ["KEY"]
    write_files:
      - {path: /etc/motd.d/hello, content: "hello\\n", permissions: "0640"}
      - {path: /home/ada/notes, content: "notes\\n", owner: "ada:ada", defer: true}
    timezone: Europe/London
    runcmd:
      - [sh, -c, "echo ran >> /var/lib/ran"]
      - systemctl is-active network-online.target >> /var/lib/ran
      - echo said
    packages: [htop]
    """)


class Machine(Vm):
    """A host on a disk of its own."""

    def __init__(self, disk, directory, size_gib=None, extra_args=(), **more):
        own = directory / "disk.qcow2"
        run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", disk, own,
            *([f"{size_gib}G"] if size_gib else []))
        super().__init__(own, snapshot=False, memory_mib=1024, log=directory / "console",
                         extra_args=extra_args, **more)


def user_data(hostname, more=""):
    return USER_DATA.replace("HOSTNAME", hostname).replace("KEY", metadata.KEY) + more


def make_iso(path, label, files):
    top = path.with_suffix(".d")
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    run("genisoimage", "-quiet", "-V", label, "-J", "-R", "-o", path, top)
    return ["-drive", f"file={path},if=virtio,format=raw,readonly=on"]


def ask(vm, commands):
    """Command to its output, all in one go."""
    cut = "-- atoll-test --"
    text = "\n".join(f"{{ {command}\n}} </dev/null 2>&1; echo; echo '{cut}'"
                     for command in commands)
    answers = vm.run(text).output.split(cut)
    assert len(answers) == len(commands) + 1
    return {command: answer.strip() for command, answer in zip(commands, answers)}


def expect(vm, wanted):
    """Command to its output: all that differ at once, with what may tell why."""
    found = ask(vm, list(wanted))
    if found != wanted:
        vm.run("networkctl --no-pager list; systemctl status --no-pager --failed; "
               "journalctl -b -o short-monotonic --no-pager -n 40 -u systemd-networkd")
    assert found == wanted


def journal(vm):
    return vm.run("journalctl -b -o cat -u 'atoll-provision-*'").output


def check_host(vm, hostname, platform, instance, more=None):
    """What every boot must come to. `packages` is not for an image: the result is degraded, and
    nothing else is wrong. `more` is what else to expect."""
    status = vm.run("cloud-init status --wait --long")
    assert "status: done" in status.output, status.output + journal(vm)
    bad = [line for line in status.output.splitlines()
           if line.startswith(("failed", "unknown", "unsupported", "not-applicable"))]
    assert [line.split()[1] for line in bad] == ["packages"], status.output
    assert status.status == 2
    expect(vm, {
        "hostname": hostname,
        "cat /etc/hostname": hostname,
        "cat /etc/motd.d/hello": "hello",
        "stat -c '%a %U' /etc/motd.d/hello": "640 root",
        "stat -c %U:%G /home/ada/notes": "ada:ada",
        "cat /home/ada/.ssh/authorized_keys": metadata.KEY,
        "stat -c '%a %U' /home/ada /home/ada/.ssh /home/ada/.ssh/authorized_keys":
            "755 ada\n700 ada\n600 ada",
        "readlink /etc/localtime | sed 's,.*zoneinfo/,,'": "Europe/London",
        "cat /var/lib/ran": "ran\nactive",
        "readlink /var/lib/cloud/instance": f"/var/lib/cloud/instances/{instance}",
        "stat -c %a /run/atoll/provision/instance.json": "600",
        "stat -c %a /run/cloud-init/instance-data.json": "600",
        "ls /var/lib/cloud/instance/boot-finished": "/var/lib/cloud/instance/boot-finished",
        "systemctl list-units --failed --plain --no-legend": "",
        "journalctl -b -o cat | grep -i -e 'ordering cycle' -e 'job .* deleted'": "",
        # each key's record, by the number that the manual names
        "journalctl -b -o cat MESSAGE_ID=5b2f1c0e8d7a4b6f9a3c1d2e4f5a6b70 | grep -o '^packages: not-applicable:'":
            "packages: not-applicable:",
        **(more or {}),
    })
    # what clouds' tools read off the console
    shown = vm.check("journalctl -b -o cat -u atoll-provision-final.service")
    assert vm.check("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").strip() in shown.splitlines()
    assert vm.check("cat /etc/ssh/ssh_host_ed25519_key.pub").strip() in shown.splitlines()
    kept = json.loads(vm.check("cat /run/atoll/provision/instance.json"))
    assert kept["platform"] == platform and kept["id"] == instance


def test_nocloud_cd(provision_disk, tmp_path):
    """Everything is on the CD: no network is asked. The disk grows, there is swap, the network is
    as it says. The next boot has nothing to do."""
    network = f"""\
version: 2
ethernets:
  lan:
    match: {{macaddress: "{MAC}"}}
    dhcp4: true
    addresses: [192.0.2.77/24]
    nameservers: {{addresses: [192.0.2.53], search: [lan.example]}}
    routes: [{{to: 198.51.100.0/24, via: 192.0.2.1}}]
vlans:
  v7: {{id: 7, link: lan, addresses: [10.7.7.7/24]}}
"""
    more = ("swap: {filename: /var/swap.img, size: 64M}\n"
            "output: {all: '| tee -a /var/log/own.log'}\n"
            "ntp: {servers: [192.0.2.123]}\n")
    drive = make_iso(tmp_path / "seed.iso", "cidata", {
        "meta-data": "instance-id: nocloud-1\n", "user-data": user_data("cd-host", more),
        "network-config": network})
    with Machine(provision_disk, tmp_path, 12, extra_args=drive) as vm:
        vm.login("root", PASSWORD)
        check_host(vm, "cd-host", "nocloud", "nocloud-1", {
            "su ada -c 'sudo -n id -u'": "0",
            "chronyc -n sources | grep -o 192.0.2.123": "192.0.2.123"})
        assert vm.run("ls /run/atoll/provision/needs-network").status != 0
        addresses = vm.check("ip -4 -o addr")
        for address in ("192.0.2.77/24", "10.7.7.7/24", "10.0.2.15"):
            assert address in addresses
        assert "198.51.100.0/24 via 192.0.2.1" in vm.check("ip route")
        assert "192.0.2.53" in vm.check("resolvectl dns")
        # networkd's own parser has nothing to say against our files
        said = vm.check("journalctl -b -u systemd-networkd -o cat")
        assert not [line for line in said.splitlines()
                    if "10-atoll" in line and "Configuring with" not in line]
        assert int(vm.check("df --output=size -BM /sysroot | tail -1").strip(" M\n")) > 11000
        assert vm.check("swapon --show=NAME,SIZE --noheadings --bytes").split() == [
            "/var/swap.img", str((64 << 20) - 4096)]
        assert vm.check("cat /var/log/own.log").count("said") == 1
        # those that are made in the background
        keys = vm.check("while pgrep -x ssh-keygen; do sleep 1; done > /dev/null; "
                        "sha256sum /etc/ssh/ssh_host_*_key /etc/shadow /etc/passwd")
        vm.reboot()
        status = vm.run("cloud-init status --wait --long")
        assert "status: done" in status.output
        expect(vm, {
            "cat /var/lib/ran": "ran\nactive",
            "hostname": "cd-host",
            "ls /run/atoll/provision/settled": "/run/atoll/provision/settled",
            "journalctl -b -o cat -u atoll-provision-network -u atoll-provision-config "
            "-u atoll-provision-final | grep -c -e Starting -e Finished": "0",
            "sha256sum /etc/ssh/ssh_host_*_key /etc/shadow /etc/passwd": keys,
            "find /etc -xdev -type f -newermt \"$(uptime -s)\" | sort": "",
            "systemctl list-units --failed --plain --no-legend": "",
        })
        assert "192.0.2.77/24" in vm.check("ip -4 -o addr")
        assert "/var/swap.img" in vm.check("swapon --show=NAME --noheadings")


IGNITION = {
    "ignition": {"version": "3.3.0"},
    "kernelArguments": {"shouldExist": ["atoll.test=yes"], "shouldNotExist": ["quiet"]},
    "passwd": {"users": [{"name": "core", "sshAuthorizedKeys": [metadata.KEY],
                          "groups": ["sudo"], "shell": "/bin/bash"}]},
    "storage": {
        "disks": [{"device": "/dev/vdb", "wipeTable": True, "partitions": [
            {"label": "data", "number": 1, "startMiB": 1, "sizeMiB": 64},
            {"label": "secret", "number": 2, "sizeMiB": 64},
            {"label": "raid-a", "number": 3, "sizeMiB": 32},
            {"label": "raid-b", "number": 4, "sizeMiB": 0}]}],
        "raid": [{"name": "pair", "level": "raid1",
                  "devices": ["/dev/disk/by-partlabel/raid-a", "/dev/disk/by-partlabel/raid-b"]}],
        "luks": [{"name": "secret", "device": "/dev/disk/by-partlabel/secret",
                  "keyFile": {"source": "data:,passw0rd"},
                  "options": ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]}],
        "filesystems": [
            {"device": "/dev/disk/by-partlabel/data", "format": "ext4", "label": "data",
             "path": "/var/data"},
            {"device": "/dev/mapper/secret", "format": "ext4", "path": "/var/secret"},
            {"device": "/dev/md/pair", "format": "ext4", "label": "pair"}],
        "files": [
            {"path": "/etc/hostname", "mode": 420, "overwrite": True,
             "contents": {"source": "data:,ign-host%0A"}},
            {"path": "/etc/hello", "contents": {"source": "data:,hello%0A"}},
            {"path": "/var/data/inside", "contents": {"source": "data:,inside%0A"}},
            {"path": "/var/secret/private", "mode": 384,
             "contents": {"source": "data:,private%0A"}},
            {"path": "/home/core/notes", "user": {"name": "core"}, "group": {"name": "core"},
             "contents": {"source": "data:,notes%0A"}}],
        "links": [{"path": "/etc/hello.link", "target": "hello"}]},
    "systemd": {"units": [
        {"name": "var-data.mount", "enabled": True, "contents":
         "[Mount]\nWhat=/dev/disk/by-partlabel/data\nWhere=/var/data\n"
         "[Install]\nRequiredBy=local-fs.target\n"},
        {"name": "var-secret.mount", "enabled": True, "contents":
         "[Unit]\nRequires=systemd-cryptsetup@secret.service\n"
         "After=systemd-cryptsetup@secret.service\n"
         "[Mount]\nWhat=/dev/mapper/secret\nWhere=/var/secret\n"
         "[Install]\nRequiredBy=local-fs.target\n"},
        {"name": "count.service", "enabled": True, "contents":
         "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo up >> /var/lib/count'\n"
         "[Install]\nWantedBy=multi-user.target\n"},
        {"name": "chrony.service", "mask": True}]},
}


def test_ignition_in_the_firmware(provision_disk, tmp_path):
    """All in the initramfs: a second disk with RAID and LUKS, files on it, a user, units."""
    config, disk = tmp_path / "config.ign", tmp_path / "second.raw"
    config.write_text(json.dumps(IGNITION))
    with open(disk, "wb") as raw:
        raw.truncate(256 << 20)
    args = ["-fw_cfg", f"name=opt/com.coreos/config,file={config}",
            "-drive", f"file={disk},if=virtio,format=raw,cache=unsafe"]
    with Machine(provision_disk, tmp_path, extra_args=args) as vm:
        vm.login("root", PASSWORD)
        status = vm.run("cloud-init status --wait --long")
        assert status.status == 0, status.output + vm.run("journalctl -b -o cat -u 'atoll-*'").output
        expect(vm, {
            "hostname": "ign-host",
            "cat /etc/hello.link": "hello",
            "stat -c '%a %U' /home/core/notes": "644 core",
            "cat /home/core/.ssh/authorized_keys": metadata.KEY,
            "id -nG core": "core sudo",
            "cat /var/data/inside /var/secret/private": "inside\nprivate",
            "findmnt -rno FSTYPE,LABEL /var/data": "ext4 data",
            "findmnt -no SOURCE /var/secret": "/dev/mapper/secret",
            "lsblk -no TYPE /dev/mapper/secret": "crypt",
            "blkid -s LABEL -o value /dev/md/pair": "pair",
            "cat /var/lib/count": "up",
            "systemctl is-enabled chrony.service": "masked",
            "stat -c '%a' /etc/.ignition-result.json": "600",
            "systemctl list-units --failed --plain --no-legend": "",
            "systemctl is-active atoll-provision-early.service": "inactive",
        })
        # kernel arguments are for the next boot, in which nothing is done again
        vm.reboot()
        assert vm.run("cloud-init status --wait --long").status == 0
        expect(vm, {
            "tr ' ' '\\n' < /proc/cmdline | grep -x -e atoll.test=yes -e quiet": "atoll.test=yes",
            "cat /var/lib/count": "up\nup",
            "cat /var/data/inside /var/secret/private": "inside\nprivate",
            "systemctl list-units --failed --plain --no-legend": "",
        })


def test_ignition_that_fails(provision_disk, tmp_path):
    """One message on the console, with the place of what is wrong, and no boot after it: images are
    made to start again (rd.shell=0)."""
    config = tmp_path / "config.ign"
    config.write_text(json.dumps({"ignition": {"version": "3.3.0"}, "storage": {"files": [
        {"path": "/etc/x", "contents": {"source": "data:,x", "verification": {
            "hash": "sha256-" + "0" * 64}}}]}}))
    with Machine(provision_disk, tmp_path,
                 extra_args=["-fw_cfg", f"name=opt/com.coreos/config,file={config}"]) as vm:
        which = vm.expect(["first boot failed in the stage all", "login: "])
        assert which == 0
        vm.expect("storage.files\\[0\\].* the configuration wants 0000")
        vm.expect("The machine starts again")
        assert vm.expect([pexpect.EOF, "login: "]) == 0


# QEMU's guestfwd has one connection when it leads to a port, but any number when it runs a program.
RELAY = """\
import os, select, socket
peer = socket.create_connection(("127.0.0.1", PORT))
while True:
    for ready in select.select([0, peer], [], [])[0]:
        data = os.read(0, 65536) if ready == 0 else peer.recv(65536)
        if not data:
            raise SystemExit
        peer.sendall(data) if ready == 0 else os.write(1, data)
"""

RELAY_SERVER = """\
import sys
sys.path.insert(0, sys.argv[1] + "/tests/integration")
import metadata
files = metadata.ec2_files()
files["2021-03-23/user-data"] = sys.stdin.read()
serve = metadata.tokened(metadata.tree(files), "/latest/api/token",
                         "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token")
metadata.Handler.handle_request = staticmethod(serve)
metadata.Handler.protocol_version = "HTTP/1.0"
server = metadata.ThreadingHTTPServer((sys.argv[2], int(sys.argv[3])), metadata.Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@contextlib.contextmanager
def ec2_service(text, *before, address="127.0.0.1", port=0):
    """EC2's metadata with `text` as user-data, in a process of `before` (a namespace); its port."""
    process = subprocess.Popen([*before, sys.executable, "-c", RELAY_SERVER, str(SOURCE), address,
                                str(port)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    process.stdin.write(text)
    process.stdin.close()
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_ec2(provision_disk, tmp_path):
    """The service is known by SMBIOS, and asked as soon as DHCP has given an address."""
    smbios = ["-smbios", "type=0,vendor=Amazon EC2", "-smbios",
              "type=1,manufacturer=Amazon EC2,uuid=ec2abcde-1111-2222-3333-444444444444"]
    relay = tmp_path / "relay.py"
    network = ",net=169.254.0.0/16,dhcpstart=169.254.2.15,host=169.254.2.2,dns=169.254.2.3" \
              f",guestfwd=tcp:169.254.169.254:80-cmd:{sys.executable} {relay}"
    with ec2_service(user_data("ec2-host")) as port:
        relay.write_text(RELAY.replace("PORT", str(port)))
        with Machine(provision_disk, tmp_path, extra_args=smbios, network=network) as vm:
            vm.login("root", PASSWORD)
            check_host(vm, "ec2-host", "ec2", "i-0123456789")
            assert vm.run("ls /var/lib/atoll/provision/instance/fingerprint").status == 0


def test_config_drive(provision_disk, tmp_path):
    """The network is that of network_data.json, in which cards are known by their address."""
    meta = {"uuid": "drive-1", "hostname": "from-metadata", "public_keys": {"k": metadata.KEY}}
    links = {"links": [{"id": "tap0", "type": "ovs", "ethernet_mac_address": MAC}],
             "networks": [{"id": "n", "type": "ipv4", "link": "tap0", "ip_address": "10.0.2.99",
                           "netmask": "255.255.255.0",
                           "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0",
                                       "gateway": "10.0.2.2"}]}], "services": []}
    drive = make_iso(tmp_path / "drive.iso", "config-2", {
        "openstack/latest/meta_data.json": json.dumps(meta),
        "openstack/latest/network_data.json": json.dumps(links),
        "openstack/latest/user_data": user_data("drive-host")})
    with Machine(provision_disk, tmp_path, extra_args=drive) as vm:
        vm.login("root", PASSWORD)
        check_host(vm, "drive-host", "config-drive", "drive-1")
        addresses = vm.check("ip -4 -o addr")
        assert "10.0.2.99/24" in addresses and "10.0.2.15" not in addresses
        assert "default via 10.0.2.2" in vm.check("ip route")
