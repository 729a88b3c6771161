# SPDX-License-Identifier: LGPL-2.1-or-later
"""`atoll bus deliver`: webhooks to a real HTTP server, mail to a real SMTP server; what fails is
tried again, what fails for good is parked, and everything comes once and in order."""
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import sqlite3
import ssl
import threading
import time
import urllib.request
import xml.etree.ElementTree

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult

from database import free_port, wait_until
from rabbitmq import Proxy, make_authority, make_certificate

pytest_plugins = ["buslog", "database"]

TOPIC = "org.atoll.prod.compose.tree.done"


class Receiver:
    """An HTTP server that keeps what is posted; answers(path, n) may give the n-th another
    status, a redirect (status, location), or None to never answer."""

    def __init__(self):
        self.posts = []
        self.tries = []
        self.answers = lambda path, n: 200
        self.connections = 0
        lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                with lock:
                    receiver.connections += 1
                try:
                    super().handle()
                except ConnectionError:
                    pass  # whoever sent has been killed
                finally:
                    with lock:
                        receiver.connections -= 1

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.tries.append(self.path)
                answer = receiver.answers(self.path, len(receiver.tries))
                location = None
                if isinstance(answer, tuple):
                    answer, location = answer
                if answer == 200:
                    receiver.posts.append((self.path, dict(self.headers), body))
                self.send_response(answer)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def numbers(self, path="/"):
        return [json.loads(body)["msg"]["n"] for p, _, body in self.posts if p == path]


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.server.shutdown()
    server.server.server_close()


class Mailbox(Sink):
    """An SMTP server that refuses the first mails, then takes all."""

    def __init__(self, refuse=0):
        super().__init__()
        self.refuse = refuse
        self.mails = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{self.controller.port}"

    async def handle_DATA(self, server, session, envelope):
        if self.refuse > 0:
            self.refuse -= 1
            return "451 try later"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        return "250 taken"


@pytest.fixture
def mailbox():
    boxes = []

    def make(refuse=0):
        boxes.append(Mailbox(refuse))
        return boxes[-1]

    yield make
    for box in boxes:
        box.controller.stop()


def events(n, start=0, **more):
    return [dict({"topic": TOPIC, "body": {"n": i}}, **more) for i in range(start, start + n)]


def add_hook(log, url, name, *words):
    log.atoll("bus", "webhook", "add", url, "--name", name, "--retry-wait", 0, "--topic",
              "org.atoll.prod.compose.*", *words)


def test_signed_as_pagures(log, receiver, tmp_path):
    key = tmp_path / "key"
    key.write_text("ge-heim\n")
    add_hook(log, receiver.url + "/", "signed", "--secret-file", key)
    log.start("bus", "deliver", "--url", "https://atoll.example.org")
    log.append({"topic": "org.atoll.prod.other", "body": {}},
               {"topic": TOPIC, "body": {"b": "ä", "n": 1}, "objects": ["deb:bash"],
                "actor": "person:alice", "severity": 30})
    wait_until(lambda: receiver.posts)
    path, headers, body = receiver.posts[0]
    event = log.read()[-1]
    assert headers["X-Pagure-Signature"] == hmac.new(b"ge-heim", body, hashlib.sha1).hexdigest()
    assert headers["X-Pagure-Signature-256"] == hmac.new(b"ge-heim", body, "sha256").hexdigest()
    assert headers["X-Pagure-Topic"] == TOPIC
    assert headers["X-Pagure"] == "https://atoll.example.org"
    assert headers["Content-Type"] == "application/json"
    said = json.loads(body)
    assert said == {"topic": TOPIC, "msg": {"b": "ä", "n": 1}, "timestamp": event["time"],
                    "msg_id": f"{time.gmtime(event['time']).tm_year}-{event['id']}",
                    "i": event["seq"], "seq": event["seq"], "actor": "person:alice",
                    "severity": 30, "objects": ["deb:bash"]}
    assert event["body"].encode() in body
    listed = log.atoll("bus", "webhook", "list", "--json").stdout
    assert "ge-heim" not in listed and json.loads(listed)[0]["signed"] is True
    assert log.atoll("bus", "webhook", "test", "signed").stdout.strip().endswith("took a test event")
    assert receiver.posts[-1][1]["X-Pagure-Topic"] == "org.atoll.prod.bus.webhook.test"


def test_fails_three_times_and_keeps_the_order(log, receiver):
    receiver.answers = lambda path, n: 503 if n <= 3 else 200
    add_hook(log, receiver.url + "/", "flaky")
    daemon = log.start("bus", "deliver")
    log.append(*events(20))
    wait_until(lambda: len(receiver.posts) == 20)
    assert receiver.numbers() == list(range(20))
    assert len(receiver.tries) == 23
    assert "503" in daemon.text()
    assert not log.parked("webhook:flaky")


def test_hooks_do_not_wait_for_one_another(log, receiver):
    """One receiver is dead, one refuses one event for good, one is well."""
    dead = free_port()
    log.atoll("bus", "webhook", "add", f"http://127.0.0.1:{dead}/", "--name", "dead")
    add_hook(log, receiver.url + "/good", "good")
    add_hook(log, receiver.url + "/picky", "picky", "--attempts", 3)
    bad = {"tries": 0}

    def answers(path, _):
        if path == "/picky" and len([p for p in receiver.posts if p[0] == "/picky"]) == 4:
            bad["tries"] += 1
            return 500 if bad["tries"] <= 3 else 200
        return 200

    receiver.answers = answers
    log.start("bus", "deliver")
    log.append(*events(10))
    wait_until(lambda: len(receiver.numbers("/good")) == 10 and len(receiver.numbers("/picky")) == 9)
    assert receiver.numbers("/good") == list(range(10))
    assert receiver.numbers("/picky") == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    parked = log.parked("webhook:picky")
    assert len(parked) == 1 and "500" in parked[0] and "3 attempts" in parked[0]
    assert not log.parked("webhook:dead")


def test_killed_deliverer_loses_nothing(log, receiver):
    add_hook(log, receiver.url + "/", "hook")
    log.append(*events(300))
    daemon = log.start("bus", "deliver")
    for mark in (50, 150):
        wait_until(lambda m=mark: len(receiver.posts) >= m)
        daemon.kill()
        # what it sent last is counted before anything of the next one
        wait_until(lambda: receiver.connections == 0)
        daemon = log.start("bus", "deliver")
    wait_until(lambda: set(receiver.numbers()) == set(range(300)))
    daemon.stop()
    numbers = receiver.numbers()
    # at most the event under way at each kill came again, and never out of order
    assert len(numbers) <= 302
    assert list(dict.fromkeys(numbers)) == list(range(300))
    assert sorted(numbers) == numbers


def test_waits_are_remembered(log, receiver):
    """A restart does not begin to hammer a receiver that is to be left alone."""
    receiver.answers = lambda path, n: 500
    log.atoll("bus", "webhook", "add", receiver.url + "/", "--name", "slow", "--retry-wait", 3600,
              "--topic", TOPIC)
    daemon = log.start("bus", "deliver")
    log.append(*events(1))
    wait_until(lambda: receiver.tries)
    daemon.wait_for("500")
    daemon.stop()
    with sqlite3.connect(log.state / "atoll.db") as db:
        attempts, next_us = db.execute("SELECT attempts, next_us FROM bus_delivery").fetchone()
    assert attempts == 1 and next_us / 1e6 > time.time() + 2000
    trouble = log.json("bus", "webhook", "list")[0]["trouble"]
    assert trouble["attempts"] == 1 and "500" in trouble["reason"]
    assert "1 times:" in log.atoll("bus", "webhook", "list").stdout
    receiver.answers = lambda path, n: 200
    add_hook(log, receiver.url + "/other", "other")
    log.start("bus", "deliver")
    log.append(*events(1, 1))
    wait_until(lambda: receiver.numbers("/other") == [1])
    assert receiver.tries == ["/", "/other"]


def test_redirects(log, receiver):
    """Followed with method and body, but not to where only this machine can reach."""
    receiver.answers = lambda path, n: (307, receiver.url + "/here") if path == "/there" else 200
    add_hook(log, receiver.url + "/there", "wary", "--attempts", 1)
    log.start("bus", "deliver")
    log.append(*events(1))
    wait_until(lambda: log.parked("webhook:wary"))
    assert "private address" in log.parked("webhook:wary")[0]
    assert receiver.tries == ["/there"]
    add_hook(log, receiver.url + "/there", "trusting", "--allow-private", "--attempts", 1)
    log.append(*events(1, 1))
    wait_until(lambda: receiver.numbers("/here") == [1])


def test_one_deliverer(log, receiver):
    add_hook(log, receiver.url + "/", "hook")
    first = log.start("bus", "deliver")
    log.append(*events(5))
    wait_until(lambda: len(receiver.posts) == 5)
    assert "already" in log.start("bus", "deliver").fails()
    log.start("bus", "deliver", "--standby")
    first.kill()
    log.append(*events(5, 5))
    # the first may have been killed before it noted that the fifth was taken
    wait_until(lambda: list(dict.fromkeys(receiver.numbers())) == list(range(10)))
    assert len(receiver.numbers()) <= 11


def test_on_each_database(receiver, database, log):
    """SQLite and PostgreSQL: retries, and the lock that only one delivers."""
    log.use_database(database)
    add_hook(log, receiver.url + "/", "hook")
    receiver.answers = lambda path, n: 503 if n == 1 else 200
    first = log.start("bus", "deliver")
    log.append(*events(3))
    wait_until(lambda: receiver.numbers() == [0, 1, 2])
    assert "already" in log.start("bus", "deliver").fails()
    first.stop()
    log.atoll("bus", "webhook", "remove", "hook")
    assert log.json("bus", "webhook", "list") == []


def test_database_restarted(receiver, own_postgres, log):
    """PostgreSQL dies under load, and comes back."""
    log.use_database(own_postgres.url(own_postgres.make_database()))
    add_hook(log, receiver.url + "/", "hook")
    daemon = log.start("bus", "deliver")
    log.append(*events(200))
    wait_until(lambda: len(receiver.posts) >= 20)
    own_postgres.control("restart", "immediate")
    log.append(*events(50, 200))
    wait_until(lambda: set(receiver.numbers()) == set(range(250)))
    daemon.stop()
    numbers = receiver.numbers()
    assert sorted(numbers) == numbers and len(numbers) <= 251
    assert "trying again" in daemon.text()


def test_lag_alarm_and_lost_subscription(log, receiver):
    """Whoever falls far behind is named; a subscription that somebody removed keeps nobody else."""
    receiver.answers = lambda path, n: 500 if path == "/dead" else 200
    log.atoll("bus", "webhook", "add", receiver.url + "/dead", "--name", "dead")
    add_hook(log, receiver.url + "/good", "good", "--topic", "org.nothing")
    log.append(*events(10001, topic="org.many"), batch=5000)
    log.start("bus", "deliver")

    def alarms():
        found = log.atoll("bus", "search", "--topic", "org.atoll.prod.bus.subscription.lagging",
                          "--json").stdout
        return [line for line in found.splitlines() if "webhook:dead" in line]

    wait_until(alarms)
    log.atoll("bus", "subscriptions", "remove", "webhook:dead")
    log.append(*events(1))
    wait_until(lambda: receiver.numbers("/good") == [0])


def test_mail(log, mailbox):
    box = mailbox(refuse=2)
    add = ("bus", "notify", "add")
    log.atoll(*add, "errors", "--to", "mail:alice@example.org", "--severity", "error",
              "--exclude-actor", "person:alice", "--object", "deb:*")
    log.start("bus", "deliver", "--smtp", box.url, "--from", "atoll@example.org", "--url",
              "https://atoll.example.org")
    wanted = dict(severity=40, actor="person:bob", objects=["deb:bash"])
    log.append(*events(1, 0, **dict(wanted, severity=30)),
               *events(1, 1, **dict(wanted, actor="person:alice")),
               *events(1, 2, **dict(wanted, objects=["rpm:bash"])),
               *events(1, 3, **wanted), *events(1, 4, **wanted))
    wait_until(lambda: len(box.mails) == 2)
    log.daemons[0].stop()
    sender, recipients, mail = box.mails[0]
    event = log.read()[3]
    assert (sender, recipients) == ("atoll@example.org", ["alice@example.org"])
    assert mail["Subject"] == f"[atoll] {TOPIC} by person:bob"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert '{"n":3}' in text and f"https://atoll.example.org/log/{event['seq']}" in text
    assert '{"n":4}' in box.mails[1][2].get_content()
    assert box.mails[0][2]["Message-ID"] != box.mails[1][2]["Message-ID"]
    assert "451" in log.daemons[0].text()


def test_digest_and_mute(log, mailbox):
    box = mailbox()
    log.atoll("bus", "notify", "add", "daily", "--to", "mail:alice@example.org", "--digest", "2s",
              "--topic", TOPIC)
    log.atoll("bus", "notify", "add", "muted", "--to", "mail:bob@example.org")
    log.atoll("bus", "notify", "mute", "muted", "--for", "1h")
    log.start("bus", "deliver", "--smtp", box.url, "--from", "atoll@example.org")
    log.append(*events(5))
    log.append(*events(5, 5))

    def told():
        return [n for _, _, mail in box.mails for n in range(10)
                if f'{{"n":{n}}}' in mail.get_content()]

    wait_until(lambda: len(told()) >= 10)
    assert told() == list(range(10))
    # the second five are in the same digest, or, when that has taken long to come, in the next
    assert [mail["Subject"] for _, _, mail in box.mails] in (
        ["[atoll] 10 events"], ["[atoll] 5 events"] * 2)
    assert {recipient for _, recipients, _ in box.mails for recipient in recipients} == {
        "alice@example.org"}
    log.atoll("bus", "notify", "mute", "muted", "--for", "0")
    log.daemons[0].stop()
    log.start("bus", "deliver", "--smtp", box.url, "--from", "atoll@example.org")
    log.append(*events(1, 10))
    wait_until(lambda: any(r == ["bob@example.org"] for _, r, _ in box.mails))
    bobs = [m for _, r, m in box.mails if r == ["bob@example.org"]]
    assert len(bobs) == 1 and '{"n":10}' in bobs[0].get_content()


class LoginMailbox(Mailbox):
    """Takes mail only from whoever knows the password."""

    def __init__(self):
        Sink.__init__(self)
        self.refuse = 0
        self.mails = []

        def authenticate(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login, data.password) == (b"atoll", b"ge-heim"))

        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(),
                                     authenticator=authenticate, auth_required=True,
                                     auth_require_tls=False)
        self.controller.start()
        self.url = f"smtp://atoll@127.0.0.1:{self.controller.port}"


def test_mail_with_password(log, tmp_path):
    box = LoginMailbox()
    password = tmp_path / "password"
    password.write_text("ge-heim\n")
    log.atoll("bus", "notify", "add", "all", "--to", "mail:alice@example.org", "--topic", TOPIC)
    log.start("bus", "deliver", "--smtp", box.url, "--from", "atoll@example.org",
              "--smtp-password-file", password)
    log.append(*events(1))
    wait_until(lambda: box.mails)
    log.daemons[0].stop()
    assert "ge-heim" not in log.daemons[0].text()
    box.controller.stop()


class TlsMailbox(Mailbox):
    """A mail server that speaks TLS, from the start (smtps) or when asked to (STARTTLS)."""

    def __init__(self, directory, implicit):
        Sink.__init__(self)
        self.refuse = 0
        self.mails = []
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(directory / "mail.crt", directory / "mail.key")
        options = {"ssl_context": context} if implicit else {"tls_context": context,
                                                             "require_starttls": True}
        self.controller = Controller(self, hostname="localhost", port=free_port(), **options)
        self.controller.start()
        self.url = f"{'smtps' if implicit else 'smtp'}://localhost:{self.controller.port}"


@pytest.mark.parametrize("implicit", [True, False], ids=["smtps", "starttls"])
def test_mail_over_tls(log, tmp_path, implicit):
    make_authority(tmp_path)
    make_authority(tmp_path, "other")
    make_certificate(tmp_path, "mail", "localhost")
    box = TlsMailbox(tmp_path, implicit)
    log.atoll("bus", "notify", "add", "all", "--to", "mail:alice@example.org", "--topic", TOPIC)
    log.append(*events(1))
    # whom nobody vouches for gets nothing
    log.start("bus", "deliver", "--smtp", box.url, "--from", "atoll@example.org", "--smtp-ca-file",
              tmp_path / "other.crt")
    log.daemons[0].wait_for("certificate")
    log.daemons[0].stop()
    assert not box.mails
    log.start("bus", "deliver", "--smtp", box.url, "--from", "atoll@example.org", "--smtp-ca-file",
              tmp_path / "ca.crt")
    wait_until(lambda: box.mails)
    assert '{"n":0}' in box.mails[0][2].get_content()
    log.daemons[1].stop()
    box.controller.stop()


def test_no_password_without_tls(log, tmp_path, mailbox):
    """A server that offers no STARTTLS does not get the password, nor the mail."""
    box = mailbox()
    (tmp_path / "password").write_text("ge-heim\n")
    # another machine than this one, as far as the name tells
    url = box.url.replace("//127.0.0.1", "//atoll@127.0.0.2")
    log.atoll("bus", "notify", "add", "all", "--to", "mail:alice@example.org", "--topic", TOPIC)
    log.append(*events(1))
    forward = Proxy(box.controller.port, "127.0.0.2")
    url = url.replace(f":{box.controller.port}", f":{forward.port}")
    log.start("bus", "deliver", "--smtp", url, "--from", "atoll@example.org", "--smtp-password-file",
              tmp_path / "password")
    log.daemons[0].wait_for("offers no TLS")
    log.daemons[0].stop()
    forward.close()
    assert not box.mails


def test_feed(log, tmp_path):
    """The path of a feed rule is one that `atoll serve` has, with what the rule wants."""
    path = log.atoll("bus", "notify", "add", "f", "--to", "feed", "--topic", "org.atoll.*.tree.*",
                     "--object", "deb:bash", "--severity", "warning", "--exclude-actor",
                     "person:alice").stdout.strip()
    wanted = dict(severity=30, objects=["deb:bash"], actor="person:bob")
    log.append(*events(1, 1, **wanted), *events(1, 2, **dict(wanted, severity=20)),
               *events(1, 3, **dict(wanted, objects=["deb:zsh"])),
               *events(1, 4, **dict(wanted, actor="person:alice")),
               *events(1, 5, **dict(wanted, topic="org.atoll.prod.image.disk.done")))
    port = tmp_path / "port"
    log.start("serve", "--listen", "127.0.0.1:0", "--port-file", port)
    wait_until(port.exists)
    url = f"http://127.0.0.1:{port.read_text().strip()}{path}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        feed = xml.etree.ElementTree.fromstring(answer.read())
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) == 1
    assert log.read()[0]["id"] in xml.etree.ElementTree.tostring(entries[0], "unicode")


def test_rules_by_hand(log):
    assert log.atoll("bus", "notify", "add", "f", "--to", "feed", "--topic", "org.atoll.*",
                     "--object", "deb:bash").stdout.strip() == (
        "/log/feed.atom?topic=org.atoll.*&object=deb:bash")
    log.atoll("bus", "notify", "add", "w", "--to", "webhook:https://u:ge-heim@example.org/x")
    rules = {rule["name"]: rule for rule in log.json("bus", "notify", "list")}
    assert rules["f"]["to"] == "feed" and rules["w"]["to"] == "webhook:https://u:***@example.org/x"
    assert "ge-heim" not in log.atoll("bus", "notify", "list").stdout
    for words in (("x", "--to", "mail:nobody"), ("x",), ("a b", "--to", "feed"),
                  ("x", "--to", "feed", "--digest", "1h"),
                  ("x", "--to", "mail:a@b", "--severity", "loud")):
        log.atoll("bus", "notify", "add", *words, status=1 if words[0] == "a b" else 2)
    assert "already" in log.atoll("bus", "notify", "add", "f", "--to", "feed", status=1).stderr
    log.atoll("bus", "notify", "add", "g", "--to", "feed", "--object", "deb:*", status=1)
    log.atoll("bus", "notify", "mute", "w", "--until", "2099-01-01T00:00:00Z")
    assert log.json("bus", "notify", "list")[1]["muted-until"] == "2099-01-01T00:00:00Z"
    log.atoll("bus", "notify", "remove", "f")
    log.atoll("bus", "notify", "remove", "f", status=1)
    log.atoll("bus", "webhook", "add", "ftp://example.org/", status=1)
    log.atoll("bus", "webhook", "remove", "none", status=1)
