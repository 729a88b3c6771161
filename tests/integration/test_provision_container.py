# SPDX-License-Identifier: LGPL-2.1-or-later
"""First and later boots by systemd, in a container: the units, their order, and all that a stage
leaves to the next. test_provision_boot.py boots the same on disks in QEMU."""
import json

import metadata
from metadata import MAC
from provisioncontainer import Container
from test_provision_boot import check_host, ec2_service, expect, journal, user_data
from test_provision_datasources import net, up  # noqa: F401

pytest_plugins = ["provisioncontainer"]

STATIC = "[Match]\nName=eth0\n[Network]\nAddress=169.254.10.1/16\nLinkLocalAddressing=no\n"
# there is no card that could come up, or no server for its DHCP
ONLINE = ("etc/systemd/system/systemd-networkd-wait-online.service.d/test.conf",
          "[Service]\nExecStart=\nExecStart=/bin/true\n")


def check_nothing_to_do(host, changed=""):
    """A later boot: the first unit finds that all is as it was, and no other runs."""
    status = host.run("cloud-init status --wait --long")
    assert "status: done" in status.output, status.output + journal(host)
    expect(host, {
        "cat /var/lib/ran": "ran\nactive",
        "ls /run/atoll/provision/settled": "/run/atoll/provision/settled",
        "journalctl -b -o cat -u atoll-provision-network -u atoll-provision-config "
        "-u atoll-provision-final | grep -c -e Starting -e Finished": "0",
        "systemctl list-units --failed --plain --no-legend": "",
    })


def test_nocloud_seed(provision_tree, tmp_path):
    """Without any network; the next boot has nothing to do, and a new instance everything."""
    with Container(provision_tree, tmp_path) as host:
        seed = "var/lib/cloud/seed/nocloud"
        host.write(f"{seed}/user-data", user_data("seed-host"))
        host.write(f"{seed}/meta-data", "instance-id: seed-1\n")
        host.write(*ONLINE)
        host.boot()
        check_host(host, "seed-host", "nocloud", "seed-1")
        assert host.run("ls /run/atoll/provision/needs-network").status != 0
        hashes = "while pgrep -x ssh-keygen; do sleep 1; done > /dev/null; " \
                 "sha256sum /etc/ssh/ssh_host_*_key /etc/shadow /etc/passwd"
        keys = host.check(hashes)
        host.restart()
        check_nothing_to_do(host)
        assert host.check(hashes) == keys
        host.write(f"{seed}/meta-data", "instance-id: seed-2\n")
        host.restart()
        assert "status: done" in host.run("cloud-init status --wait --long").output
        expect(host, {
            "cat /var/lib/ran": "ran\nactive\nran\nactive",
            "readlink /var/lib/cloud/instance": "/var/lib/cloud/instances/seed-2",
            "systemctl list-units --failed --plain --no-legend": "",
        })
        assert host.check(hashes) != keys
        host.power_off()


def test_config_drive_seed(provision_tree, up, tmp_path):  # noqa: F811
    """network_data.json is what systemd-networkd makes of the card."""
    up.down()
    meta = {"uuid": "drive-1", "hostname": "from-metadata", "public_keys": {"k": metadata.KEY}}
    links = {"links": [{"id": "tap0", "type": "ovs", "ethernet_mac_address": MAC}],
             "networks": [{"id": "n", "type": "ipv4", "link": "tap0", "ip_address": "10.9.2.99",
                           "netmask": "255.255.255.0", "routes": [
                               {"network": "0.0.0.0", "netmask": "0.0.0.0",
                                "gateway": "10.9.2.2"}]}], "services": []}
    with Container(provision_tree, tmp_path, up.client) as host:
        seed = "var/lib/cloud/seed/config_drive/openstack/latest"
        host.write(f"{seed}/meta_data.json", json.dumps(meta))
        host.write(f"{seed}/network_data.json", json.dumps(links))
        host.write(f"{seed}/user_data", user_data("drive-host"))
        host.boot()
        check_host(host, "drive-host", "config-drive", "drive-1")
        assert "10.9.2.99/24" in host.check("ip -4 -o addr")
        assert "default via 10.9.2.2" in host.check("ip route")
        host.restart()
        check_nothing_to_do(host)
        assert "10.9.2.99/24" in host.check("ip -4 -o addr")
        host.power_off()


def test_ec2_that_is_not_there(provision_tree, tmp_path):
    """Whoever waits for the end of the boot is told that there is none."""
    with Container(provision_tree, tmp_path) as host:
        host.write("etc/cloud/cloud.cfg.d/90.cfg", "datasource_list: [Ec2]\n")
        host.write("etc/systemd/system/atoll-provision-network.service.d/test.conf",
                   "[Service]\nExecStart=\nExecStart=/usr/bin/atoll-provision boot --apply network "
                   "--timeout 3\n")
        host.write(*ONLINE)
        host.boot()
        status = host.run("cloud-init status --wait --long")
        assert status.status == 1 and "status: error" in status.output, status.output
        assert "169.254.169.254" in status.output
        host.power_off()


def test_ec2(provision_tree, up, tmp_path):  # noqa: F811
    """The service at its own address is asked once there is a network; a later boot asks nobody."""
    up.down()
    with Container(provision_tree, tmp_path, up.client) as host:
        host.write("etc/cloud/cloud.cfg.d/90.cfg", "datasource_list: [Ec2]\n")
        host.write("etc/systemd/network/10-static.network", STATIC)
        host.write(*ONLINE)
        with ec2_service(user_data("ec2-host"), "ip", "netns", "exec", up.server,
                         address="169.254.169.254", port=80) as port:
            assert port == 80
            host.boot()
            check_host(host, "ec2-host", "ec2", "i-0123456789")
        host.restart()
        check_nothing_to_do(host)
        host.power_off()
