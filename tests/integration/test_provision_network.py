# SPDX-License-Identifier: LGPL-2.1-or-later
"""Network configurations as systemd-networkd's files, against those of cloud-init's own renderer.

Oracle: Debian's cloud-init (devel net-convert), unpacked beside, never installed. It makes no
bonds, bridges and VLANs for networkd: they are not compared.
"""
import os
import subprocess

import pytest
import yaml

from conftest import BUILD, run
from test_provision_read import PACKAGES

PROGRAM = BUILD / "src/programs/atoll-provision"
MAC = "52:54:00:12:34:56"

CASES = {
    "dhcp": {"eth0": {"dhcp4": True}},
    "dhcp-both": {"eth0": {"dhcp4": True, "dhcp6": True}},
    "static": {"eth0": {"addresses": ["192.0.2.5/24", "2001:db8::5/64"], "gateway4": "192.0.2.1",
                        "gateway6": "2001:db8::1",
                        "nameservers": {"addresses": ["192.0.2.53", "2001:db8::53"],
                                        "search": ["a.example", "b.example"]}}},
    "match-and-rename": {"nic": {"match": {"macaddress": MAC}, "set-name": "lan0", "dhcp4": True}},
    "routes": {"eth0": {"addresses": ["192.0.2.5/24"], "routes": [
        {"to": "198.51.100.0/24", "via": "192.0.2.9", "metric": 50},
        {"to": "0.0.0.0/0", "via": "192.0.2.1"}]}},
    "mtu": {"eth0": {"dhcp4": True, "mtu": 1450}},
    "metric-and-dns": {"eth0": {"dhcp4": True, "dhcp4-overrides": {"route-metric": 300,
                                                                   "use-dns": False}}},
    "ra": {"eth0": {"dhcp6": True, "accept-ra": False}},
    "two": {"eth0": {"dhcp4": True}, "eth1": {"addresses": ["10.0.0.9/16"]}},
}


@pytest.fixture(scope="session")
def convert(tmp_path_factory):
    """convert(path, directory): cloud-init's files for a network configuration."""
    directory = tmp_path_factory.mktemp("cloudinit-net")
    got = subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=directory,
                         capture_output=True, text=True, check=False)
    if got.returncode != 0:
        pytest.skip("Debian's cloud-init cannot be downloaded: " + got.stderr.strip()[-200:])
    for package in directory.glob("*.deb"):
        run("dpkg-deb", "-x", package, directory / "root")
    env = dict(os.environ, PYTHONPATH=str(directory / "root/usr/lib/python3/dist-packages"))

    def convert_one(path, target):
        run("/usr/bin/python3", "-m", "cloudinit.cmd.main", "devel", "net-convert", "-p", path,
            "-k", "yaml", "-d", target, "-D", "debian", "-O", "networkd", env=env, cwd=target)
        return target / "etc/systemd/network"
    return convert_one


def read(directory):
    """What .network files say: {interface: {(section, key, value), …}}."""
    result = {}
    for path in sorted(directory.glob("*.network")):
        facts, section, route, name = set(), "", {}, None

        def end_route():
            if route:
                facts.add(("Route", frozenset(route.items())))
                route.clear()
        for line in path.read_text().splitlines():
            line = line.strip()
            if line.startswith("["):
                end_route()
                section = line.strip("[]")
            elif "=" in line and not line.startswith("#"):
                key, value = line.split("=", 1)
                if section == "Match" and key == "Name":
                    name = value
                if section == "Route":
                    route[key] = value
                elif key == "Address":
                    facts.add(("Address", value))
                elif key in ("DNS", "Domains"):
                    facts.update((key, word) for word in value.split())
                else:
                    facts.add((section, key, value))
        end_route()
        result[name] = facts
    return result


def normal(facts):
    """The same said in two ways: a default route with or without its destination; what only one of
    the two says on purpose."""
    result = set()
    for fact in facts:
        if fact[0] == "Route":
            route = dict(fact[1])
            route.pop("Metric", None)  # cloud-init's renderer loses it
            if route.get("Destination") in ("0.0.0.0/0", "::/0"):
                del route["Destination"]
            result.add(("Route", frozenset(route.items())))
        elif fact[:2] == ("DHCPv4", "UseMTU"):
            continue  # ours: clouds say by DHCP that their packets are smaller
        elif fact[0] in ("DHCPv4", "DHCPv6") and fact[1] == "UseDNS" and fact[2].lower() in (
                "true", "yes"):
            continue  # systemd's default
        else:
            result.add(tuple({"True": "yes", "False": "no", "true": "yes", "false": "no"}.get(
                word, word) for word in fact))
    return result


@pytest.mark.parametrize("name", CASES)
def test_as_cloud_init(name, convert, tmp_path):
    path = tmp_path / "network-config"
    path.write_text(yaml.safe_dump({"network": {"version": 2, "ethernets": CASES[name]}}))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs = read(convert(path, tmp_path / "theirs"))
    run(PROGRAM, "network", "--root", tmp_path / "ours", path)
    ours = read(tmp_path / "ours/etc/systemd/network")
    assert set(ours) == set(theirs)
    if name == "routes":
        assert "Metric=50" in (tmp_path / "ours/etc/systemd/network/10-atoll-eth0.network").read_text()
    for interface, facts in theirs.items():
        assert normal(ours[interface]) == normal(facts), interface
