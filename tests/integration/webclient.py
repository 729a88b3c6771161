# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of the event log over HTTP, as tests need it."""
import http.client
import json
import socket
import urllib.parse

from conftest import BUILD, run

ATOLL = BUILD / "src/programs/atoll"


def make_token(state, actor="service:test", topic="org.atoll.*", database=None, **options):
    extra = ["--database", database] if database else []
    return run(ATOLL, "token", "add", actor, "--topic", topic, "--state", state, *extra,
               **options).stdout.strip()


class Client:
    """One kept connection."""

    def __init__(self, port, token=None, host="127.0.0.1"):
        self.address = (host, port)
        self.token = token
        self.connection = None

    def request(self, method, path, body=None, headers=None):
        """(response, body); the connection is opened again when the server had closed it."""
        headers = dict(headers or {})
        if self.token and method == "POST":
            headers.setdefault("Authorization", f"Bearer {self.token}")
        for attempt in (0, 1):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(*self.address, timeout=300)
            try:
                self.connection.request(method, path, body=body, headers=headers)
                response = self.connection.getresponse()
                data = response.read()
            except (ConnectionError, http.client.HTTPException, socket.timeout):
                self.connection.close()
                self.connection = None
                if attempt or method == "POST":
                    raise
                continue
            if response.will_close:
                self.connection.close()
                self.connection = None
            return response, data
        raise AssertionError("unreachable")

    def get(self, path, status=200, headers=None, **parameters):
        """The JSON that GET answers; parameters may be lists."""
        if parameters:
            path += "?" + urllib.parse.urlencode(parameters, doseq=True)
        response, data = self.request("GET", path, headers=headers)
        assert response.status == status, (path, response.status, data[:500])
        return json.loads(data)

    def post(self, message, status=201, **headers):
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        response, answer = self.request("POST", "/events", data, headers)
        assert response.status == status, (response.status, answer[:500])
        return json.loads(answer)

    def publish(self, topic="org.atoll.prod.test.thing.done", body=None, **members):
        return self.post({"topic": topic, "body": body or {}, **members})

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Stream:
    """A reader of GET /events: small, and strict about the form."""

    def __init__(self, port, query="", last_id=None, timeout=300):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.last_id = last_id
        header = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        self.socket.sendall(f"GET /events{query} HTTP/1.0\r\nHost: h\r\n{header}\r\n".encode())
        self.buffer = b""
        head = self._until(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1])
        self.head = head.decode().lower()

    def _until(self, mark):
        while mark not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def block(self):
        """The next block, also one without data."""
        fields = {}
        for line in self._until(b"\n\n").decode().split("\n"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        if "id" in fields:
            self.last_id = int(fields["id"])
        return fields

    def event(self):
        """The next event."""
        while True:
            fields = self.block()
            if "data" in fields:
                event = json.loads(fields["data"])
                assert event["seq"] == self.last_id
                return event

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()
