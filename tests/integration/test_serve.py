# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll serve, with curl and ostree on the other side."""
import concurrent.futures
import hashlib
import http.client
import os
import re
import socket
import subprocess
import time

import pytest

from conftest import run


@pytest.fixture
def repo(tmp_path):
    """A published repo with one commit; tree/blob is 3 MB that do not compress."""
    tree = tmp_path / "tree"
    (tree / "dir").mkdir(parents=True)
    (tree / "blob").write_bytes(os.urandom(3_000_000))
    for number in range(200):
        (tree / "dir" / f"file-{number}").write_text(f"content {number}\n")
    path = tmp_path / "repo"
    run("ostree", "init", f"--repo={path}", "--mode=archive")
    run("ostree", "commit", f"--repo={path}", "-b", "atoll/x86_64/stable", "-s", "<b>subject",
        "--add-metadata-string=version=1.<2>", tree)
    return path


def largest_object(repo):
    return max((repo / "objects").rglob("*.filez"), key=lambda path: path.stat().st_size)


def request(server, method, path, headers=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


def raw_request(server, text):
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
        connection.sendall(text)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def test_ostree_pulls(repo, serve, tmp_path):
    server = serve(repo)
    client = tmp_path / "client"
    run("ostree", "init", f"--repo={client}", "--mode=bare-user")
    run("ostree", "remote", "add", f"--repo={client}", "--no-sign-verify", "--no-gpg-verify",
        "origin", server.url + "/repo")
    run("ostree", "pull", f"--repo={client}", "origin", "atoll/x86_64/stable")
    run("ostree", "fsck", f"--repo={client}")
    ours = run("ostree", "rev-parse", f"--repo={client}", "origin:atoll/x86_64/stable").stdout
    theirs = run("ostree", "rev-parse", f"--repo={repo}", "atoll/x86_64/stable").stdout
    assert ours == theirs
    assert re.search(r"127\.0\.0\.1 GET /repo/refs/heads/atoll/x86_64/stable 200 65 bytes",
                     server.read_log())


def test_many_at_once(repo, serve, tmp_path):
    server = serve(repo, "--quiet")
    path = largest_object(repo)
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    url = f"{server.url}/repo/{path.relative_to(repo)}"

    def fetch(number):
        target = tmp_path / f"copy-{number}"
        run("curl", "-sf", "-o", target, url)
        return hashlib.sha256(target.read_bytes()).hexdigest()

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        assert set(pool.map(fetch, range(120))) == {wanted}
    assert "GET" not in server.read_log()


def test_curl_resumes(repo, serve, tmp_path):
    server = serve(repo)
    path = largest_object(repo)
    content = path.read_bytes()
    target = tmp_path / "partial"
    target.write_bytes(content[:1_000_001])
    run("curl", "-sf", "-C", "-", "-o", target, f"{server.url}/repo/{path.relative_to(repo)}")
    assert target.read_bytes() == content


@pytest.mark.parametrize("header, status, start, end", [
    ("bytes=0-0", 206, 0, 1),
    ("bytes=100-199", 206, 100, 200),
    ("bytes=-7", 206, -7, None),
    ("bytes=5-", 206, 5, None),
    ("bytes=0-999999999", 206, 0, None),
    ("bytes=0-1,3-4", 200, 0, None),
    ("furlongs=1-2", 200, 0, None),
    ("bytes=999999999-", 416, 0, 0),
])
def test_ranges(repo, serve, header, status, start, end):
    server = serve(repo)
    path = largest_object(repo)
    content = path.read_bytes()
    response, body = request(server, "GET", f"/repo/{path.relative_to(repo)}", {"Range": header})
    assert response.status == status
    if status == 416:
        assert response.headers["Content-Range"] == f"bytes */{len(content)}"
        return
    assert body == content[start:end]
    assert int(response.headers["Content-Length"]) == len(body)
    if status == 206:
        first = start if start >= 0 else len(content) + start
        assert response.headers["Content-Range"] == \
            f"bytes {first}-{first + len(body) - 1}/{len(content)}"


def test_if_range(repo, serve):
    server = serve(repo)
    response, body = request(server, "GET", "/repo/config")
    etag = response.headers["ETag"]
    for value, status in ((etag, 206), ('"other"', 200), ("W/" + etag, 200),
                          (response.headers["Last-Modified"], 206),
                          ("Sun, 06 Nov 1994 08:49:37 GMT", 200)):
        part, _ = request(server, "GET", "/repo/config",
                          {"Range": "bytes=0-3", "If-Range": value})
        assert part.status == status, value


def test_conditional(repo, serve):
    server = serve(repo)
    ref = "/repo/refs/heads/atoll/x86_64/stable"
    response, _ = request(server, "GET", ref)
    etag, date = response.headers["ETag"], response.headers["Last-Modified"]
    for headers, status in (
            ({"If-None-Match": etag}, 304), ({"If-None-Match": f'"a", W/{etag}'}, 304),
            ({"If-None-Match": "*"}, 304), ({"If-None-Match": '"a"'}, 200),
            ({"If-Modified-Since": date}, 304),
            ({"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, 200),
            ({"If-Modified-Since": "yesterday"}, 200),
            # An entity tag outranks a date.
            ({"If-None-Match": '"a"', "If-Modified-Since": date}, 200)):
        answer, body = request(server, "GET", ref, headers)
        assert answer.status == status, headers
        assert answer.headers["ETag"] == etag
        if status == 304:
            assert body == b""
    run("ostree", "commit", f"--repo={repo}", "-b", "atoll/x86_64/stable", "-s", "next",
        "--tree=ref=atoll/x86_64/stable")
    assert request(server, "GET", ref, {"If-None-Match": etag})[0].status == 200


def test_caching(repo, serve):
    server = serve(repo)
    path = largest_object(repo).relative_to(repo)
    commit = run("ostree", "rev-parse", f"--repo={repo}", "atoll/x86_64/stable").stdout.strip()
    meta = repo / "objects" / commit[:2] / (commit[2:] + ".commitmeta")
    meta.write_bytes(b"")
    for name, wanted in ((path, "immutable"), ("config", "no-cache"),
                         ("refs/heads/atoll/x86_64/stable", "no-cache"),
                         (meta.relative_to(repo), "no-cache")):
        response, _ = request(server, "GET", f"/repo/{name}")
        assert response.status == 200
        assert wanted in response.headers["Cache-Control"], name


def test_head(repo, serve):
    server = serve(repo)
    path = largest_object(repo)
    for name in ("/", "/healthz", f"/repo/{path.relative_to(repo)}", "/repo/config"):
        got, _ = request(server, "GET", name)
        head, body = request(server, "HEAD", name, {"Range": "bytes=0-1"})
        assert (head.status, body) == (200, b"")
        assert head.headers["Content-Length"] == got.headers["Content-Length"]


def test_methods_and_bodies(repo, serve):
    server = serve(repo)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        response, _ = request(server, method, "/repo/config")
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    assert request(server, "GET", "/nothing")[0].status == 404
    response, body = request(server, "GET", "/api/nothing")
    assert (response.status, response.headers["Content-Type"]) == (404, "application/json")
    assert body == b'{"status":404,"error":"there is nothing here"}\n'
    assert request(server, "GET", "/repo/config", body=b"hello")[0].status == 413
    chunked = (b"GET /repo/config HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    assert raw_request(server, chunked).startswith(b"HTTP/1.1 413 ")
    huge = b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 200_000 + b"\r\n\r\n"
    try:
        assert re.match(rb"HTTP/1\.[01] (431|413|414) ", raw_request(server, huge))
    except OSError:
        pass  # the answer may be lost when the server hangs up on what it will not read
    assert request(server, "GET", "/healthz")[1] == b"ok\n"


def test_nothing_else_is_served(repo, serve, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (repo / "objects" / "link").symlink_to(tmp_path / "secret")
    (repo / "refs" / "heads" / "out").symlink_to(tmp_path / "secret")
    (repo / "refs" / "heads" / "up").symlink_to("../../.lock")
    (repo / "refs" / "heads" / "alias").symlink_to("atoll/x86_64/stable")
    (repo / "deltas").mkdir(exist_ok=True)
    (repo / "deltas" / "dir").symlink_to(tmp_path)
    (repo / "objects" / ".hidden").write_text("secret")
    (repo / "tmp" / "file").write_text("secret")
    (repo / ".lock").write_text("secret")
    os.mkfifo(repo / "objects" / "fifo")
    server = serve(repo)
    wrong = [
        "/repo/", "/repo/objects", "/repo/objects/", "/repo/refs/heads", "/repo/tmp/file",
        "/repo/.lock", "/repo/state/x", "/repo/extensions/x", "/repo/objects/.hidden",
        "/repo/objects/link", "/repo/refs/heads/out", "/repo/refs/heads/up",
        "/repo/deltas/dir/secret", "/repo/objects/fifo", "/repo/config/", "/repo/config/x",
        "/repo/summary", "/repo/../secret", "/repo/objects/../../secret",
        "/repo/objects/%2e%2e/%2e%2e/secret", "/repo/objects/..%2f..%2fsecret",
        "/repo/%2e%2e%2fsecret", "/repo//etc/passwd", "/repo/%2fetc/passwd",
        "/repo/objects/%00", "/repo/objects%5c..%5c..", "/repo/objects/%252e%252e/secret",
        "/repo/objects/" + "a" * 300, "/repo/" + "a/" * 1500,
    ]
    for path in wrong:
        answer = raw_request(server, f"GET {path} HTTP/1.1\r\nHost: h\r\n"
                                     "Connection: close\r\n\r\n".encode())
        assert re.match(rb"HTTP/1\.1 40[04] ", answer), (path, answer[:200])
        assert b"secret\n" not in answer.split(b"\r\n\r\n", 1)[1] and not answer.endswith(b"secret")
    # OSTree's own ref aliases are links inside refs/.
    assert request(server, "GET", "/repo/refs/heads/alias")[0].status == 200
    # curl, told not to tidy the path up.
    assert run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is",
               f"{server.url}/repo/objects/../../secret").stdout == "400"


def test_index(repo, serve):
    server = serve(repo)
    response, body = request(server, "GET", "/")
    text = body.decode()
    commit = run("ostree", "rev-parse", f"--repo={repo}", "atoll/x86_64/stable").stdout.strip()
    assert response.headers["Content-Type"].startswith("text/html")
    assert "atoll/x86_64/stable" in text and commit in text
    assert "1.&lt;2&gt;" in text and "1.<2>" not in text


def test_health_says_when_the_repo_is_gone(repo, serve):
    server = serve(repo)
    assert request(server, "GET", "/healthz")[0].status == 200
    (repo / "config").rename(repo / "config.away")
    assert request(server, "GET", "/healthz")[0].status == 503
    assert request(server, "GET", "/")[0].status == 503
    (repo / "config.away").rename(repo / "config")
    assert request(server, "GET", "/healthz")[0].status == 200


def test_a_download_under_way_is_finished_at_sigterm(repo, serve, tmp_path):
    server = serve(repo)
    path = largest_object(repo)
    target = tmp_path / "slow"
    client = subprocess.Popen(["curl", "-sf", "--limit-rate", "3M", "-o", target,
                               f"{server.url}/repo/{path.relative_to(repo)}"])
    deadline = time.monotonic() + 60
    while not (target.exists() and target.stat().st_size > 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    server.process.terminate()
    assert client.wait(timeout=120) == 0
    assert target.read_bytes() == path.read_bytes()
    assert server.process.wait(timeout=120) == 0


@pytest.mark.parametrize("argument, message", [
    ("nonsense", "want ADDRESS:PORT"), ("127.0.0.1:99999", "want ADDRESS:PORT"),
    ("localhost:80", "want a numeric address"), ("192.0.2.1:0", "cannot listen on"),
])
def test_bad_addresses(repo, atoll, argument, message):
    result = run(atoll, "serve", "--repo", repo, "--listen", argument, status=1)
    assert message in result.stderr and result.stderr.startswith("atoll: ")


def test_bad_repositories(tmp_path, atoll, repo):
    result = run(atoll, "serve", "--repo", tmp_path / "none", status=1)
    assert "run ‘atoll compose’ first" in result.stderr
    (tmp_path / "empty").mkdir()
    result = run(atoll, "serve", "--repo", tmp_path / "empty", status=1)
    assert "is not an OSTree repository" in result.stderr
    run("ostree", "init", f"--repo={tmp_path}/bare", "--mode=bare-user")
    result = run(atoll, "serve", "--repo", tmp_path / "bare", status=1)
    assert "not in archive mode" in result.stderr


def test_port_in_use(repo, atoll, serve):
    server = serve(repo)
    result = run(atoll, "serve", "--repo", repo, "--listen", f"127.0.0.1:{server.port}", status=1)
    assert "Address already in use" in result.stderr
