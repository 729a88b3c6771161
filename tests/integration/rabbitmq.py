# SPDX-License-Identifier: LGPL-2.1-or-later
"""A RabbitMQ of the tests' own: free ports, a directory, its own epmd; with TLS and EXTERNAL."""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pika
import pytest

from database import free_port, wait_until

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
PASSWORD = "ge-heim"


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def hash_password(password):
    salt = b"salz"
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def openssl(directory, *words):
    subprocess.run(["openssl", *[str(word) for word in words]], cwd=directory, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_authority(directory, name="ca"):
    openssl(directory, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj",
            f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")


def make_certificate(directory, name, common_name, authority="ca"):
    """NAME.key and NAME.crt for COMMON_NAME and localhost."""
    (directory / f"{name}.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(directory, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={common_name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(directory, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey",
            f"{authority}.key", "-CAcreateserial", "-days", 2, "-extfile", f"{name}.ext", "-out",
            f"{name}.crt")


class Broker:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="atoll-rabbit-", dir="/tmp"))
        self.port = free_port()
        self.tls_port = free_port()
        make_authority(self.directory)
        make_authority(self.directory, "other")
        make_certificate(self.directory, "server", "localhost")
        make_certificate(self.directory, "client", "atoll-client")
        self.epmd_port = free_port()
        self.env = dict(
            os.environ, HOME=str(self.directory), LC_ALL="C.UTF-8",
            ERL_EPMD_PORT=str(self.epmd_port), ERL_EPMD_ADDRESS="127.0.0.1",
            RABBITMQ_NODENAME=f"atoll{self.port}@localhost",
            RABBITMQ_DIST_PORT=str(free_port()),
            RABBITMQ_MNESIA_BASE=str(self.directory / "mnesia"),
            RABBITMQ_LOG_BASE=str(self.directory / "log"),
            RABBITMQ_CONFIG_FILE=str(self.directory / "rabbitmq.conf"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.directory / "plugins"),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 +sbwt none")
        self.write_config()
        self.epmd = subprocess.Popen(["epmd", "-port", str(self.epmd_port)], env=self.env,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # else the server starts one of its own, which nobody would end
        wait_until(lambda: is_open(self.epmd_port))
        self.server = None
        self.start()

    def write_config(self):
        d = self.directory
        (d / "plugins").write_text("[rabbitmq_auth_mechanism_ssl].\n")
        everything = {"vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
        names = {"guest": "guest", "atoll": PASSWORD, "atoll-client": None}
        (d / "definitions.json").write_text(json.dumps({
            "vhosts": [{"name": "/"}],
            "users": [{"name": name, "tags": "",
                       "password_hash": hash_password(word) if word else "",
                       "hashing_algorithm": "rabbit_password_hashing_sha256"}
                      for name, word in names.items()],
            "permissions": [dict(everything, user=name) for name in names]}))
        (d / "rabbitmq.conf").write_text(f"""\
listeners.tcp.1 = 127.0.0.1:{self.port}
listeners.ssl.1 = 127.0.0.1:{self.tls_port}
ssl_options.cacertfile = {d}/ca.crt
ssl_options.certfile = {d}/server.crt
ssl_options.keyfile = {d}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
load_definitions = {d}/definitions.json
disk_free_limit.absolute = 1MB
log.console = false
""")

    def start(self):
        self.server = subprocess.Popen([SERVER], env=self.env, cwd=self.directory,
                                       start_new_session=True, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.STDOUT)
        end = time.monotonic() + 300
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                self.connect().close()
                return
            except (pika.exceptions.AMQPError, OSError):
                if self.server.poll() is not None or time.monotonic() > end:
                    logs = "".join(p.read_text(errors="replace")[-3000:]
                                   for p in (self.directory / "log").glob("*.log"))
                    pytest.fail("RabbitMQ did not start: " + logs)
                time.sleep(0.2)

    def kill(self):
        """As if the power failed."""
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def control(self, *words):
        """rabbitmqctl"""
        subprocess.run(["/usr/lib/rabbitmq/bin/rabbitmqctl", "-q", *[str(w) for w in words]],
                       env=self.env, cwd=self.directory, check=True, timeout=600,
                       stdout=subprocess.DEVNULL)

    def connect(self):
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port))

    def url(self, user="guest:guest", port=None):
        return f"amqp://{user}@127.0.0.1:{port or self.port}/%2f"

    def stop(self):
        if self.server.poll() is None:
            self.kill()
        self.epmd.kill()
        self.epmd.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class Proxy:
    """A TCP proxy that can stall: bytes are neither passed on nor refused, as in a partition."""

    def __init__(self, target, address="127.0.0.1"):
        self.target = target
        self.stalled = threading.Event()
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=pair, daemon=True).start()

    def copy(self, source, sink):
        try:
            while data := source.recv(65536):
                while self.stalled.is_set():
                    time.sleep(0.05)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Network:
    """A network namespace, joined to this one by a cable that can be pulled."""

    def __init__(self):
        self.name = f"atoll{os.getpid()}"
        self.cable = f"av{os.getpid() % 1000000}"
        net = 2 * (os.getpid() % 32000)
        self.address = f"10.213.{net // 256}.{net % 256}"
        other = f"10.213.{net // 256}.{net % 256 + 1}"
        self.ip("netns", "add", self.name)
        self.ip("link", "add", self.cable, "type", "veth", "peer", "name", "far", "netns", self.name)
        self.ip("addr", "add", f"{self.address}/31", "dev", self.cable)
        self.ip("link", "set", self.cable, "up")
        self.ip("-n", self.name, "addr", "add", f"{other}/31", "dev", "far")
        self.ip("-n", self.name, "link", "set", "far", "up")
        self.prefix = ["ip", "netns", "exec", self.name]

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)

    def pull(self):
        self.ip("link", "set", self.cable, "down")

    def plug(self):
        self.ip("link", "set", self.cable, "up")

    def close(self):
        self.ip("netns", "del", self.name)


@pytest.fixture
def network():
    try:
        made = Network()
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"no network namespace can be made here: {problem}")
    yield made
    made.close()


@pytest.fixture(scope="session")
def broker():
    server = Broker()
    yield server
    server.stop()
