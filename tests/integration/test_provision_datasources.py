# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll-provision identify and fetch: every platform, against services that speak its protocol on
its own link-local addresses, in a network namespace; and services that are broken or hostile."""
import base64
import contextlib
import gzip
import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

from conftest import BUILD, SOURCE, run
import metadata
from metadata import KEY, MAC, USER_DATA

PROGRAM = BUILD / "src/programs/atoll-provision"
CASES = yaml.safe_load((SOURCE / "tests/data/platform/cases.yaml").read_text())
ADDRESSES = ["169.254.169.254/16", "169.254.42.42/16", "100.100.100.200/8", "168.63.129.16/8"]
ADDRESSES6 = ["fd00:ec2::254/64", "fd00:42::42/64", "fd00:a9fe:a9fe::1/64"]


def make_tree(root, case):
    """A root with what the machine of `case` says in /sys and /proc."""
    dmi = root / "sys/class/dmi/id"
    dmi.mkdir(parents=True)
    for name, text in case.get("dmi", {}).items():
        (dmi / name).write_text(text + "\n")
    for path, text in case.get("files", {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/cmdline").write_text("root=/dev/vda1 " + case.get("kernel", "") + "\n")
    return root


@pytest.mark.parametrize("name", CASES)
def test_identify(name, tmp_path):
    case = CASES[name]
    root = make_tree(tmp_path / "root", case)
    disabled = case.get("state") == "disabled"
    answer = json.loads(run(PROGRAM, "identify", "--json", "--root", root,
                            status=3 if disabled else 0).stdout)
    assert answer["state"] == case.get("state", "found")
    if not disabled:
        assert answer["datasources"] == case["datasources"]


class Net:
    """Two namespaces with a cable between them: services in one, the host in the other."""

    def __init__(self):
        self.names = [f"atoll-{side}-{os.getpid()}" for side in ("srv", "cli")]
        self.server, self.client = self.names

    def ip(self, *words):
        subprocess.run(["ip", *words], check=True, capture_output=True)

    def open(self):
        for name in self.names:
            self.ip("netns", "add", name)
            self.ip("-n", name, "link", "set", "lo", "up")
        self.ip("link", "add", "eth0", "netns", self.client, "address", MAC, "type", "veth", "peer",
                "name", "srv0", "netns", self.server)
        self.ip("-n", self.server, "link", "set", "srv0", "up")
        for address in ADDRESSES:
            self.ip("-n", self.server, "addr", "add", address, "dev", "srv0")
        for address in ADDRESSES6:
            self.ip("-n", self.server, "addr", "add", address, "dev", "srv0", "nodad")

    def up(self):
        self.ip("-n", self.client, "link", "set", "eth0", "up")
        for address in ("169.254.10.1/16", "100.100.100.1/8", "168.63.129.1/8"):
            self.ip("-n", self.client, "addr", "replace", address, "dev", "eth0")
        for address in ("fd00:ec2::1/64", "fd00:42::1/64", "fd00:a9fe:a9fe::2/64"):
            self.ip("-n", self.client, "addr", "replace", address, "dev", "eth0", "nodad")

    def down(self):
        self.ip("-n", self.client, "addr", "flush", "dev", "eth0")
        self.ip("-n", self.client, "link", "set", "eth0", "down")

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    @contextlib.contextmanager
    def serve(self, *words):
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.server, "/usr/bin/python3", metadata.__file__, *words],
            stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def fetch(self, root, into, *words, status=0, timeout_s=60):
        return run("ip", "netns", "exec", self.client, PROGRAM, "fetch", "--json", "--root", root,
                   "--into", into, "--timeout", timeout_s, *words, status=status)


@pytest.fixture(scope="module")
def net():
    made = Net()
    try:
        made.open()
    except (OSError, subprocess.CalledProcessError) as error:
        made.close()
        pytest.skip(f"no network namespaces can be made here: {error}")
    yield made
    made.close()


@pytest.fixture
def up(net):
    net.up()
    return net


WANTED = {
    "ec2": {"id": "i-0123456789", "hostname": "ip-10-0-0-4", "region": "eu-west-1",
            "zone": "eu-west-1a"},
    "ec2-v1": {"platform": "ec2", "id": "i-0123456789", "ssh-keys": []},
    "brightbox": {"id": "i-0123456789", "ssh-keys": []},
    "alibaba": {"id": "i-0123456789", "ssh-keys": []},
    "openstack": {"id": "os-1", "hostname": "os-host", "zone": "nova", "password": "secret"},
    "gce": {"id": "1234567890123456789", "hostname": "gce.c.project.internal",
            "zone": "europe-west1-b", "region": "europe-west1",
            "ssh-keys": [KEY, "ssh-rsa BBBB other"]},
    "azure": {"id": "564d1234-0000-1111-2222-333344445555", "hostname": "az-host", "zone": "2",
              "region": "westeurope", "default-user": "azadmin"},
    "hetzner": {"id": "42", "hostname": "hz", "region": "eu-central", "zone": "nbg1-dc3"},
    "vultr": {"id": "vultr-1", "hostname": "vultr", "region": "EWR"},
    "akamai": {"id": "99", "hostname": "lin", "region": "eu-west"},
    "scaleway": {"id": "sc-1", "hostname": "scw", "zone": "par1",
                 "ssh-keys": [KEY, "ssh-rsa AAAA tag"]},
    "exoscale": {"id": "exo-1", "hostname": "exo", "ssh-keys": []},
    "cloudstack": {"id": "cs-1", "hostname": "cs-host", "zone": "zone1", "password": "pass word",
                   "ssh-keys": [KEY, KEY.replace("admin", "second")]},
    "oracle": {"id": "ocid1", "hostname": "oci", "region": "eu-frankfurt-1", "zone": "AD-1"},
    "upcloud": {"id": "uc-1", "hostname": "upcloud", "region": "fi-hel1"},
}


def check(into, wanted, platform):
    """The instance that was kept: its texts, its user-data, and modes that only root reads."""
    instance = json.loads((into / "instance.json").read_text())
    for key, value in {"platform": platform, "ssh-keys": [KEY], **wanted}.items():
        assert instance.get(key) == value, key
    user_data = (into / "user-data").read_bytes()
    if user_data[:2] == b"\x1f\x8b":
        user_data = gzip.decompress(user_data)
    assert user_data.decode() == USER_DATA
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in into.iterdir())
    assert "SECRET" not in (into / "instance.json").read_text()
    return instance


@pytest.mark.parametrize("platform", WANTED)
def test_fetch(platform, up, tmp_path):
    case = CASES[{"ec2-v1": "ec2"}.get(platform, platform)]
    root = make_tree(tmp_path / "root", case)
    leases = root / "run/systemd/netif/leases"
    leases.mkdir(parents=True)
    (leases / "2").write_text("ADDRESS=169.254.10.1\nSERVER_ADDRESS=169.254.169.254\n")
    with up.serve(platform) as server:
        shown = up.fetch(root, tmp_path / "into", "--ready")
        if platform == "azure":
            assert server.stdout.readline() == "reported\n"
    check(tmp_path / "into", WANTED[platform], platform)
    assert "pass word" not in shown.stdout and '"secret"' not in shown.stdout
    network = tmp_path / "into/network-config"
    if network.exists():
        assert run(PROGRAM, "network", network).stdout


def test_networks(up, tmp_path):
    """What platforms say of the network in their own words, as networkd's files."""
    lines = {
        "ec2": ["DHCP=ipv4", "Address=10.0.0.5/24", f"MACAddress={MAC}", "RouteMetric=100"],
        "openstack": ["Kind=bond", "Mode=802.3ad", "Bond=b0", "VLAN=v0", "Id=101",
                      "Address=10.2.0.7/20", "Gateway=10.2.0.1", "Destination=10.9.0.0/16",
                      "Gateway=10.2.0.2", "DNS=8.8.4.4", "MTUBytes=1450", "IPv6AcceptRA=yes"],
        "azure": ["DHCP=ipv4", "Address=10.1.0.9/16"],
        "vultr": ["DHCP=ipv4", "Address=192.0.2.9/23", "Address=10.7.0.3/16",
                  "Address=2001:db8:5::/64"],
        "oracle": ["DHCP=ipv4", "Address=10.0.5.2/28"],
        "upcloud": ["DHCP=ipv4", "Address=2a04:3540::2/64", "Gateway=2a04:3540::1",
                    "DNS=94.237.127.9"],
    }
    for platform, wanted in lines.items():
        root = make_tree(tmp_path / platform, CASES[platform])
        with up.serve(platform):
            up.fetch(root, tmp_path / f"{platform}-into")
        text = run(PROGRAM, "network", tmp_path / f"{platform}-into/network-config").stdout
        for line in wanted:
            assert line in text.splitlines(), (platform, line)


def test_digitalocean_without_dhcp(net, tmp_path):
    """The card has no address: it gets a link-local one, and loses it afterwards."""
    root = make_tree(tmp_path / "root", CASES["digitalocean"])
    (root / "sys/class/net").symlink_to("/sys/class/net")
    net.down()
    with net.serve("digitalocean"):
        net.fetch(root, tmp_path / "into", "--local")
    check(tmp_path / "into", {"id": "2756294", "hostname": "droplet", "region": "nyc3"},
          "digitalocean")
    assert "169.254" not in run("ip", "-n", net.client, "-4", "addr").stdout
    text = run(PROGRAM, "network", tmp_path / "into/network-config").stdout.splitlines()
    for line in ("Address=198.51.100.7/20", "Address=10.17.0.5/16", "Gateway=198.51.96.1",
                 "Gateway=2001:db8::1", "DNS=67.207.67.2", "DHCP=no"):
        assert line in text


def test_ipv6_only(net, tmp_path):
    """EC2 over IPv6, when IPv4 leads nowhere."""
    root = make_tree(tmp_path / "root", CASES["ec2"])
    net.down()
    net.ip("-n", net.client, "link", "set", "eth0", "up")
    net.ip("-n", net.client, "addr", "replace", "fd00:ec2::1/64", "dev", "eth0", "nodad")
    with net.serve("ec2"):
        net.fetch(root, tmp_path / "into")
    instance = check(tmp_path / "into", WANTED["ec2"], "ec2")
    assert instance["subplatform"].startswith("http://[fd00:ec2::254]")


def test_lxd_socket(tmp_path):
    root = make_tree(tmp_path / "root", {})
    (root / "dev/lxd").mkdir(parents=True)
    process = subprocess.Popen([sys.executable, metadata.__file__, "lxd", "",
                                str(root / "dev/lxd/sock")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        run(PROGRAM, "fetch", "--root", root, "--into", tmp_path / "into", "--local")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    check(tmp_path / "into", {"id": "lxd-1", "hostname": "box", "ssh-keys": []}, "lxd")
    assert (tmp_path / "into/network-config").read_text().startswith("version: 2")


def test_nocloud_behind_a_url(up, tmp_path):
    """ds=nocloud;s=URL with the firmware's serial number in it."""
    root = make_tree(tmp_path / "root", {
        "dmi": {"product_serial": "42"},
        "kernel": "ds=nocloud;s=http://169.254.169.254/seed/__dmi.system-serial-number__/;h=other"})
    run(PROGRAM, "fetch", "--root", root, "--local", status=3)
    with up.serve("nocloud"):
        up.fetch(root, tmp_path / "into")
    check(tmp_path / "into", {"id": "seed-1", "hostname": "other", "ssh-keys": []}, "nocloud")


FAULTS = [
    ("silent", 1, ["169.254.169.254"]),
    ("endless", 1, ["more than 33554432 bytes"]),
    ("only-500", 1, ["status 503"]),
    ("redirect", 1, ["redirect"]),
    ("truncated", 1, ["169.254.169.254/metadata/v1.json"]),
    ("bad-json", 1, ["v1.json:1:"]),
    ("bad-utf8", 1, ["UTF-8"]),
    ("deep", 1, ["v1.json:1:"]),
    ("path-id", 1, ["‘../../etc’", "is a path"]),
]


@pytest.mark.parametrize("fault, status, words", FAULTS, ids=[row[0] for row in FAULTS])
def test_faults(fault, status, words, up, tmp_path):
    root = make_tree(tmp_path / "root", CASES["digitalocean"])
    with up.serve("digitalocean", fault):
        # what is tried again ends by the clock; 32 MiB may take a busy machine longer
        timeout_s = 120 if fault == "endless" else 3
        result = up.fetch(root, tmp_path / "into", status=status, timeout_s=timeout_s)
    for word in words:
        assert word in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "into").exists()


def test_passing_500s_are_tried_again(up, tmp_path):
    root = make_tree(tmp_path / "root", CASES["digitalocean"])
    with up.serve("digitalocean", "500s"):
        up.fetch(root, tmp_path / "into")
    check(tmp_path / "into", {"id": "2756294"}, "digitalocean")


def test_wrong_token_and_wrong_serial(up, tmp_path):
    """A service that takes no token of ours says so; another host's metadata is refused."""
    root = make_tree(tmp_path / "root", {**CASES["hetzner"], "dmi": {
        "sys_vendor": "Hetzner", "product_serial": "43"}})
    with up.serve("hetzner"):
        result = up.fetch(root, tmp_path / "into", status=1)
    assert "‘42’" in result.stderr and "‘43’" in result.stderr
    with up.serve("akamai"):
        result = up.fetch(root, tmp_path / "into", "--datasource", "vultr", status=1, timeout_s=2)
    assert "status 401" in result.stderr


def test_volumes_as_seeds(tmp_path):
    """Config drive, OpenNebula, OVF and Azure's volume: their files, as seed directories."""
    seed = "var/lib/cloud/seed/"
    drive = seed + "config_drive/openstack/latest/"
    context = (f"# Context variables\nSSH_PUBLIC_KEY='{KEY}'\nSET_HOSTNAME='one'\nVMID='7'\n"
               f"USER_DATA='{base64.b64encode(USER_DATA.encode()).decode()}'\n"
               f"USERDATA_ENCODING='base64'\nETH0_MAC='{MAC}'\nETH0_IP='10.3.0.4'\n"
               "ETH0_MASK='255.255.0.0'\nETH0_GATEWAY='10.3.0.1'\nETH0_DNS='1.1.1.1 9.9.9.9'\n"
               "ODD='it'\\''s $HOME `id`'\n")
    ovf = ('<Environment xmlns:oe="http://schemas.dmtf.org/ovf/environment/1"><PropertySection>'
           '<Property oe:key="instance-id" oe:value="ovf-1"/>'
           f'<Property oe:key="public-keys" oe:value="{KEY}"/>'
           f'<Property oe:key="user-data" oe:value="{metadata.B64}"/>'
           "</PropertySection></Environment>")
    cases = {
        "config-drive": ({drive + "meta_data.json": json.dumps(
            {"uuid": "cd-1", "hostname": "cd", "public_keys": {"k": KEY}}),
            drive + "user_data": USER_DATA}, {"id": "cd-1", "hostname": "cd"}),
        "opennebula": ({seed + "opennebula/context.sh": context},
                       {"id": "iid-opennebula-7", "hostname": "one"}),
        "ovf": ({seed + "ovf/ovf-env.xml": ovf}, {"id": "ovf-1"}),
    }
    for name, (files, wanted) in cases.items():
        root = make_tree(tmp_path / name, {"files": files})
        run(PROGRAM, "fetch", "--root", root, "--into", tmp_path / f"{name}-into", "--local")
        instance = check(tmp_path / f"{name}-into", wanted, name)
    assert instance
    odd = json.loads((tmp_path / "opennebula-into/instance.json").read_text())["meta-data"]["ODD"]
    assert odd == "it's $HOME `id`"
    text = run(PROGRAM, "network", tmp_path / "opennebula-into/network-config").stdout
    assert "Address=10.3.0.4/16" in text and "DNS=1.1.1.1 9.9.9.9" in text


@pytest.mark.parametrize("line", ["A=$(id)", "A=`id`", 'A="$HOME"', "A='open", "rm -rf /",
                                  "A=b; C=d | e", "=x", "A=b && c"])
def test_context_is_never_executed(line, tmp_path):
    root = make_tree(tmp_path / "root", {"files": {
        "var/lib/cloud/seed/opennebula/context.sh": f"B='1'\n{line}\n"}})
    result = run(PROGRAM, "fetch", "--root", root, "--local", status=1)
    assert "context.sh:2:" in result.stderr


def test_boot_keeps_the_instance(up, tmp_path):
    """Local step, network step; and the next boot of the same machine asks nobody."""
    root = make_tree(tmp_path / "root", CASES["ec2"])
    boot = ["ip", "netns", "exec", up.client, PROGRAM, "boot", "--root", root, "--timeout", "20"]
    with up.serve("ec2"):
        run(*boot, "local")
        assert (root / "run/atoll/provision/needs-network").exists()
        run(*boot, "network")
    kept = root / "run/atoll/provision"
    assert json.loads((kept / "instance.json").read_text())["id"] == "i-0123456789"
    assert list((root / "etc/systemd/network").glob("10-atoll-*.network"))
    run("rm", "-r", kept)
    run(*boot, "local")
    assert json.loads((kept / "instance.json").read_text())["id"] == "i-0123456789"
    assert not (kept / "needs-network").exists()
    run("rm", "-r", kept)
    (root / "sys/class/dmi/id/product_uuid").write_text("ec2abcde-ffff-0000-0000-000000000000\n")
    run(*boot, "local")
    assert (kept / "needs-network").exists() and not (kept / "instance.json").exists()
