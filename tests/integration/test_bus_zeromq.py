# SPDX-License-Identifier: LGPL-2.1-or-later
"""`atoll bus bridge zeromq` against python3-zmq; signatures are made and checked by openssl, and
by fedmsg's own code where it can be imported."""
import base64
import importlib.util
import json
import subprocess
import time
import uuid

import pytest
import zmq

from database import free_port, wait_until
from rabbitmq import make_authority, make_certificate, openssl

pytest_plugins = ["buslog"]

TOPIC = "org.atoll.prod.compose.tree.done"


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """ca, us and evil (revoked, and of another authority), policy.json, crl.pem."""
    d = tmp_path_factory.mktemp("keys")
    make_authority(d)
    make_authority(d, "other")
    make_certificate(d, "us", "shell.example.org")
    make_certificate(d, "stranger", "shell.example.org", "other")
    make_certificate(d, "revoked", "revoked.example.org")
    (d / "index.txt").touch()
    (d / "ca.cnf").write_text("[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ndefault_md=sha256\n"
                              "default_crl_days=2\ncertificate=ca.crt\nprivate_key=ca.key\n")
    openssl(d, "ca", "-config", "ca.cnf", "-revoke", "revoked.crt")
    openssl(d, "ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem")
    (d / "policy.json").write_text(json.dumps({"org.secret": ["nobody"],
                                               TOPIC: ["shell.example.org"]}))
    return d


def dumps(message):
    return json.dumps(message, sort_keys=True, separators=(",", ":"))


def wrap(data):
    text = base64.b64encode(data).decode()
    return "".join(text[i:i + 76] + "\n" for i in range(0, len(text), 76))


def sign(keys, name, message):
    """As fedmsg does, by openssl."""
    message = dict(message, crypto="x509")
    signature = subprocess.run(["openssl", "dgst", "-sha1", "-sign", keys / f"{name}.key"],
                               input=dumps(message).encode(), check=True,
                               capture_output=True).stdout
    pem = subprocess.run(["openssl", "x509", "-in", keys / f"{name}.crt"], check=True,
                         capture_output=True).stdout
    return dict(message, signature=wrap(signature), certificate=wrap(pem))


def verify(keys, directory, message):
    """Checks certificate and signature by openssl."""
    message = dict(message)
    pem = base64.b64decode(message.pop("certificate"))
    signature = base64.b64decode(message["signature"])
    assert message["signature"] == wrap(signature)
    del message["signature"]
    (directory / "cert.pem").write_bytes(pem)
    (directory / "sig").write_bytes(signature)
    public = subprocess.run(["openssl", "x509", "-in", directory / "cert.pem", "-noout", "-pubkey"],
                            check=True, capture_output=True).stdout
    (directory / "pub.pem").write_bytes(public)
    subprocess.run(["openssl", "verify", "-CAfile", keys / "ca.crt", directory / "cert.pem"],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "dgst", "-sha1", "-verify", directory / "pub.pem", "-signature",
                    directory / "sig"], input=dumps(message).encode(), check=True,
                   capture_output=True)


def envelope(n, topic=TOPIC, **more):
    return dict({"topic": topic, "msg": {"n": n, "f": 1.5e-7, "s": "ä\u20ac😀\x7f"},
                 "timestamp": int(time.time()), "msg_id": f"2026-{uuid.uuid4()}", "i": n,
                 "username": "apache"}, **more)


class Bus:
    """A publisher's sockets."""

    def __init__(self):
        self.context = zmq.Context()
        self.port = free_port()
        self.publisher = self.context.socket(zmq.XPUB)
        self.publisher.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.publisher.bind(f"tcp://127.0.0.1:{self.port}")
        self.url = f"tcp://127.0.0.1:{self.port}"

    def wait_subscriber(self):
        frame = b""
        while not frame.startswith(b"\1"):
            assert self.publisher.poll(300000), "nobody subscribes"
            frame = self.publisher.recv()

    def send(self, message):
        self.publisher.send_multipart([message["topic"].encode(), dumps(message).encode()])

    def close(self):
        self.context.destroy(linger=0)


@pytest.fixture
def bus():
    sockets = Bus()
    yield sockets
    sockets.close()


@pytest.fixture
def publisher(log, keys):
    """A log that publishes, with replays; (log, its endpoint, its replay endpoint)."""
    endpoint, replay = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    log.append({"topic": "org.atoll.prod.test.log.begun"})
    log.start("bus", "bridge", "zeromq", "--publish", endpoint, "--replay", replay, "--cert",
              keys / "us.crt", "--key", keys / "us.key")
    wait_until(lambda: "bridge:zeromq" in log.tool("subscriptions"))
    return log, endpoint, replay


HELLO = "org.atoll.prod.compose.hello"


def subscribe(context, log, endpoint, topic=b""):
    """A socket that gets what @log publishes from now on: it has had something already."""
    socket = context.socket(zmq.SUB)
    socket.setsockopt(zmq.SUBSCRIBE, topic)
    socket.connect(endpoint)
    for _ in range(600):
        log.append({"topic": HELLO})
        if socket.poll(500):
            return socket
    return pytest.fail("nothing is published")


def receive(socket):
    """The next message that is no hello."""
    while True:
        assert socket.poll(300000), "nothing came"
        frames = socket.recv_multipart()
        if frames[0] != HELLO.encode():
            return frames


def ask(context, replay, query):
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.RCVTIMEO, 300000)
    socket.connect(replay)
    socket.send(query if isinstance(query, bytes) else json.dumps(query).encode())
    frames = socket.recv_multipart()
    socket.close()
    return frames


def test_publish_is_fedmsgs_form(publisher, keys, tmp_path):
    log, endpoint, _ = publisher
    with zmq.Context() as context:
        socket = subscribe(context, log, endpoint, b"org.atoll.prod.compose.")
        log.append({"topic": "org.atoll.other", "body": {}},
                   {"topic": TOPIC, "actor": "person:alice",
                    "body": {"n": 1.5e-7, "big": 1e21, "s": "ä\u20ac😀\x7f\"", "l": [None, True]}})
        topic, text = receive(socket)
        socket.close()
    event = log.read()[-1]
    message = json.loads(text)
    assert topic.decode() == message["topic"] == TOPIC
    # what Python prints for it, byte for byte: else its own signature check would fail
    assert dumps(message).encode() == text
    assert message["msg"] == json.loads(event["body"])
    assert message["msg_id"] == f"{time.gmtime(event['time']).tm_year}-{event['id']}"
    assert (message["timestamp"], message["i"], message["seq_id"], message["username"]) == (
        event["time"], event["seq"], event["seq"], "alice")
    verify(keys, tmp_path, message)


def test_replay(publisher, keys, tmp_path):
    log, _, replay = publisher
    log.append(*[{"topic": TOPIC, "body": {"n": i}} for i in range(30)])
    events = log.read()
    first = events[1]["seq"]

    def numbers(query):
        messages = [json.loads(frame) for frame in ask(context, replay, query)]
        for message in messages[:1]:
            verify(keys, tmp_path, message)
        return [message["msg"]["n"] for message in messages]

    with zmq.Context() as context:
        assert numbers({"seq_id": first}) == [0]
        assert numbers({"seq_ids": [first + 5, first + 3, first + 3]}) == [3, 5]
        assert numbers({"seq_id_range": [first + 10, first + 19]}) == list(range(10, 20))
        assert numbers({"msg_id": f"2026-{events[8]['id']}"}) == [7]
        assert numbers({"msg_ids": [events[3]["id"], events[2]["id"]]}) == [1, 2]
        assert numbers({"seq_id": first, "msg_id": events[5]["id"]}) == [0, 4]
        now = int(time.time())
        frames = ask(context, replay, {"time": [now - 3600, now + 10]})
        assert json.loads(frames[-1])["msg"] == {"n": 29}
        for query in (b"{", b"[]", {"seq_id": "x"}, {"what": 1}, {"seq_id_range": [1]},
                      {"seq_id": 10 ** 9}, {"msg_id": "none"}, b"\xff" * 100, {"time": [1, 2]},
                      {"seq_id_range": [-5, 10]}, {}):
            frames = ask(context, replay, query)
            assert len(frames) == 1 and frames[0].startswith(b"error: '"), (query, frames)


def test_subscribe_checks_everything(log, bus, keys):
    log.start("bus", "bridge", "zeromq", "--subscribe", bus.url, "--ca", keys / "ca.crt", "--crl",
              keys / "crl.pem", "--policy", keys / "policy.json")
    bus.wait_subscriber()
    good = sign(keys, "us", envelope(1))
    forged = dict(good, msg={"n": 2}, msg_id="2026-" + str(uuid.uuid4()))
    spaced = sign(keys, "us", envelope(3))
    bad = {
        "forged": forged,
        "no signature": envelope(4),
        "not to be trusted": sign(keys, "stranger", envelope(5)),
        "revoked": sign(keys, "revoked", envelope(6)),
        "may not send": sign(keys, "us", envelope(7, "org.secret")),
        "no msg_id": sign(keys, "us", dict(envelope(8), msg_id="")),
        "msg is not": sign(keys, "us", dict(envelope(9), msg=[1])),
    }
    for message in bad.values():
        bus.send(message)
    bus.publisher.send_multipart([b"other.topic", dumps(good).encode()])
    bus.publisher.send_multipart([b"one frame"])
    bus.publisher.send_multipart([b"a", b"b", b"c"])
    bus.publisher.send_multipart([b"a", b'{"a":' * 100000])
    bus.send(good)
    bus.send(good)
    # a sender that does not print as Python does
    bus.publisher.send_multipart([TOPIC.encode(), json.dumps(spaced, indent=1).encode()])
    wait_until(lambda: len(log.read()) == 2)
    first, second = log.read()
    assert (first["id"], first["topic"]) == (good["msg_id"][5:], TOPIC)
    assert first["actor"] == "x509:shell.example.org" and first["time"] == good["timestamp"]
    assert json.loads(first["body"]) == good["msg"]
    assert second["id"] == spaced["msg_id"][5:]
    reasons = "\n".join(row["reason"] for row in log.json("bus", "bridge", "parked", "zeromq"))
    for word in [*bad, "frame's topic", "1 frames", "3 frames", "64 levels"]:
        assert word in reasons, (word, reasons)


def test_nitpicky_and_unsigned(log, bus, keys):
    words = ["bus", "bridge", "zeromq", "--subscribe", bus.url]
    assert "--ca" in log.start(*words).fails()
    log.start(*words, "--ca", keys / "ca.crt", "--policy", keys / "policy.json", "--nitpicky")
    bus.wait_subscriber()
    bus.send(sign(keys, "us", envelope(1, "org.unlisted")))
    wait_until(lambda: log.json("bus", "bridge", "parked", "zeromq"))
    assert "does not list" in log.json("bus", "bridge", "parked", "zeromq")[0]["reason"]
    log.daemons[-1].stop()
    log.start(*words, "--unsigned", "--name", "open", "--topic", "org.open.*")
    bus.wait_subscriber()
    bus.send(envelope(2, "org.closed"))
    bus.send(envelope(3, "org.open.x"))
    wait_until(lambda: len(log.read()) == 1)
    assert (log.read()[0]["topic"], log.read()[0]["actor"]) == ("org.open.x", "bridge:open")


def test_whoever_was_away_asks(publisher, make_log, keys):
    """A log follows another by ZeroMQ, is killed, and misses nothing of what came meanwhile."""
    source, endpoint, replay = publisher
    sink = make_log("sink")

    def follow():
        return sink.start("bus", "bridge", "zeromq", "--subscribe", endpoint, "--replay", replay,
                          "--ca", keys / "ca.crt")

    daemon = follow()
    for n in range(200):
        source.append({"topic": TOPIC, "body": {"n": n}})
        if sink.read():
            break
        time.sleep(0.1)
    begun = len(source.read())
    daemon.kill()
    source.append(*[{"topic": TOPIC, "body": {"m": n}} for n in range(1200)])
    follow()

    def caught_up():
        """What is sent while it subscribes only shows with what is sent later."""
        source.append({"topic": TOPIC, "body": {"k": 1}})
        last = source.read()[-1]["id"]
        for _ in range(20):
            events = sink.read()
            if len(events) > 1200 and events[-1]["id"] == last:
                return True
            time.sleep(0.1)
        return False

    wait_until(caught_up)
    came = [e["id"] for e in sink.read()]
    sent = [e["id"] for e in source.read()]
    # from the first that came on, all of them, in order, each once
    assert came == sent[sent.index(came[0]):] and len(came) >= 1200 + 1
    assert sent.index(came[0]) < begun


@pytest.mark.skipif(importlib.util.find_spec("fedmsg") is None,
                    reason="fedmsg is not installed (Debian has no package of it)")
def test_fedmsgs_own_crypto(publisher, log, bus, keys, make_log):
    from fedmsg.crypto import x509_ng
    source, endpoint, replay = publisher
    with zmq.Context() as context:
        socket = subscribe(context, source, endpoint)
        source.append({"topic": TOPIC, "body": {"n": 1.5e-7, "s": "ä\u20ac😀\x7f"}})
        _, text = receive(socket)
        socket.close()
        again = ask(context, replay, {"seq_id": source.read()[-1]["seq"]})[0]
    config = {"ssldir": str(keys), "ca_cert_location": str(keys / "ca.crt"),
              "crl_location": str(keys / "crl.pem"),
              "routing_policy": {TOPIC: ["shell.example.org"]}}
    assert x509_ng.validate(json.loads(text), **config)
    assert x509_ng.validate(json.loads(again), **config)
    assert not x509_ng.validate(dict(json.loads(text), msg={}), **config)
    sink = make_log("sink")
    sink.start("bus", "bridge", "zeromq", "--subscribe", bus.url, "--ca", keys / "ca.crt")
    bus.wait_subscriber()
    bus.send(x509_ng.sign(envelope(1), ssldir=str(keys), certname="us"))
    wait_until(lambda: len(sink.read()) == 1)
