# SPDX-License-Identifier: LGPL-2.1-or-later
"""Metadata services as their platforms document them, for tests in a network namespace.

    python3 metadata.py PLATFORM [FAULT]

listens on port 80 (and 8080) of every address, prints "ready", and serves until it is ended. Every
service checks what its original checks: tokens, headers, methods, the port that one comes from.
"""
import base64
import gzip
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPm0 admin@example"
USER_DATA = "#cloud-config\nhostname: fetched\n"
B64 = base64.b64encode(USER_DATA.encode()).decode()
MAC = "52:54:00:12:34:56"
TOKEN = "dG9rZW4="

log = []


def tree(files):
    """EC2's tree: a directory lists its names; that of a directory ends in a slash."""
    def serve(path):
        path = path.split("?")[0].lstrip("/")
        if path in files:
            return 200, files[path]
        prefix = path.rstrip("/") + "/"
        names = []
        for name in files:
            if name.startswith(prefix):
                rest = name[len(prefix):]
                word = rest.split("/")[0] + ("/" if "/" in rest else "")
                if word not in names:
                    names.append(word)
        return (200, "\n".join(names)) if names else (404, "")
    return serve


def ec2_files(version="2021-03-23", **more):
    base = f"{version}/meta-data/"
    mac = f"{base}network/interfaces/macs/{MAC}/"
    files = {
        base + "instance-id": "i-0123456789",
        base + "local-hostname": "ip-10-0-0-4",
        base + "placement/availability-zone": "eu-west-1a",
        base + "placement/region": "eu-west-1",
        mac + "device-number": "0",
        mac + "local-ipv4s": "10.0.0.4\n10.0.0.5",
        mac + "subnet-ipv4-cidr-block": "10.0.0.0/24",
        base + "iam/security-credentials/role": "SECRET",
        f"{version}/user-data": USER_DATA,
    }
    files.update(more)
    return files


def with_keys(serve, version):
    """“0=name” in the list, the key below “0/”."""
    def wrapped(path):
        path = path.split("?")[0]
        base = f"/{version}/meta-data/"
        if path == base:
            return 200, serve(path)[1] + "\npublic-keys/"
        if path == base + "public-keys/":
            return 200, "0=my key"
        if path == base + "public-keys/0/openssh-key":
            return 200, KEY
        return serve(path)
    return wrapped


def tokened(serve, path, ttl, header, method="PUT"):
    """A token first; without it 401."""
    def handle(request):
        if request.path == path:
            if request.command != method or request.headers.get(ttl) is None:
                return 405, ""
            return 200, TOKEN
        if request.headers.get(header) != TOKEN:
            return 401, ""
        return serve(request.path)
    return handle


def plain(serve):
    return lambda request: serve(request.path)


def need(header, value, serve, status=403):
    def handle(request):
        if request.headers.get(header) != value:
            return status, ""
        return serve(request.path)
    return handle


def documents(files):
    def serve(path):
        if path not in files:
            return 404, ""
        body = files[path]
        return 200, body if isinstance(body, (str, bytes)) else json.dumps(body)
    return serve


def cloudstack(request):
    if request.headers.get("DomU_Request") is not None:
        return 200, {"send_my_password": "pass word", "saved_password": "saved_password"}.get(
            request.headers["DomU_Request"], "bad_request")
    return tree({
        "latest/meta-data/instance-id": "cs-1", "latest/meta-data/local-hostname": "cs-host",
        "latest/meta-data/public-keys": KEY + "\n" + KEY.replace("admin", "second"),
        "latest/meta-data/availability-zone": "zone1", "latest/user-data": USER_DATA})(request.path)


def exoscale(request):
    if request.headers.get("DomU_Request") is not None:
        return 200, "saved_password"
    return tree({"1.0/meta-data/instance-id": "exo-1", "1.0/meta-data/local-hostname": "exo",
                 "1.0/user-data": USER_DATA})(request.path)


def scaleway(request):
    if request.path == "/conf?format=json":
        return 200, json.dumps({
            "id": "sc-1", "hostname": "scw", "location": {"zone_id": "par1"},
            "ssh_public_keys": [{"key": KEY}],
            "tags": ["x", "AUTHORIZED_KEY=ssh-rsa_AAAA_tag"]})
    if request.client_address[1] >= 1024:
        return 403, ""
    return (200, USER_DATA) if request.path == "/user_data/cloud-init" else (404, "")


GOAL = """<?xml version="1.0" encoding="utf-8"?>
<GoalState><Incarnation>7</Incarnation><Container><ContainerId>c-1</ContainerId><RoleInstanceList>
<RoleInstance><InstanceId>r-1</InstanceId></RoleInstance></RoleInstanceList></Container></GoalState>
"""
azure_asked = []


def azure(request):
    if request.path.startswith("/machine"):
        if request.headers.get("x-ms-version") != "2012-11-30":
            return 400, ""
        if request.command == "POST":
            body = request.rfile.read(int(request.headers["Content-Length"])).decode()
            good = all(f"<{n}>{v}</{n}>" in body for n, v in (
                ("GoalStateIncarnation", 7), ("ContainerId", "c-1"), ("InstanceId", "r-1"),
                ("State", "Ready")))
            print("reported" if good else "bad report", flush=True)
            return (200, "") if good else (400, "")
        return 200, GOAL
    if request.headers.get("Metadata") != "true":
        return 400, ""
    azure_asked.append(request.path)
    if len(azure_asked) < 3:  # not yet there, as it is while the host is being made
        return (404, "") if len(azure_asked) == 1 else (429, "")
    if request.path.startswith("/metadata/instance/compute/userData"):
        return 200, B64
    return 200, json.dumps({
        "compute": {"vmId": "vm-1", "location": "westeurope", "zone": "2",
                    "osProfile": {"computerName": "az-host", "adminUsername": "azadmin"},
                    "publicKeys": [{"keyData": KEY.replace("AAAAIPm0", "\r\nAAAAIPm0"), "path": "x"}]},
        "network": {"interface": [{
            "macAddress": MAC.replace(":", "").upper(),
            "ipv4": {"ipAddress": [{"privateIpAddress": "10.1.0.4"}, {"privateIpAddress": "10.1.0.9"}],
                     "subnet": [{"address": "10.1.0.0", "prefix": "16"}]},
            "ipv6": {"ipAddress": []}}]}})


OPENSTACK = {
    "/openstack": "2012-08-10\n2018-08-27\nlatest",
    "/openstack/2018-08-27/meta_data.json": {
        "uuid": "os-1", "hostname": "os-host", "availability_zone": "nova", "admin_pass": "secret",
        "public_keys": {"a": KEY}},
    "/openstack/2018-08-27/user_data": USER_DATA,
    "/openstack/2018-08-27/vendor_data.json": {"cloud-init": "#cloud-config\n{}\n"},
    "/openstack/2018-08-27/network_data.json": {
        "links": [{"id": "tap1", "type": "ovs", "mtu": 1450, "ethernet_mac_address": MAC},
                  {"id": "b0", "type": "bond", "bond_mode": "802.3ad", "bond_links": ["tap1"],
                   "ethernet_mac_address": MAC},
                  {"id": "v0", "type": "vlan", "vlan_id": 101, "vlan_link": "b0",
                   "vlan_mac_address": MAC}],
        "networks": [{"id": "n0", "type": "ipv4", "link": "v0", "ip_address": "10.2.0.7",
                      "netmask": "255.255.240.0",
                      "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.2.0.1"},
                                 {"network": "10.9.0.0", "netmask": "255.255.0.0",
                                  "gateway": "10.2.0.2"}]},
                     {"id": "n1", "type": "ipv6_slaac", "link": "v0"}],
        "services": [{"type": "dns", "address": "8.8.4.4"}]},
}

DIGITALOCEAN = {"/metadata/v1.json": {
    "droplet_id": 2756294, "hostname": "droplet", "region": "nyc3", "public_keys": [KEY],
    "user_data": USER_DATA, "dns": {"nameservers": ["67.207.67.2"]},
    "interfaces": {"public": [{
        "mac": MAC, "type": "public",
        "ipv4": {"ip_address": "198.51.100.7", "netmask": "255.255.240.0", "gateway": "198.51.96.1"},
        "ipv6": {"ip_address": "2001:db8::7", "cidr": 64, "gateway": "2001:db8::1"},
        "anchor_ipv4": {"ip_address": "10.17.0.5", "netmask": "255.255.0.0",
                        "gateway": "10.17.0.1"}}]}}}

GCE = {
    "/computeMetadata/v1/instance/?recursive=true": {
        "id": 1234567890123456789, "hostname": "gce.c.project.internal",
        "zone": "projects/1/zones/europe-west1-b",
        "attributes": {"user-data": B64, "user-data-encoding": "base64",
                       "ssh-keys": f"admin:{KEY}\nold:ssh-rsa AAAA google-ssh "
                                   '{"userName":"old","expireOn":"2020-01-01T00:00:00+0000"}'}},
    "/computeMetadata/v1/project/?recursive=true": {
        "attributes": {"ssh-keys": "other:ssh-rsa BBBB other"}}}

ORACLE = {
    "/opc/v2/instance/": {"id": "ocid1", "hostname": "oci", "canonicalRegionName": "eu-frankfurt-1",
                          "availabilityDomain": "AD-1",
                          "metadata": {"user_data": B64, "ssh_authorized_keys": KEY}},
    "/opc/v2/vnics/": [{"macAddr": MAC, "privateIp": "10.0.0.2", "subnetCidrBlock": "10.0.0.0/24"},
                       {"macAddr": "52:54:00:aa:bb:cc", "privateIp": "10.0.5.2",
                        "subnetCidrBlock": "10.0.5.0/28"}]}

VULTR = {"/v1.json": {
    "instanceid": "1", "instance-v2-id": "vultr-1", "hostname": "vultr", "public-keys": KEY,
    "region": {"regioncode": "EWR"},
    "interfaces": [{"mac": MAC, "network-type": "public",
                    "ipv4": {"address": "192.0.2.4", "netmask": "255.255.254.0",
                             "additional": [{"address": "192.0.2.9", "netmask": "255.255.254.0"}]},
                    "ipv6": {"additional": [{"network": "2001:db8:5::", "prefix": "64"}]}},
                   {"mac": "5a:00:00:00:00:01", "network-type": "private",
                    "ipv4": {"address": "10.7.0.3", "netmask": "255.255.0.0"}}]},
    "/user-data/user-data": USER_DATA}

UPCLOUD = {"/metadata/v1.json": {
    "instance_id": "uc-1", "hostname": "upcloud", "region": "fi-hel1", "public_keys": [KEY],
    "user_data": USER_DATA,
    "network": {"interfaces": [{"mac": MAC, "type": "public", "ip_addresses": [
        {"address": "94.237.1.2", "dhcp": True, "dns": ["94.237.127.9"], "family": "IPv4",
         "floating": False, "gateway": "94.237.0.1", "network": "94.237.0.0/22"},
        {"address": "2a04:3540::2", "dhcp": False, "family": "IPv6", "floating": False,
         "gateway": "2a04:3540::1", "network": "2a04:3540::/64"}]}]}}}

HETZNER = {
    "/hetzner/v1/metadata": f"""
hostname: hz
instance-id: 42
region: eu-central
availability-zone: nbg1-dc3
public-keys:
- {KEY}
network-config:
  version: 1
  config:
  - {{type: physical, name: eth0, mac_address: "{MAC}", subnets: [{{type: dhcp}}]}}
""",
    "/hetzner/v1/userdata": B64}

AKAMAI = {"/v1/instance": {"id": 99, "label": "lin", "region": "eu-west"},
          "/v1/ssh-keys": {"users": {"root": [KEY]}},
          "/v1/user-data": base64.b64encode(gzip.compress(USER_DATA.encode(), mtime=0)).decode()}

LXD = {"/1.0/meta-data": "instance-id: lxd-1\nlocal-hostname: box\n",
       "/1.0/config/user.user-data": "#cloud-config\nhostname: old\n",
       "/1.0/config/cloud-init.user-data": USER_DATA,
       "/1.0/config/user.network-config": "version: 2\nethernets: {eth0: {dhcp4: true}}\n"}

SEED = {"/seed/42/meta-data": "instance-id: seed-1\nlocal-hostname: sown\n",
        "/seed/42/user-data": USER_DATA}

PLATFORMS = {
    "ec2": tokened(with_keys(tree(ec2_files()), "2021-03-23"), "/latest/api/token",
                   "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"),
    "ec2-v1": plain(tree(ec2_files("2009-04-04"))),
    "brightbox": plain(tree(ec2_files("2009-04-04"))),
    "alibaba": tokened(tree(ec2_files("latest")), "/latest/api/token",
                       "X-aliyun-ecs-metadata-token-ttl-seconds", "X-aliyun-ecs-metadata-token"),
    "openstack": plain(documents(OPENSTACK)),
    "gce": need("Metadata-Flavor", "Google", documents(GCE)),
    "azure": azure,
    "digitalocean": plain(documents(DIGITALOCEAN)),
    "hetzner": plain(documents(HETZNER)),
    "vultr": need("Metadata-Token", "cloudinit", documents(VULTR)),
    "akamai": tokened(documents(AKAMAI), "/v1/token", "Metadata-Token-Expiry-Seconds",
                      "Metadata-Token"),
    "scaleway": scaleway,
    "exoscale": exoscale,
    "cloudstack": cloudstack,
    "oracle": need("Authorization", "Bearer Oracle", documents(ORACLE), 404),
    "upcloud": plain(documents(UPCLOUD)),
    "lxd": plain(documents(LXD)),
    "nocloud": plain(documents(SEED)),
}


def make_fault(name, inner):
    """What a broken or hostile service does instead."""
    seen = []

    def handle(request):
        seen.append(request.path)
        if name == "500s":
            return (500, "") if len(seen) <= 3 else inner(request)
        if name == "only-500":
            return 503, ""
        if name == "redirect":
            request.send_response(302)
            request.send_header("Location", f"/again{len(seen)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return None
        if name == "silent":
            time.sleep(600)
        if name == "endless":
            request.send_response(200)
            request.send_header("Content-Length", str(3 << 30))
            request.end_headers()
            block = b"#" * (1 << 20)
            for _ in range(3 << 10):
                request.wfile.write(block)
            return None
        if name == "truncated":
            request.send_response(200)
            request.send_header("Content-Length", "1000")
            request.end_headers()
            request.wfile.write(b'{"droplet_id": 1')
            request.wfile.flush()
            request.close_connection = True
            return None
        if name == "bad-json":
            return 200, '{"droplet_id": 1,'
        if name == "bad-utf8":
            return 200, b'{"droplet_id": "\xff\xfe"}'
        if name == "path-id":
            return 200, '{"droplet_id": "../../etc"}'
        if name == "deep":
            return 200, "[" * 100000
        raise AssertionError(name)
    return handle


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    handle_request = None

    def answer(self):
        result = type(self).handle_request(self)
        if result is None:
            return
        status, body = result
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = answer

    def address_string(self):
        return "client"

    def log_message(self, *_args):
        pass


class Server6(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class UnixServer(ThreadingHTTPServer):
    address_family = socket.AF_UNIX
    daemon_threads = True

    def server_bind(self):
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "lxd", 0

    def get_request(self):
        request, _ = self.socket.accept()
        return request, ("socket", 0)


def main(platform, fault="", path=""):
    inner = PLATFORMS[platform]
    Handler.handle_request = staticmethod(make_fault(fault, inner) if fault else inner)
    if path:
        servers = [UnixServer(path, Handler)]
    else:
        servers = [Server6(("::", port), Handler) for port in (80, 8080)]
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    threads[0].join()


if __name__ == "__main__":
    main(*sys.argv[1:])
