# SPDX-License-Identifier: LGPL-2.1-or-later
"""The event log as its commands show it, on SQLite and on a PostgreSQL server."""
import hashlib
import json
import os
import signal
import subprocess
import threading

import pytest

from eventlog import Log, fill, log  # noqa: F401 (a fixture)
from conftest import run
from database import wait_until


def test_publish_and_read(log):
    assert log.publish("org.atoll.prod.image.disk.made", '{"z": 1.0, "a": "\\u00e9"}',
                       "--object", "deb:bash", "--severity", "warning") == 2
    event = log.events()[-1]
    assert event["body"] == {"a": "é", "z": 1} and event["severity"] == 30
    assert event["objects"] == ["deb:bash"]
    signed = json.loads(event["signed"])
    assert signed["seq"] == 2 and signed["topic"] == event["topic"]
    shown = json.loads(log.bus("show", event["id"], "--json"))
    assert shown["signed"] == event["signed"]
    assert log.bus("search", "--object", "deb:bash").startswith("2 ")
    again = run(*log.argv("publish", "a.b", "{}", "--id", event["id"]), status=1)
    assert "is in the log, with number 2" in again.stderr
    assert log.verify()["proven"]


def signed_message(event):
    """What the first 64 bytes of its signature are of, as atoll-bus-event(5) says."""
    text, signature = event["signed"].encode(), bytes.fromhex(event["signature"])
    if len(signature) == 64:
        return text
    index, size = int.from_bytes(signature[64:66], "big"), int.from_bytes(signature[66:68], "big")
    path = [signature[at:at + 32] for at in range(68, len(signature), 32)]
    node = hashlib.sha256(b"\0" + hashlib.sha256(text).digest()).digest()
    last = size - 1
    while last > 0:
        if index % 2 == 1:
            node = hashlib.sha256(b"\1" + path.pop(0) + node).digest()
        elif index < last:
            node = hashlib.sha256(b"\1" + node + path.pop(0)).digest()
        index, last = index // 2, last // 2
    assert not path
    return b"atoll bus batch\n%d %s" % (size, node.hex().encode())


def test_signature_by_openssl(log, tmp_path):
    """The oracle: openssl and sha256 on the verbatim text; the first event of a log goes into it
    together with the one that lets the key in."""
    log.publish("a.b", '{"x": "y"}')
    log.publish("a.b", '{"x": "z"}')
    fill(log, tmp_path, 150)
    key = json.loads(log.bus("key", "list", "--json"))["own-public"]
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100" + key))
    events = [json.loads(line) for line in log.bus("export").splitlines()]
    for event in (events[0], events[1], events[2], events[60], events[102], events[-1]):
        (tmp_path / "text").write_bytes(signed_message(event))
        (tmp_path / "sig").write_bytes(bytes.fromhex(event["signature"])[:64])
        run("openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
            tmp_path / "key.der", "-rawin", "-in", tmp_path / "text", "-sigfile", tmp_path / "sig")
    sizes = [len(events[i]["signature"]) // 2 for i in (0, 1, 2, 3, 102, 103)]
    assert sizes == [100, 100, 64, 68 + 7 * 32, 68 + 4 * 32, 68 + 6 * 32]


def test_search_and_total(log, tmp_path):
    fill(log, tmp_path, 2300)
    found = run(*log.argv("search", "--actor", "service:s1", "--limit", "3", "--json"))
    numbers = [json.loads(line)["body"]["i"] for line in found.stdout.splitlines()]
    assert numbers == [2299, 2296, 2293]
    found = run(*log.argv("search", "--package", "p3", "--actor", "service:s1", "--oldest-first"))
    assert found.stdout.splitlines()[0].endswith('{"i":10}')
    assert "25 of 110" in found.stderr
    refused = run(*log.argv("search", "--contains", "x"), status=1)
    assert "needs a start" in refused.stderr
    for level in ("warning", "error", "info"):
        run(*log.argv("publish", "a.b", "{}", "--severity", level))
    found = run(*log.argv("search", "--severity", "warning", "--json"))
    assert [json.loads(line)["severity"] for line in found.stdout.splitlines()] == [40, 30]
    assert "‘loud’" in run(*log.argv("search", "--severity", "loud"), status=2).stderr
    assert log.verify()["events"] == 2304


@pytest.mark.parametrize("body, reason", [
    ('{"a":1,"a":2}', "second key"),
    ("[" * 10000 + "]" * 10000, "64 levels"),
    ('{"a":"\\ud800"}', "surrogate"),
    ("[1]", "has to be a JSON object"),
    ('{"a":12345678901234567891}', "double cannot hold"),
])
def test_bad_bodies(log, body, reason):
    result = run(*log.argv("publish", "a.b", "-"), status=1, input=body)
    assert reason in result.stderr


def test_bad_bytes_and_topics(log):
    result = run(*log.argv("publish", "a.b", "-"), status=1, input=b'{"a":"\xff"}', text=False)
    assert b"not UTF-8" in result.stderr
    for topic in ("a\nb", "a.\x01.b", "", "a..b", "x" * 256, "a.*", "org.atoll.prod.bus.key.added"):
        run(*log.argv("publish", topic, "{}"), status=1)


def test_large_bodies(log, tmp_path):
    """100 MB is refused at the limit; what is under it goes through whatever holds it."""
    big = tmp_path / "big"
    with open(big, "wb") as out:
        out.write(b'{"a":"')
        out.truncate(100 * 1000 * 1000)
    with open(big, "rb") as stdin:
        result = run(*log.argv("publish", "a.b", "-"), status=1, stdin=stdin)
    assert "1048576" in result.stderr
    text = "x" * 900_000
    log.publish("a.b", "{}")
    run(*log.argv("publish", "a.b", "-"), input=json.dumps({"a": text}))
    assert log.events()[-1]["body"]["a"] == text
    assert log.verify()["proven"]


def test_proofs_offline(log, tmp_path):
    fill(log, tmp_path, 700)
    key = json.loads(log.bus("key", "list", "--json"))["own-public"]
    (tmp_path / "head").write_text(log.bus("prove"))
    (tmp_path / "key").write_text(key + "\n")
    fill(log, tmp_path, 700, start=700)
    (tmp_path / "one").write_text(log.bus("prove", "300"))
    (tmp_path / "two").write_text(log.bus("prove", "--since", tmp_path / "head"))
    assert "event 300" in log.bus("check-proof", tmp_path / "one", "--key", key)
    assert "of 1401 events continues the one of 701" in log.bus(
        "check-proof", tmp_path / "two", "--key", tmp_path / "key")
    altered = (tmp_path / "one").read_text().replace("service:s", "service:t")
    (tmp_path / "one").write_text(altered)
    run(*log.argv("check-proof", tmp_path / "one", "--key", key), status=1)
    assert log.verify("--head", tmp_path / "head", "--key", key)["proven"]
    run(*log.argv("verify", "--key", "00" * 32), status=1)


def test_keys_and_grants(atoll, log, tmp_path):
    log.publish("a.b")
    other = Log(atoll, log.url, tmp_path / "other")
    refused = run(*other.argv("publish", "a.b"), status=1)
    assert "not in the log" in refused.stderr and "atoll bus key add" in refused.stderr
    public = json.loads(other.bus("key", "list", "--json"))["own-public"]
    log.bus("key", "add", public, "build.*")
    other.publish("build.done")
    assert "no grant lets key" in run(*other.argv("publish", "a.b"), status=1).stderr
    log.bus("key", "rotate")
    log.bus("grant", "add", "person:*", "notes.*")
    log.publish("notes.new", "{}", "--actor", "person:x")
    assert "no grant lets actor" in run(*log.argv("publish", "a.b", "{}", "--actor", "person:x"),
                                        status=1).stderr
    log.publish("a.b", "{}", "--actor", "service:x")
    result = log.verify()
    assert result["proven"] and result["events"] == 8


def test_export_restores(atoll, log, database, tmp_path, request):
    fill(log, tmp_path, 1500)
    log.bus("key", "rotate")
    dump = tmp_path / "dump"
    dump.write_text(log.bus("export"))
    target = f"sqlite:{tmp_path}/copy/atoll.db"
    copy = Log(atoll, target, tmp_path / "copy")
    assert copy.bus("import", dump).startswith("1502 restored")
    assert copy.bus("export") == dump.read_text()
    assert copy.bus("import", dump).endswith("1502 known already\n")
    assert copy.verify()["proven"]
    forged = dump.read_text().replace('"i":1000}', '"i":9999}')
    bad = Log(atoll, f"sqlite:{tmp_path}/bad/atoll.db", tmp_path / "bad")
    dump.write_text(forged)
    assert "dump:1002: the body is not the one that was signed" in run(
        *bad.argv("import", dump), status=1).stderr


def test_import_of_fedora_messaging_lines(log, tmp_path):
    line = {"topic": "org.fedoraproject.prod.buildsys.tag", "id": "5a9b1c8e-1111-4000-8000-000000000001",
            "headers": {"fedora_messaging_severity": 20, "sent-at": "2020-01-02T03:04:05+00:00",
                        "fedora_messaging_schema": "koji.tag", "fedora_messaging_rpm_bash": True,
                        "fedora_messaging_user_alice": True},
            "body": {"tag": "f40"}, "queue": None, "priority": 0}
    (tmp_path / "in").write_text(json.dumps(line) + "\n")
    assert "1 published" in log.bus("import", tmp_path / "in")
    assert "1 known already" in log.bus("import", tmp_path / "in")
    event = json.loads(log.bus("show", line["id"], "--json"))
    assert event["time"] == "2020-01-02T03:04:05.000000Z"
    assert sorted(event["objects"]) == ["rpm:bash", "user:alice"]
    assert event["schema"] == "koji.tag"

    others = [dict(line, id=f"5a9b1c8e-1111-4000-8000-00000000000{i}") for i in (2, 1, 3, 2, 4)]
    (tmp_path / "in").write_text("".join(json.dumps(other) + "\n" for other in others))
    said = log.bus("import", tmp_path / "in")
    assert "3 published" in said and "2 known already" in said
    others += [dict(line, id=None), dict(line, id="5A9B1C8E-1111-4000-8000-00000000000A", topic="a..b"),
               dict(line, id=None)]
    (tmp_path / "in").write_text("".join(json.dumps(other) + "\n" for other in others))
    assert "in:7: the topic has to be" in run(*log.argv("import", tmp_path / "in"), status=1).stderr
    verified = log.verify()
    assert verified["proven"] and verified["events"] == 5


def test_retention(log, tmp_path):
    fill(log, tmp_path, 1100)
    log.bus("retention", "set", "org.atoll.prod.fill.*", "1")
    run(*log.argv("retention", "run"), status=3)
    assert log.verify()["bodies-gone"] == 0
    assert "org.atoll.prod.fill.* 1\n" == log.bus("retention", "list")


def test_subscriptions(log):
    log.bus("subscriptions", "add", "mirror", "--topic", "a.*", "--lag-alarm", "2")
    for _ in range(3):
        log.publish("a.b")
    log.publish("c.d")
    listed = json.loads(log.bus("subscriptions", "--json"))["subscriptions"]
    assert listed[0]["lag"] == 3 and listed[0]["topics"] == ["a.*"]
    log.bus("subscriptions", "park", "mirror", "2")
    assert json.loads(log.bus("subscriptions", "parked", "mirror", "--json"))["parked"][0]["seq"] == 2
    log.bus("subscriptions", "unpark", "mirror", "2")
    log.bus("subscriptions", "remove", "mirror")
    run(*log.argv("subscriptions", "remove", "mirror"), status=1)


def test_follow_sees_all_once(log, tmp_path):
    """Four writers at once, one reader that began before them."""
    log.publish("a.b")
    with subprocess.Popen([str(w) for w in log.argv("tail", "--since", "0", "--follow", "--json")],
                          stdout=subprocess.PIPE, text=True) as reader:
        seen = []
        thread = threading.Thread(target=lambda: seen.extend(json.loads(l)["seq"] for l in reader.stdout))
        thread.start()
        lines = tmp_path / "w"
        lines.write_text("".join(json.dumps({"topic": "w.x", "body": {"i": i}}) + "\n" for i in range(250)))
        writers = [subprocess.Popen([str(w) for w in log.argv("import", lines)], stdout=subprocess.DEVNULL)
                   for _ in range(4)]
        assert [w.wait(timeout=600) for w in writers] == [0] * 4
        wait_until(lambda: len(seen) >= 1002)
        reader.send_signal(signal.SIGINT)
        thread.join(timeout=300)
        assert reader.wait(timeout=300) == 0
    assert seen == list(range(1, 1003))


def test_password_stays_secret(atoll, tmp_path):
    for url in ("postgresql://u:geheim@127.0.0.1:1/x", "postgresql://u:geheim@[::1/x", "mysql://u:geheim@h/x"):
        log = Log(atoll, url, tmp_path / "state")
        result = run(*log.argv("search"), status=1, env=dict(os.environ, PGCONNECT_TIMEOUT="2"))
        assert "geheim" not in result.stderr and result.stderr
