# SPDX-License-Identifier: LGPL-2.1-or-later
"""`atoll bus bridge amqp` against a real RabbitMQ, python3-pika, amqp-tools and, where it can be
imported, fedora-messaging itself."""
import hashlib
import importlib.util
import json
import sqlite3
import subprocess
import sys
import uuid

import pika
import pytest

from database import wait_until
from rabbitmq import PASSWORD, Proxy

pytest_plugins = ["buslog", "database", "rabbitmq"]

TOPIC = "org.atoll.prod.compose.tree.done"


def events(n, start=0, topic=TOPIC):
    return [{"topic": topic, "body": {"n": i}} for i in range(start, start + n)]


def name():
    return "t" + uuid.uuid4().hex[:12]


class Queue:
    """A queue of the broker, bound to amq.topic."""

    def __init__(self, broker, key="org.atoll.#", **arguments):
        self.broker = broker
        self.name = name()
        connection = broker.connect()
        channel = connection.channel()
        channel.queue_declare(self.name, durable=True, arguments=arguments)
        channel.queue_bind(self.name, "amq.topic", key)
        connection.close()

    def take(self, limit=None):
        """What is in it, taken out: (routing key, properties, body)."""
        found = []
        connection = self.broker.connect()
        channel = connection.channel()
        while limit is None or len(found) < limit:
            method, properties, body = channel.basic_get(self.name, auto_ack=True)
            if method is None:
                break
            found.append((method.routing_key, properties, body))
        connection.close()
        return found

    def take_until(self, count, limit=None):
        """All until that many different ids have come: what a bridge is not sure about, it sends
        again. With @limit, that many at a time."""
        found = []

        def arrived():
            found.extend(self.take(limit))
            return len({properties.message_id for _, properties, _ in found}) >= count

        wait_until(arrived)
        return found

    def length(self):
        connection = self.broker.connect()
        n = connection.channel().queue_declare(self.name, passive=True).method.message_count
        connection.close()
        return n


def ids_of(messages):
    """Their ids in the order in which they came first."""
    return list(dict.fromkeys(properties.message_id for _, properties, _ in messages))


def publish(broker, messages, exchange="amq.topic"):
    """Messages are (routing key, properties, body)."""
    connection = broker.connect()
    channel = connection.channel()
    channel.confirm_delivery()
    for key, properties, body in messages:
        channel.basic_publish(exchange, key, body, properties)
    connection.close()


def wait_queue(broker, queue):
    """Until the bridge has made and bound its queue."""
    def exists():
        connection = broker.connect()
        try:
            return connection.channel().queue_declare(queue, passive=True).method.consumer_count > 0
        except pika.exceptions.ChannelClosedByBroker:
            return False
        finally:
            if connection.is_open:
                connection.close()
    wait_until(exists)


def test_out_is_fedora_messagings_form(broker, log):
    queue = Queue(broker)
    log.append({"topic": TOPIC, "body": {"b": "ä", "a": 1}, "severity": 30,
                "objects": ["user:alice", "rpm:kernel", "commit:1234"]})
    log.start("bus", "bridge", "amqp", broker.url(), "--out", "--since", 0)
    event = log.read()[-1]
    key, properties, body = next(found for found in queue.take_until(2)
                                 if found[1].message_id == event["id"])
    assert key == TOPIC
    # the very bytes of the log
    assert body == event["body"].encode() == '{"a":1,"b":"ä"}'.encode()
    assert (properties.content_type, properties.content_encoding) == ("application/json", "utf-8")
    assert (properties.delivery_mode, properties.message_id) == (2, event["id"])
    sent_at = properties.headers.pop("sent-at")
    assert len(sent_at) == 25 and sent_at.endswith("+00:00")
    assert properties.headers == {
        "fedora_messaging_schema": "base.message",
        "fedora_messaging_schema_package": "fedora_messaging",
        "fedora_messaging_severity": 30, "priority": 0,
        "fedora_messaging_user_alice": True, "fedora_messaging_rpm_kernel": True}


def test_amqp_tools_on_both_ends(broker, log, tmp_path):
    """amqp-publish sends no id and no headers; what amqp-consume prints are the bytes
    whose digest curl reads in what was signed."""
    queue = name()
    bridge = log.start("bus", "bridge", "amqp", broker.url(), "--queue", queue, "--topic",
                       "org.tools.*")
    wait_queue(broker, queue)
    server = ["--url", broker.url()]
    subprocess.run(["amqp-publish", *server, "-e", "amq.topic", "-r", "org.tools.said", "-C",
                    "application/json", "-b", '{"z": 1,  "a": [true]}'], check=True)
    wait_until(lambda: len(log.read()) == 1)
    event = log.read()[0]
    assert (event["topic"], event["actor"]) == ("org.tools.said", "bridge:amqp")
    assert (event["severity"], event["body"]) == (20, '{"a":[true],"z":1}')
    out = Queue(broker, "org.tools.#")
    log.append({"topic": "org.tools.asked", "body": {"\u20ac": "ä\"", "q": 1e21, "a": [-0.5e300]}})
    consumed = subprocess.run(["amqp-consume", *server, "-q", out.name, "-c", "1", "cat"],
                              check=True, capture_output=True, timeout=300)
    # what came in did not go out again
    asked = log.read()[-1]
    assert consumed.stdout == asked["body"].encode() and "€".encode() in consumed.stdout
    port = tmp_path / "port"
    daemon = log.start("serve", "--listen", "127.0.0.1:0", "--port-file", port)
    wait_until(port.exists)
    url = f"http://127.0.0.1:{port.read_text().strip()}/events"
    fetched = subprocess.run(["curl", "-sf", f"{url}/{asked['seq']}"], check=True,
                             capture_output=True, timeout=300)
    event = json.loads(fetched.stdout)
    assert event["body"] == json.loads(consumed.stdout)
    assert json.loads(event["signed"])["body-digest"] == hashlib.sha256(consumed.stdout).hexdigest()
    daemon.stop()
    bridge.stop()
    assert out.length() == 0 or "trying again" in bridge.text()


def test_in_keeps_ids_and_headers_and_parks_what_is_bad(broker, log):
    queue = name()
    log.start("bus", "bridge", "amqp", broker.url(), "--in", "--queue", queue, "--topic",
              "org.in.*", "--topic", "org.atoll.*")
    wait_queue(broker, queue)
    good = str(uuid.uuid4())
    headers = {"fedora_messaging_schema": "bodhi.update.comment.v1", "fedora_messaging_severity": 40,
               "sent-at": "2020-02-03T04:05:06+00:00", "fedora_messaging_user_bob": True,
               "fedora_messaging_rpm_bash": True, "fedora_messaging_rpm_no": False}
    properties = pika.BasicProperties(message_id=good, headers=headers, user_id="guest",
                                      content_encoding="utf-8")
    messages = [("org.in.a", properties, b'{"x": 1}')] * 3
    deep = b'{"a":' * 10000 + b"1" + b"}" * 10000
    for body in (b"[]", b"{", b'{"a":1,"a":2}', b'{"a":"\xff"}', deep,
                 b'{"a":"' + b"x" * (1 << 20) + b'"}'):
        messages.append(("org.in.bad", pika.BasicProperties(), body))
    messages.append(("org.atoll.prod.bus.key.added", pika.BasicProperties(), b"{}"))
    messages.append(("org.in.bad", pika.BasicProperties(content_encoding="latin-1"), b"{}"))
    messages.append(("org.in.a", pika.BasicProperties(message_id="not a uuid"), b'{"x": 2}'))
    messages.append(("org.in.a", pika.BasicProperties(message_id="not a uuid"), b'{"x": 2}'))
    publish(broker, messages)
    wait_until(lambda: len(log.read()) == 2 and len(log.json("bus", "bridge", "parked", "amqp")) == 8)
    first, second = log.read()
    assert (first["id"], first["actor"], first["severity"]) == (good, "amqp:guest", 40)
    assert (first["time"], first["schema"]) == (1580702706, "bodhi.update.comment.v1")
    assert sorted(first["objects"]) == ["rpm:bash", "user:bob"]
    assert second["body"] == '{"x":2}'
    reasons = " ".join(row["reason"] for row in log.json("bus", "bridge", "parked", "amqp"))
    for word in ("not a JSON object", "second key", "UTF-8", "1048576", "latin-1", "own"):
        assert word in reasons, reasons
    assert log.json("bus", "bridge", "list") == [
        {"name": "amqp", "position": 0, "came": 2, "parked": 8}]


def test_grants_limit_what_comes_in(broker, log):
    queue = name()
    log.append(*events(1))
    log.atoll("bus", "grant", "add", "amqp:guest", "org.grant.may.*")
    log.start("bus", "bridge", "amqp", broker.url(), "--in", "--queue", queue, "--topic",
              "org.grant.*")
    wait_queue(broker, queue)
    publish(broker, [(f"org.grant.{word}.x", pika.BasicProperties(user_id="guest"), b"{}")
                     for word in ("may", "not", "may")])
    wait_until(lambda: len(log.read(actor="amqp:guest")) == 2)
    parked = log.json("bus", "bridge", "parked", "amqp")
    assert [row["topic"] for row in parked] == ["org.grant.not.x"]


def test_two_logs_become_one_another(broker, make_log):
    """Both ways on one exchange: each event is in both logs once, and nothing goes round."""
    one, two = make_log("one"), make_log("two")
    for log, queue in ((one, name()), (two, name())):
        log.start("bus", "bridge", "amqp", broker.url(), "--queue", queue, "--topic", "org.pair.*")
        wait_queue(broker, queue)
    watcher = Queue(broker, "org.pair.#")
    one.append(*events(150, topic="org.pair.one"))
    two.append(*events(150, topic="org.pair.two"))
    one.wait_events(300, [two])
    two.wait_events(300, [one])
    seen = watcher.take_until(300)
    for log in (one, two):
        log.daemons[0].stop()
    seen += watcher.take()
    assert {e["id"]: e["body"] for e in one.read()} == {e["id"]: e["body"] for e in two.read()}
    assert len(one.read()) == len(two.read()) == 300
    sent_again = any("trying again" in log.daemons[0].text() for log in (one, two))
    assert len(seen) == len(ids_of(seen)) == 300 or sent_again


def test_log_that_does_not_prove(broker, log):
    """Nothing is put aside that could be taken, were the log whole: it stays with the broker."""
    queue, topic = name(), "org.broken." + name()
    log.append(*events(3, topic="org.before"))
    bridge = log.start("bus", "bridge", "amqp", broker.url(), "--in", "--queue", queue, "--topic", topic)
    wait_queue(broker, queue)
    with sqlite3.connect(log.state / "atoll.db", timeout=60, isolation_level=None) as db:
        (frontier,) = db.execute("SELECT frontier FROM bus_head").fetchone()
        db.execute("UPDATE bus_head SET frontier = x'00'")
        publish(broker, [(topic, pika.BasicProperties(), b"{}")] * 3)
        bridge.wait_for("damaged; trying again")
        assert db.execute("SELECT COUNT(*) FROM bus_bridge_parked").fetchone() == (0,)
        db.execute("UPDATE bus_head SET frontier = ?", [frontier])
    db.close()
    log.wait_events(6)
    assert log.json("bus", "bridge", "parked", "amqp") == []


def test_broker_killed_under_load(broker, make_log):
    one, two = make_log("one"), make_log("two")
    queue, topic = name(), "org.kill." + name()
    one.start("bus", "bridge", "amqp", broker.url(), "--out", "--heartbeat", 5)
    two.start("bus", "bridge", "amqp", broker.url(), "--in", "--queue", queue, "--topic", topic,
              "--heartbeat", 5)
    wait_queue(broker, queue)
    wait_until(lambda: "bridge:amqp" in one.tool("subscriptions"))
    one.append(*events(1500, topic=topic))
    two.wait_events(101, [one])
    broker.kill()
    for log in (one, two):
        log.daemons[0].wait_for("trying again")
    one.append(*events(500, 1500, topic=topic))
    broker.start()
    # whoever is killed goes on too
    one.daemons[0].kill()
    one.start("bus", "bridge", "amqp", broker.url(), "--out")
    two.daemons[0].kill()
    two.start("bus", "bridge", "amqp", broker.url(), "--in", "--queue", queue, "--topic", topic)
    two.wait_events(2000, [one])
    sent, came = one.read(), two.read()
    assert sorted(e["id"] for e in came) == sorted(e["id"] for e in sent)


def test_postgresql_restarted_under_load(broker, make_log, own_postgres):
    """Both logs lie in a PostgreSQL that dies and comes back; the bridges wait for it."""
    one, two = make_log("one"), make_log("two")
    for log in (one, two):
        log.use_database(own_postgres.url(own_postgres.make_database()))
    queue, topic = name(), "org.restart." + name()
    one.start("bus", "bridge", "amqp", broker.url(), "--out", "--since", 0, "--topic", topic)
    two.start("bus", "bridge", "amqp", broker.url(), "--in", "--queue", queue, "--topic", topic)
    wait_queue(broker, queue)
    one.append(*events(1500, topic=topic))
    two.wait_events(101, [one])
    own_postgres.control("restart", "immediate")
    one.append(*events(300, 1500, topic=topic))
    two.wait_events(1800, [one])
    sent, came = one.read(), two.read()
    assert [e["id"] for e in came] == [e["id"] for e in sent]


def check_interrupted(broker, log, url, cut, mend, prefix=()):
    """Nothing is lost when the way to the broker is cut, and goes on when it is mended."""
    topic = "org.cut." + name()
    queue = Queue(broker, topic)
    log.start("bus", "bridge", "amqp", url, "--out", "--heartbeat", 1, "--since", 0, "--topic", topic,
              prefix=prefix)
    log.append(*events(100, topic=topic))
    came = queue.take_until(100)
    tries = log.daemons[0].text().count("trying again")
    cut()
    log.append(*events(50, 100, topic=topic))
    log.daemons[0].wait_for("trying again", tries + 1)
    ids = [e["id"] for e in log.read()]
    came += queue.take()
    assert ids_of(came) == ids[:100]
    mend()
    wait_until(lambda: came.extend(queue.take()) or len(ids_of(came)) == 150)
    log.daemons[0].stop()
    assert ids_of(came) == ids


def test_partition(broker, log, network):
    """The bridge lives in a network of its own, and the cable is pulled: no reset, no answer."""
    proxy = Proxy(broker.port, network.address)
    url = broker.url(port=proxy.port).replace("127.0.0.1", network.address)
    check_interrupted(broker, log, url, network.pull, network.plug, network.prefix)
    proxy.close()


def test_stalled_broker(broker, log):
    """Connected, and nothing moves for a while."""
    proxy = Proxy(broker.port)
    check_interrupted(broker, log, broker.url(port=proxy.port), proxy.stalled.set,
                      proxy.stalled.clear)
    proxy.close()


def test_blocked_broker(broker, log):
    """A broker short of memory stops to read from publishers; nobody loses anything."""
    topic = "org.blocked." + name()
    queue = Queue(broker, topic)
    log.start("bus", "bridge", "amqp", broker.url(), "--out", "--since", 0, "--topic", topic,
              "--heartbeat", 2)
    log.append(*events(10, topic=topic))
    came = queue.take_until(10)
    blocked = []
    connection = broker.connect()
    connection.add_on_connection_blocked_callback(lambda *_: blocked.append(1))
    broker.control("set_vm_memory_high_watermark", "0.00001")
    try:
        # a publisher of the test is blocked as well, and when it is, so is the bridge
        connection.channel().basic_publish("amq.topic", "org.nobody", b"{}")
        wait_until(lambda: connection.process_data_events(0.1) or blocked)
        log.append(*events(300, 10, topic=topic))
        ids = [e["id"] for e in log.read()]
        came += queue.take()
        assert ids_of(came) == ids[:10]
    finally:
        broker.control("set_vm_memory_high_watermark", "0.6")
    wait_until(lambda: came.extend(queue.take()) or len(ids_of(came)) == 310)
    connection.close()
    log.daemons[0].stop()
    assert ids_of(came) == ids


def test_full_queue_waits_and_keeps_the_order(broker, log):
    topic = "org.full." + name()
    queue = Queue(broker, topic, **{"x-max-length": 40, "x-overflow": "reject-publish"})
    log.append(*events(100, topic=topic))
    log.start("bus", "bridge", "amqp", broker.url(), "--out", "--since", 0, "--topic", topic)
    log.daemons[0].wait_for("a queue is full")
    came = queue.take_until(100, limit=10)
    assert sorted(ids_of(came)) == sorted(e["id"] for e in log.read())
    log.daemons[0].stop()
    assert not log.parked("bridge:amqp")


def test_tls_client_certificate(broker, log):
    topic = "org.tls." + name()
    queue = Queue(broker, topic)
    d = broker.directory
    keys = ["--cert", d / "client.crt", "--key", d / "client.key"]
    url = f"amqps://localhost:{broker.tls_port}/%2f"
    log.append(*events(3, topic=topic))
    said = log.start("bus", "bridge", "amqp", url, "--out", "--ca", d / "other.crt", *keys).fails()
    assert "SSL peer" in said or "verif" in said, said
    log.start("bus", "bridge", "amqp", url, "--out", "--since", 0, "--ca", d / "ca.crt", "--topic",
              topic, *keys)
    assert ids_of(queue.take_until(3)) == [e["id"] for e in log.read()]


def test_credentials_are_told_to_nobody(broker, log, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("ver-rat-mich-nicht\n")
    said = log.start("bus", "bridge", "amqp", broker.url("atoll:auch-nicht"), "--out").fails()
    assert "auch-nicht" not in said and "refused" in said.lower(), said
    said = log.start("bus", "bridge", "amqp", broker.url("atoll"), "--out", "--password-file",
                     secret).fails()
    assert "ver-rat" not in said, said
    said = log.atoll("bus", "bridge", "amqp", "amqp://atoll:auch-nicht@[::1", "--out", status=1)
    assert "auch-nicht" not in said.stderr and "***" in said.stderr
    secret.write_text(PASSWORD + "\n")
    queue = Queue(broker)
    log.append(*events(1))
    log.start("bus", "bridge", "amqp", broker.url("atoll"), "--out", "--since", 0,
              "--password-file", secret)
    queue.take_until(2)


def test_one_bridge_of_a_name(broker, log):
    log.append(*events(1))
    log.start("bus", "bridge", "amqp", broker.url(), "--out")
    wait_until(lambda: "bridge:amqp" in log.tool("subscriptions"))
    assert "already" in log.start("bus", "bridge", "amqp", broker.url(), "--out").fails()


@pytest.mark.skipif(importlib.util.find_spec("fedora_messaging") is None,
                    reason="fedora-messaging is not installed (Debian has no package of it)")
def test_fedora_messaging_itself(broker, log, tmp_path):
    """Its library publishes to us, and consumes from us with its own validation."""
    queue, out = name(), Queue(broker, "org.fm.out")
    config = tmp_path / "fm.toml"
    config.write_text(f'''amqp_url = "{broker.url()}"
topic_prefix = ""
publish_exchange = "amq.topic"
[tls]
[client_properties]
app = "test"
[queues."{out.name}"]
durable = true
auto_delete = false
exclusive = false
arguments = {{}}
[[bindings]]
queue = "{out.name}"
exchange = "amq.topic"
routing_keys = ["org.fm.out"]
''')
    log.start("bus", "bridge", "amqp", broker.url(), "--queue", queue, "--topic", "org.fm.*")
    wait_queue(broker, queue)
    run = dict(env=dict(__import__("os").environ, FEDORA_MESSAGING_CONF=str(config)), text=True,
               capture_output=True, timeout=600, check=False)
    sender = """
from fedora_messaging import api, message
for i in range(3):
    api.publish(message.Message(topic="org.fm.in", body={"n": i}, severity=message.WARNING))
"""
    done = subprocess.run([sys.executable, "-c", sender], **run)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: len(log.read()) == 3)
    assert [json.loads(e["body"])["n"] for e in log.read()] == [0, 1, 2]
    assert {e["severity"] for e in log.read()} == {30}
    log.append({"topic": "org.fm.out", "body": {"hello": "wörld"}, "severity": 40,
                "objects": ["user:alice"]})
    receiver = """
import json, sys
from fedora_messaging import api, exceptions
def callback(m):
    print(json.dumps([m.topic, m.id, m.severity, m.body, type(m).__name__]))
    raise exceptions.HaltConsumer()
try:
    api.consume(callback)
except exceptions.HaltConsumer:
    pass
"""
    done = subprocess.run([sys.executable, "-c", receiver], **run)
    assert done.stdout.strip(), done.stderr
    event = log.read()[-1]
    assert json.loads(done.stdout) == ["org.fm.out", event["id"], 40, {"hello": "wörld"}, "Message"]
