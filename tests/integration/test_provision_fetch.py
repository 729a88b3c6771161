# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where Ignition's files come from, beside plain HTTP: TFTP, S3 with and without a signature, proxies,
servers of an authority of one's own."""
import datetime
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import urllib.parse

import pytest

from conftest import run
from ignition_configs import config
from test_ignition import open_dir, ours  # noqa: F401
from test_provision_datasources import net, up  # noqa: F401

KEY_ID, SECRET, SESSION = "AKIDEXAMPLE", "wJalrXUtnFEMI+EXAMPLE", "session/token=="
CREDENTIALS = json.dumps({"Code": "Success", "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET,
                          "Token": SESSION})


def file_from(url, **more):
    return config(ignition={"timeouts": {"httpResponseHeaders": 60}, **more},
                  storage={"files": [{"path": "/etc/x", "contents": {"source": url}}]})


class Tftp(threading.Thread):
    """RFC 1350, reading only, without options: what it does not know it leaves out (RFC 2347)."""

    def __init__(self, files):
        super().__init__(daemon=True)
        self.files, self.asked = files, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            request, peer = self.socket.recvfrom(65536)
            if not request:
                return
            name, mode = request[2:].split(b"\0")[:2]
            self.asked.append((name.decode(), mode.decode()))
            self.send(peer, self.files.get(name.decode().lstrip("/")))

    @staticmethod
    def send(peer, data):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as transfer:
            transfer.bind(("127.0.0.1", 0))
            transfer.settimeout(60)
            if data is None:
                transfer.sendto(struct.pack("!HH", 5, 1) + b"File not found\0", peer)
                return
            for number in range(len(data) // 512 + 1):
                block = struct.pack("!HH", 3, number + 1) + data[number * 512:][:512]
                transfer.sendto(block, peer)
                while transfer.recvfrom(516)[0] != struct.pack("!HH", 4, number + 1):
                    pass

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self.join()
        self.socket.close()


def test_tftp(ours):  # noqa: F811
    """Whole blocks and a rest, the empty last block, and a file that the server has not got."""
    data = os.urandom(2 * 512 + 7)
    server = Tftp({"dir/rest": data, "whole": data[:1024]})
    server.start()
    try:
        for name, size in (("dir/rest", 1031), ("whole", 1024)):
            (ours.root / "etc/x").unlink(missing_ok=True)
            good, words = ours.apply(file_from(f"tftp://127.0.0.1:{server.port}/{name}"))
            assert good, words
            assert (ours.root / "etc/x").read_bytes() == data[:size]
        (ours.root / "etc/x").unlink()
        good, words = ours.apply(file_from(f"tftp://127.0.0.1:{server.port}/none"))
        assert not good and f"tftp://127.0.0.1:{server.port}/none" in words, words
    finally:
        server.stop()
    assert {mode for _name, mode in server.asked} == {"octet"}


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy that has every page itself, and lets nobody through."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.seen.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"of the proxy")

    def do_CONNECT(self):  # pylint: disable=invalid-name
        self.server.seen.append(self.path)
        self.send_error(403)

    def log_message(self, *_args):
        pass


class Serving:
    """A server in a thread."""

    def __init__(self, handler, tls=None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.seen = []
        self.seen, self.port = self.server.seen, self.server.server_port
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_exc):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def test_proxies(ours):  # noqa: F811
    """httpProxy, httpsProxy and noProxy of the config itself."""
    with Serving(Proxy) as proxy, Serving(Proxy) as direct:
        name = f"http://127.0.0.1:{proxy.port}"
        own = f"127.0.0.1:{direct.port}"
        for url, more, asked, straight in (
                ("http://files.example/a", {}, ["http://files.example/a"], []),
                ("https://files.example/b", {}, ["files.example:443"], []),
                (f"http://{own}/c", {"noProxy": ["127.0.0.1"]}, [], ["/c"]),
                (f"http://{own}/d", {"noProxy": ["files.example"]}, [f"http://{own}/d"], [])):
            for server in (proxy, direct):
                server.seen.clear()
            (ours.root / "etc/x").unlink(missing_ok=True)
            good, words = ours.apply(file_from(
                url, version="3.1.0", proxy={"httpProxy": name, "httpsProxy": name, **more}))
            assert good == url.startswith("http:"), words
            assert sorted(set(proxy.seen)) == asked and direct.seen == straight


def make_certificate(directory, *names):
    """A self-signed one: both the authority and the server."""
    key, certificate = directory / "key.pem", directory / "cert.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", "2", "-subj", "/CN=test", "-addext",
        "subjectAltName=" + ",".join(names), "-keyout", key, "-out", certificate)
    return key, certificate


def test_own_authority(ours, tmp_path):  # noqa: F811
    """A server whose authority only the config names."""
    key, certificate = make_certificate(tmp_path, "IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    authority = "data:," + urllib.parse.quote(certificate.read_text())
    with Serving(Proxy, context) as server:
        url = f"https://127.0.0.1:{server.port}/x"
        good, words = ours.apply(file_from(url))
        assert not good and url in words and server.seen == []
        good, words = ours.apply(file_from(
            url, security={"tls": {"certificateAuthorities": [{"source": authority}]}}))
        assert good, words
    assert (ours.root / "etc/x").read_bytes() == b"of the proxy"


def sign(method, path, query, headers, secret, scope, stamp):
    """AWS's signature, version 4, of a request without a body."""
    names = sorted(headers)
    canonical = "\n".join([method, path, query, *(f"{name}:{headers[name]}" for name in names), "",
                           ";".join(names), headers["x-amz-content-sha256"]])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Bucket(http.server.BaseHTTPRequestHandler):
    """S3: `public` is everybody's, `private` wants a signature by the role's credentials."""

    def do_GET(self):  # pylint: disable=invalid-name
        why = "" if self.path == "/public/a" else self.refuse()
        data = (self.path if why == "" else why).encode()
        self.send_response(200 if why == "" else 403)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        print(self.headers["Host"], self.path, why or "fine", flush=True)

    def refuse(self):
        kind, _, rest = self.headers.get("Authorization", "").partition(" ")
        if kind != "AWS4-HMAC-SHA256":
            return "not signed"
        words = dict(word.strip().split("=", 1) for word in rest.split(","))
        key, scope = words["Credential"].split("/", 1)
        stamp = self.headers["X-Amz-Date"]
        age = datetime.datetime.utcnow() - datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
        headers = {name: self.headers[name] for name in words["SignedHeaders"].split(";")}
        missing = {"host", "x-amz-content-sha256", "x-amz-security-token"} - set(headers)
        path, _, query = self.path.partition("?")
        if scope != f"{stamp[:8]}/eu-west-1/s3/aws4_request" or abs(age.total_seconds()) > 900:
            return f"wrong scope: {scope}"
        if self.headers["X-Amz-Security-Token"] != SESSION or key != KEY_ID:
            return "wrong token"
        if missing or headers["x-amz-content-sha256"] != hashlib.sha256(b"").hexdigest():
            return f"not signed: {missing}"
        good = hmac.compare_digest(words["Signature"],
                                   sign("GET", path, query, headers, SECRET, scope, stamp))
        return "" if good else "wrong signature"

    def log_message(self, *_args):
        pass


class Role(http.server.BaseHTTPRequestHandler):
    """EC2's metadata, as far as a role goes."""

    def answer(self, text):
        self.send_response(200 if text is not None else 404)
        self.send_header("Content-Length", str(len(text or "")))
        self.end_headers()
        self.wfile.write((text or "").encode())

    def do_PUT(self):  # pylint: disable=invalid-name
        self.answer("t0ken" if self.path == "/latest/api/token" else None)

    def do_GET(self):  # pylint: disable=invalid-name
        if self.headers.get("X-aws-ec2-metadata-token") != "t0ken":
            self.send_error(401)
            return
        self.answer({"/latest/meta-data/iam/security-credentials/": "role",
                     "/latest/meta-data/iam/security-credentials/role": CREDENTIALS,
                     "/latest/meta-data/placement/region": "eu-west-1"}.get(self.path))

    def log_message(self, *_args):
        pass


def serve_amazon(certificate, key):
    """In the namespace of the services: S3 at 443, metadata at 80."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    bucket = http.server.ThreadingHTTPServer(("169.254.169.254", 443), Bucket)
    bucket.socket = context.wrap_socket(bucket.socket, server_side=True)
    role = http.server.ThreadingHTTPServer(("169.254.169.254", 80), Role)
    threading.Thread(target=role.serve_forever, daemon=True).start()
    print("ready", flush=True)
    bucket.serve_forever()


def test_s3(up, ours, tmp_path):  # noqa: F811
    """A public object; a private one, asked for again with a signature that the server checks."""
    hosts = [f"{name}.s3{region}.amazonaws.com" for name in ("open", "own")
             for region in ("", ".eu-west-1")]
    key, certificate = make_certificate(tmp_path, *(f"DNS:{host}" for host in hosts))
    authority = "data:," + urllib.parse.quote(certificate.read_text())
    names = pathlib.Path(f"/etc/netns/{up.client}")
    names.mkdir(parents=True)
    (names / "hosts").write_text("".join(f"169.254.169.254 {host}\n" for host in hosts))
    process = subprocess.Popen(
        ["ip", "netns", "exec", up.server, "/usr/bin/python3", "-c",
         f"import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r})\n"
         f"import test_provision_fetch as t; t.serve_amazon({str(certificate)!r}, {str(key)!r})"],
        stdout=subprocess.PIPE, text=True)
    link = ours.program
    ours.program = link.with_name("in-namespace")
    ours.program.write_text(f'#!/bin/sh\nexec ip netns exec {up.client} {link} "$@"\n')
    ours.program.chmod(0o755)
    try:
        assert process.stdout.readline() == "ready\n"
        for url, version, content in (("s3://open/public/a", "3.2.0", "/public/a"),
                                      ("s3://own/private/b%20c", "3.2.0", "/private/b%20c"),
                                      ("arn:aws:s3:::own/private/d", "3.4.0", "/private/d")):
            (ours.root / "etc/x").unlink(missing_ok=True)
            good, words = ours.apply(file_from(url, version=version, security={
                "tls": {"certificateAuthorities": [{"source": authority}]}}))
            assert good, words
            assert (ours.root / "etc/x").read_text() == content
            assert SECRET not in words and SESSION not in words
    finally:
        process.kill()
        seen = process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        (names / "hosts").unlink()
        names.rmdir()
    assert seen == ["open.s3.amazonaws.com /public/a fine",
                    "own.s3.amazonaws.com /private/b%20c not signed",
                    "own.s3.eu-west-1.amazonaws.com /private/b%20c fine",
                    "own.s3.amazonaws.com /private/d not signed",
                    "own.s3.eu-west-1.amazonaws.com /private/d fine"]
