# SPDX-License-Identifier: LGPL-2.1-or-later
"""The event log over HTTP: streams, publishing, datagrepper's API, feeds, charts."""
import base64
import hashlib
import http.server
import json
import random
import re
import subprocess
import threading
import time
import uuid
import xml.etree.ElementTree

import jsonschema
import pytest

from conftest import run
from database import free_port
from randomschema import random_schema, random_value
from webclient import ATOLL, Client, Stream, make_token

PREFIX = "org.atoll.prod"


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "state"
    path.mkdir()
    return path


class Log:
    """A server with a client that may publish."""

    def __init__(self, serve, state, *extra, database=None):
        self.state = state
        words = ["--database", database] if database else []
        self.token = make_token(state, database=database)
        self.server = serve(None, "--state", state, *words, *extra)
        self.client = Client(self.server.port, self.token)


@pytest.fixture
def log(serve, state):
    return Log(serve, state)


@pytest.fixture
def any_log(serve, state, database):
    return Log(serve, state, database=database)


def test_publish_and_read(any_log):
    client = any_log.client
    message = {"topic": f"{PREFIX}.build.rpm.done", "body": {"b": 1, "a": "ü\u2028"},
               "severity": "warning", "objects": ["rpm:bash", "user:alice"],
               "schema": "https://example.org/s", "id": str(uuid.uuid4())}
    made = client.post(message)
    for name in ("topic", "body", "objects", "schema", "id"):
        assert made[name] == message[name]
    assert (made["severity"], made["actor"]) == (30, "service:test")
    response, data = client.request("GET", f"/events/{made['seq']}")
    assert json.loads(data) == made
    signed = json.loads(made["signed"])
    assert signed["topic"] == message["topic"]
    canonical = '{"a":"ü\u2028","b":1}'.encode()
    assert signed["body-digest"] == hashlib.sha256(canonical).hexdigest()
    assert client.get("/messagecount")["messagecount"] == made["seq"]
    assert client.get("/events/999999", status=404)["error"]
    assert client.get("/events/x", status=404)["status"] == 404
    head = client.get("/bus/head")
    proof = client.get(f"/events/{made['seq']}/proof")
    assert proof["type"] == "inclusion" and proof["event"]["id"] == made["id"]
    proof_file = any_log.state / "proof.json"
    proof_file.write_text(json.dumps(proof))
    key = json.loads(head["text"])["public"]
    checked = run(ATOLL, "bus", "check-proof", proof_file, "--key", key).stdout
    assert made["id"] in checked
    client.get("/events/999999/proof", status=404)
    assert set(head) >= {"text", "signature"} and json.loads(head["text"])["size"] == made["seq"]


def test_publishing_is_refused(log):
    client, good = log.client, {"topic": f"{PREFIX}.build.rpm.done", "body": {}}
    narrow = make_token(log.state, "person:bob", f"{PREFIX}.build.*")
    before = client.get("/messagecount")["messagecount"]

    def refused(message, status, wanted, **headers):
        answer = client.post(message, status, **headers)
        assert answer["status"] == status and wanted in answer["error"], answer

    for header in ("", "Basic YTpi", f"Bearer {narrow}x", "Bearer ", f"Bearer {narrow[:-1]}{'10'[narrow[-1] == '1']}",
                   "Bearer atoll_000000000000_" + "0" * 64):
        refused(good, 401, "token", Authorization=header)
    refused({**good, "topic": f"{PREFIX}.compose.tree.done"}, 403, "person:bob",
            Authorization=f"Bearer {narrow}")
    refused({**good, "topic": f"{PREFIX}.bus.key.added"}, 403, "")
    for message, wanted in (
            (b"", ""), (b"[]", ""), (b"{}", "topic"), (b'{"topic":1,"body":{}}', "topic"),
            ({"topic": "a.b"}, "body"), ({**good, "body": []}, "body"),
            ({**good, "time": 1}, "time"), ({**good, "severity": 25}, "severity"),
            ({**good, "objects": "x"}, "objects"), ({**good, "objects": [1]}, "objects"),
            ({**good, "id": "x"}, "UUID"), ({**good, "topic": "a..b"}, "topic"),
            ({**good, "topic": "a.b\u0007"}, "topic"), ({**good, "topic": "a." * 200 + "b"}, "topic"),
            (b'{"topic":"a.b","topic":"a.c","body":{}}', "second key"),
            (b'{"topic":"a.b","body":{"x":{"y":1,"y":2}}}', "second key"),
            (b'{"topic":"a.b","body":{"x":"\xff"}}', ""), (b'{"topic":"a.b","body":{"x":"\\ud800"}}', ""),
            (b'{"topic":"a.b","body":{"x":1e999}}', ""),
            (b'{"topic":"a.b","body":{"x":' + b"[" * 10000 + b"]" * 10000 + b"}}", ""),
            (b'{"topic":"a.b","body":' + b'{"x":' * 10000 + b"1" + b"}" * 10001, "")):
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        answer = client.request("POST", "/events", data)
        assert answer[0].status in (400, 413), (data[:80], answer)
        assert wanted in json.loads(answer[1])["error"], answer
    refused({**good, "body": {"x": "y" * (1024 * 1024)}}, 413, "")
    assert client.get("/messagecount")["messagecount"] == before
    twice = {**good, "id": str(uuid.uuid4())}
    client.post(twice)
    refused(twice, 409, twice["id"])
    assert client.get("/messagecount")["messagecount"] == before + 1
    assert client.request("PUT", "/events")[0].headers["Allow"] == "GET, HEAD, POST"


def test_a_body_of_100_megabytes(log, tmp_path):
    huge = tmp_path / "huge"
    with open(huge, "wb") as file:
        file.truncate(100_000_000)
    for extra in ([], ["-H", "Transfer-Encoding: chunked"]):
        code = run("curl", "-s", "--expect100-timeout", "120", "-o", "/dev/null", "-w", "%{http_code}", *extra, "-H",
                   f"Authorization: Bearer {log.token}", "--data-binary", f"@{huge}",
                   f"{log.server.url}/events", status=None).stdout
        assert code == "413"
    log.client.publish()


def test_tokens_end(log):
    client = log.client
    client.publish()
    listed = json.loads(run(ATOLL, "token", "list", "--json", "--state", log.state).stdout)
    assert [(row["actor"], row["topics"]) for row in listed] == [("service:test", ["org.atoll.*"])]
    assert log.token.split("_")[1] == listed[0]["id"]
    database = b"".join(path.read_bytes() for path in log.state.glob("atoll.db*"))
    assert log.token.split("_")[2].encode() not in database
    run(ATOLL, "token", "remove", listed[0]["id"], "--state", log.state)
    client.post({"topic": "a.b.c", "body": {}}, 401)
    run(ATOLL, "token", "remove", listed[0]["id"], "--state", log.state, status=1)
    topics = [item["topic"] for item in client.get("/raw", category="token")["raw_messages"]]
    assert topics == [f"{PREFIX}.token.access.removed", f"{PREFIX}.token.access.added"]


def test_stream(any_log):
    client = any_log.client
    first = client.publish(body={"n": 0})["seq"]
    with Stream(any_log.server.port, f"?since={first - 1}") as early:
        early.event()  # the feed has it
    with Stream(any_log.server.port) as live, Stream(any_log.server.port, "?since=0") as whole, \
            Stream(any_log.server.port, f"?since=0&topic={PREFIX}.b.*&severity=30") as some:
        assert "text/event-stream" in live.head
        assert live.block() == {"retry": "1000", "id": str(first)}
        assert [whole.event()["seq"] for _ in range(first)] == list(range(1, first + 1))
        made = [client.publish(f"{PREFIX}.{'ab'[n % 2]}.x.y", {"n": n, "lines": "a\nb"},
                               severity=[20, 40][n // 2 % 2]) for n in range(8)]
        assert [live.event() for _ in made] == made
        assert [whole.event() for _ in made] == made
        assert [some.event()["body"]["n"] for _ in range(2)] == [3, 7]
    with Stream(any_log.server.port, "?since=1", last_id=made[5]["seq"]) as resumed:
        assert [resumed.event()["body"]["n"] for _ in range(2)] == [6, 7]
    with Stream(any_log.server.port, "?topik=x") as wrong:
        assert wrong.status == 400
    with Stream(any_log.server.port, "", last_id="x") as wrong:
        assert wrong.status == 400


def test_stream_catches_up_beyond_the_ring(log):
    """More than the ring has, while more is published."""
    client = log.client
    for n in range(300):
        client.publish(body={"n": n})
    # A server that has just started has an empty ring: all comes out of the database.
    run("curl", "-sf", "-o", "/dev/null", f"{log.server.url}/healthz")
    done = threading.Event()
    publisher = Client(log.server.port, log.token)

    def publish():
        for n in range(300, 400):
            publisher.publish(body={"n": n})
        done.set()

    with Stream(log.server.port, "?since=0&category=test") as stream:
        thread = threading.Thread(target=publish, daemon=True)
        thread.start()
        assert [stream.event()["body"]["n"] for _ in range(400)] == list(range(400))
        thread.join()
    assert done.is_set()
    # Words of bodies have no index: such a stream looks at each event.
    with Stream(log.server.port, "?since=0&contains=%22n%22%3A7%7D") as stream:
        assert stream.event()["body"] == {"n": 7}
        client.publish(body={"n": 8})
        client.publish(body={"m": 1, "n": 7})
        assert stream.event()["body"] == {"m": 1, "n": 7}


def test_streams_resume_over_a_restart(serve, state):
    """Readers that reconnect with Last-Event-ID see every event once, in order."""
    port = free_port()
    listen = ("--listen", f"127.0.0.1:{port}")
    log = Log(serve, state, *listen)
    stop = threading.Event()
    seen = [[] for _ in range(4)]

    def follow(index):
        last = 0
        while not stop.is_set():
            try:
                with Stream(port, "?category=test", last_id=last, timeout=3) as stream:
                    while True:
                        seen[index].append(stream.event()["body"]["n"])
                        last = stream.last_id
            except (OSError, EOFError):
                time.sleep(0.05)

    followers = [threading.Thread(target=follow, args=(index,), daemon=True) for index in range(len(seen))]
    for follower in followers:
        follower.start()
    curl = subprocess.Popen(["curl", "-sN", f"{log.server.url}/events?since=0"],
                            stdout=subprocess.PIPE, text=True)
    text = curl.stdout.readline() + curl.stdout.readline()
    total = 0
    for how in ("terminate", "kill", "terminate"):
        for _ in range(40):
            log.client.publish(body={"n": total})
            total += 1
        getattr(log.server.process, how)()
        log.server.process.wait(timeout=300)
        if how == "kill":
            log.server.stop = lambda: 0
        log.client.close()
        log.server = serve(None, "--state", state, *listen)
    for _ in range(20):
        log.client.publish(body={"n": total})
        total += 1
    deadline = time.monotonic() + 300
    while any(len(numbers) < total for numbers in seen) and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    log.client.publish(body={"n": total})  # wakes who waits
    for follower in followers:
        follower.join()
    def ids(text):
        return [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")][1:]

    got = ids(text + curl.stdout.read())
    curl.wait()
    last = log.client.get("/messagecount")["messagecount"]
    with subprocess.Popen(["curl", "-sN", "-H", f"Last-Event-ID: {got[-1]}",
                           f"{log.server.url}/events"], stdout=subprocess.PIPE, text=True) as curl:
        lines = []
        while f"id: {last}\n" not in lines:
            lines.append(curl.stdout.readline())
            assert lines[-1], "the stream ended"
        curl.terminate()
    got += ids("".join(lines))
    assert got == list(range(1, last + 1)) and last > total
    for numbers in seen:
        assert numbers[:total] == list(range(total))


def test_datagrepper(any_log):
    """The parameters, defaults, paging and shapes of datagrepper's API."""
    client = any_log.client
    start = time.time()
    for n in range(30):
        client.publish(f"{PREFIX}.{['compose', 'build'][n % 2]}.thing.done", {"n": n, "word": f"w{n}x"},
                       objects=[f"rpm:{['bash', 'zsh', 'vim'][n % 3]}", f"user:{['al', 'bo'][n % 2]}"])
    answer = client.get("/raw", category=["compose", "build"])
    assert set(answer) == {"raw_messages", "total", "pages", "count", "arguments"}
    assert (answer["total"], answer["pages"], answer["count"]) == (30, 2, 25)
    assert [item["msg"]["n"] for item in answer["raw_messages"]] == list(range(29, 4, -1))
    arguments = answer["arguments"]
    assert arguments == {
        "start": None, "delta": None, "end": None, "users": [], "packages": [],
        "categories": ["compose", "build"], "topics": [], "agents": [], "contains": [],
        "not_users": [], "not_packages": [], "not_categories": [], "not_topics": [],
        "not_agents": [], "meta": [], "page": 1, "rows_per_page": 25, "order": "desc"}
    item = answer["raw_messages"][0]
    assert set(item) == {"msg_id", "topic", "timestamp", "msg", "headers", "i", "crypto", "signature",
                         "certificate", "username", "agent_name", "source_name", "source_version",
                         "users", "packages"}
    assert isinstance(item["timestamp"], float) and start - 1 < item["timestamp"] < time.time() + 1
    assert (item["users"], item["packages"], item["agent_name"]) == (["bo"], ["vim"], "test")
    assert (item["crypto"], len(base64.b64decode(item["signature"]))) == ("ed25519", 64)

    v2 = client.get("/v2/search", topic=f"{PREFIX}.build.thing.done", rows_per_page=1)
    assert set(v2["raw_messages"][0]) == {"id", "topic", "body", "headers", "priority", "queue"}
    headers = v2["raw_messages"][0]["headers"]
    assert headers["fedora_messaging_rpm_vim"] is True and headers["fedora_messaging_severity"] == 20
    assert client.get("/v2/id", id=item["msg_id"])["body"] == item["msg"]
    assert client.get("/id", id=item["msg_id"]) == item
    assert client.get("/id", status=404, id=str(uuid.uuid4()))["status"] == 404
    assert client.get("/id", status=400)["status"] == 400

    def numbers(**parameters):
        return [found["msg"]["n"] for found in client.get(
            "/raw/", **{"order": "asc", "rows_per_page": 100, "category": ["compose", "build"]}
            | parameters)["raw_messages"]]

    assert numbers() == list(range(30))
    assert numbers(order="desc", page=2, rows_per_page=7) == list(range(22, 15, -1))
    assert numbers(page=99) == [] and numbers(page=1000000000) == []
    everything = client.get("/messagecount")["messagecount"]
    for order in ("asc", "desc"):
        pages = [client.get("/raw", order=order, rows_per_page=7, page=page)["raw_messages"]
                 for page in range(1, everything // 7 + 3)]
        seqs = [item["i"] for page in pages for item in page]
        assert seqs == sorted(range(1, everything + 1), reverse=order == "desc")
        assert [len(page) for page in pages[:-2]] == [7] * (len(pages) - 2)
    assert numbers(category="compose") == list(range(0, 30, 2))
    assert numbers(not_category="compose") == list(range(1, 30, 2))
    assert numbers(package="bash") == list(range(0, 30, 3))
    assert numbers(package=["bash", "zsh"], user="al") == [n for n in range(0, 30, 2) if n % 3 < 2]
    assert numbers(not_package=["bash", "zsh"]) == list(range(2, 30, 3))
    assert numbers(not_user="al", not_package="vim") == [n for n in range(1, 30, 2) if n % 3 < 2]
    assert numbers(agent="test") == numbers(agent="service:test") == list(range(30))
    assert numbers(agent="nobody") == [] and numbers(not_agent="test") == []
    assert numbers(topic=f"{PREFIX}.build.thing.done") == list(range(1, 30, 2))
    assert numbers(topic=f"{PREFIX}.*", object="rpm:vim") == list(range(2, 30, 3))
    assert numbers(contains="w7x", start=start - 60) == [7]
    assert numbers(delta=60) == list(range(30)) and numbers(end=start - 60) == []
    assert numbers(start=start - 60, delta=10) == []
    assert numbers(grouped="true", _="123") == list(range(30))
    count = client.get("/raw", category="build", rows_per_page=0)
    assert (count["total"], count["count"], count["pages"]) == (15, 0, 1)

    meta = client.get("/raw", package="zsh", meta=["summary", "date", "usernames", "icon"],
                      rows_per_page=1)["raw_messages"][0]["meta"]
    assert meta["usernames"] == ["al"] and re.fullmatch("just now|.* ago", meta["date"])
    assert len(meta["WARNING"]) == 1


@pytest.mark.parametrize("query, wanted", [
    ("page=0", "page"), ("rows_per_page=101", "rows_per_page"), ("order=up", "order"),
    ("meta=x", "meta"), ("size=x", "size"), ("chrome=x", "chrome"), ("callback=a(b)", "callback"),
    ("start=tomorrow", "start"), ("contains=a", "start"), ("contains=a&start=2001-01-01", "start"),
    ("topic=%ff", "topic"), ("topic=%0a", "topic"), ("%00", "malformed"),
])
def test_bad_queries(serve, state, query, wanted):
    client = Client(serve(None, "--state", state).port)
    for path in ("/raw", "/v2/search", "/charts/line"):
        assert wanted in client.get(f"{path}?{query}", status=400)["error"]


def test_jsonp_and_html(log):
    log.client.publish(body={"text": "</script><script>alert(1)</script>"})
    response, data = log.client.request("GET", "/raw?callback=jQuery1.f_2&rows_per_page=1")
    assert response.headers["Content-Type"].startswith("application/javascript")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert data.startswith(b"/**/jQuery1.f_2({") and data.endswith(b"});\n")
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    response, data = log.client.request("GET", "/raw?size=extra-large", headers=browser)
    assert response.headers["Content-Type"].startswith("text/html")
    assert b"<html" in data and b"&lt;/script&gt;" in data and b"<script>alert" not in data
    _, data = log.client.request("GET", "/raw?chrome=false&size=small", headers=browser)
    assert data.startswith(b"<ol") and b"summary" not in data


def test_charts(log):
    for n in range(12):
        log.client.publish(f"{PREFIX}.{['compose', 'build', 'image'][n % 3]}.x.y", {},
                           objects=[f"rpm:{'ab'[n % 2]}"])
    for kind in ("line", "bar", "stackedarea", "stackedline", "stackedbar", "pie"):
        response, data = log.client.request(
            "GET", f"/charts/{kind}?delta=600&split_on=categories&title=%3Cb%3E")
        assert response.headers["Content-Type"] == "image/svg+xml"
        root = xml.etree.ElementTree.fromstring(data)
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert {"<b>", "compose", "build", "image"} <= set(texts), kind
    _, data = log.client.request(
        "GET", "/charts/bar?delta=600&N=3&package=a&package=b&split_on=packages")
    counts = [int(element.text.rsplit(": ", 1)[1]) for element in
              xml.etree.ElementTree.fromstring(data).iter("{http://www.w3.org/2000/svg}title")
              if element.text and ": " in element.text]
    assert sum(counts) == 12 and len(counts) == 6
    assert "stackedarea" in log.client.get("/charts/gauge", status=404)["error"]


def test_atom(log):
    made = [log.client.publish(f"{PREFIX}.build.x.y", {"summary": f"n {n} <&>"}) for n in range(3)]
    response, data = log.client.request("GET", "/log/feed.atom?category=build&rows_per_page=2")
    assert response.headers["Content-Type"].startswith("application/atom+xml")
    space = {"a": "http://www.w3.org/2005/Atom"}
    feed = xml.etree.ElementTree.fromstring(data)
    entries = feed.findall("a:entry", space)
    assert [entry.find("a:title", space).text for entry in entries] == ["n 2 <&>", "n 1 <&>"]
    assert entries[0].find("a:id", space).text == f"urn:uuid:{made[2]['id']}"
    link = entries[0].find("a:link", space).get("href")
    assert link == f"{log.server.url}/log/{made[2]['seq']}"
    assert feed.find("a:updated", space).text == made[2]["time"][:19] + "Z"


def test_schemas(log, tmp_path):
    """A schema is found by the digest that events which name it carry, also after it changed."""
    path = tmp_path / "schema.json"
    texts = ['{"$id": "https://example.org/s", "type":"object"}\n', '{ "$id":"https://example.org/s"}']
    digests = []
    for text in texts:
        path.write_text(text)
        digests.append(run(ATOLL, "bus", "schema", "add", path, "--state", log.state).stdout.strip())
        made = log.client.publish(schema="https://example.org/s")
        assert made["schema-digest"] == digests[-1] == hashlib.sha256(text.encode()).hexdigest()
    run(ATOLL, "bus", "schema", "add", path, "--state", log.state, status=3)
    for text, digest in zip(texts, digests):
        response, data = log.client.request("GET", f"/schemas/sha256/{digest}")
        assert (response.status, data) == (200, text.encode())
        assert "immutable" in response.headers["Cache-Control"]
        assert run(ATOLL, "bus", "schema", "show", digest, "--state", log.state).stdout == text
    listed = json.loads(run(ATOLL, "bus", "schema", "list", "--json", "--state", log.state).stdout)
    assert [row["digest"] for row in listed["schemas"]] == digests
    log.client.get(f"/schemas/sha256/{'0' * 64}", status=404)
    log.client.get("/schemas/sha256/xyz", status=404)
    for bad in ("[]", "{}", '{"$id":""}', '{"$id":5}', "{", '{"$id":"a","$id":"b"}'):
        path.write_text(bad)
        error = run(ATOLL, "bus", "schema", "add", path, "--state", log.state, status=1).stderr
        assert str(path) in error
    assert log.client.publish(schema="unknown")["schema-digest"] is None


@pytest.mark.parametrize("draft, oracle", [(4, jsonschema.Draft4Validator),
                                           (2020, jsonschema.Draft202012Validator)])
def test_bodies_fit_schemas(log, tmp_path, draft, oracle):
    """Random schemas and bodies, against the verdict of python3-jsonschema."""
    dice = random.Random(draft)
    schema = {"$id": f"https://example.org/{draft}",
              "definitions": {"d": {"type": ["integer", "array"]}},
              "properties": {f"p{i}": random_schema(dice, draft) for i in range(150)}}
    oracle.check_schema(schema)
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(schema))
    added = run(ATOLL, "bus", "schema", "add", path, "--state", log.state)
    assert added.stderr == ""
    # the oracle would look for what the id stands for elsewhere
    ours = oracle({name: value for name, value in schema.items() if name != "$id"})
    verdicts = {True: 0, False: 0}
    for i in range(450):
        body = {f"p{i % 150}": random_value(dice)}
        fits = ours.is_valid(body)
        verdicts[fits] += 1
        message = {"topic": f"{PREFIX}.x.y.z", "schema": schema["$id"], "body": body}
        said = log.client.post(message, status=201 if fits else 400)
        assert fits or f"at ‘/p{i % 150}" in said["error"], (said, body)
    assert min(verdicts.values()) > 100
    path.write_text('{"$id": "https://example.org/bad", "properties": {"a": {"type": "text"}}}')
    error = run(ATOLL, "bus", "schema", "add", path, "--state", log.state, status=1).stderr
    assert "at ‘#/properties/a/type’: want a type" in error


def test_client_certificates(serve, state, tmp_path):
    """TLS with a client certificate: its name is the actor, grants say what it may."""
    def openssl(*words):
        run("openssl", *words, cwd=tmp_path)

    for name in ("ca", "other-ca"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    for name, authority in (("server", "ca"), ("builder", "ca"), ("stranger", "other-ca")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", "-addext",
                "subjectAltName=IP:127.0.0.1")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey",
                f"{authority}.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", "2",
                "-copy_extensions", "copy")
    token = make_token(state)
    server = serve(None, "--state", state, "--tls-cert", tmp_path / "server.pem", "--tls-key",
                   tmp_path / "server.key", "--client-ca", tmp_path / "ca.pem")
    url = f"https://127.0.0.1:{server.port}"

    def publish(*words):
        out = run("curl", "-s", "-w", "\n%{http_code}", "--cacert", tmp_path / "ca.pem", *words, "-d",
                  json.dumps({"topic": f"{PREFIX}.build.x.y", "body": {}}), f"{url}/events",
                  status=None).stdout
        body, code = out.rsplit("\n", 1)
        return code, body

    def certificate(name):
        return ["--cert", tmp_path / f"{name}.pem", "--key", tmp_path / f"{name}.key"]

    assert publish()[0] == "401"
    assert publish("-H", f"Authorization: Bearer {token}")[0] == "201"
    code, body = publish(*certificate("builder"))
    assert code == "403" and "service:builder" in body
    run(ATOLL, "bus", "grant", "add", "service:builder", f"{PREFIX}.build.*", "--state", state)
    code, body = publish(*certificate("builder"))
    assert code == "201" and json.loads(body)["actor"] == "service:builder"
    assert publish(*certificate("stranger"))[0] in ("403", "000")
    assert run("curl", "-sf", "--cacert", tmp_path / "ca.pem", f"{url}/healthz").stdout == "ok\n"
    run(ATOLL, "serve", "--state", state, "--tls-cert", tmp_path / "server.pem", status=2)
    bad = run(ATOLL, "serve", "--state", state, "--tls-cert", tmp_path / "server.pem", "--tls-key",
              tmp_path / "ca.key", status=1)
    assert "no certificate with its private key" in bad.stderr


def test_health_follows_the_database(serve, state, own_postgres):
    url = own_postgres.url(own_postgres.make_database())
    log = Log(serve, state, database=url)
    assert log.client.request("GET", "/healthz")[0].status == 200
    own_postgres.control("stop", "immediate")

    def wait_for(status):
        end = time.monotonic() + 300
        while log.client.request("GET", "/healthz")[0].status != status:
            assert time.monotonic() < end
            time.sleep(0.05)

    wait_for(503)
    assert log.client.get("/raw", status=503)["error"].startswith("the event log cannot be reached")
    with Stream(log.server.port, "?since=0", timeout=300) as stream:
        own_postgres.control("start")
        assert stream.event()["seq"] == 1
        wait_for(200)
        made = log.client.publish(body={"n": 1})
        while stream.event()["seq"] != made["seq"]:
            pass
    assert log.server.read_log().count("atoll@") == 0


def test_deliver_with_the_server(serve, state):
    """`serve --deliver` does what `bus deliver` does: a webhook gets what is published."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *ignored):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        (state / "secret").write_text("hush\n")
        run(ATOLL, "bus", "webhook", "add", f"http://127.0.0.1:{receiver.server_port}/", "--topic",
            f"{PREFIX}.build.*", "--secret-file", state / "secret", "--allow-private", "--state", state)
        log = Log(serve, state, "--deliver")
        made = log.client.publish(f"{PREFIX}.build.x.y", {"n": 1})
        deadline = time.monotonic() + 300
        while not got and time.monotonic() < deadline:
            time.sleep(0.02)
        receiver.shutdown()
    assert made["id"] in json.dumps(got[0])
