# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small rpm-md repositories for tests: packages without files by rpmbuild, keys, a web server,
and what the rest of the world (dnf) makes of them."""
import functools
import hashlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

from conftest import BUILD, run

RESOLVE = BUILD / "tests/support/resolve-packages"
MACROS = {"_build_id_links": "none", "debug_package": "%{nil}", "__os_install_post": "%{nil}",
          "_buildhost": "build.example.org", "_binary_payload": "w3.gzdio"}


def build(directory, name, version="1-1", arch="noarch", files=(), **fields):
    """Builds an rpm into @directory. Fields are tags: requires="a, b"."""
    evr, _, release = version.rpartition("-")
    epoch, _, bare = evr.rpartition(":")
    lines = [f"Name: {name}", f"Version: {bare}", f"Release: {release}", "Summary: s",
             "License: MIT", "AutoReqProv: no"]
    lines += [f"Epoch: {epoch}"] if epoch else []
    lines += ["BuildArch: noarch"] if arch == "noarch" else []
    lines += [f"{tag.capitalize()}: {value}" for tag, value in fields.items()]
    lines += ["%description", "d", "%install", "mkdir -p %{buildroot}"]
    for path in files:
        lines += [f"mkdir -p %{{buildroot}}{os.path.dirname(path)}",
                  f"echo {name} > %{{buildroot}}{path}"]
    lines += ["%files", *files]
    top = directory / f".{name}-{version}.{arch}"
    top.mkdir(parents=True)
    (top / "p.spec").write_text("\n".join(lines) + "\n")
    defines = [word for key, value in {**MACROS, "_topdir": top, "_rpmdir": directory}.items()
               for word in ("--define", f"{key} {value}")]
    run("rpmbuild", "-bb", "--quiet", "--target", arch, *defines, top / "p.spec",
        env={**os.environ, "HOME": str(top), "LC_ALL": "C.UTF-8"})


def build_all(directory, packages):
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(lambda package: build(directory, **package), packages))


def index(directory, *options):
    run("createrepo_c", "--quiet", "--excludes", ".*", *options, directory)


def edit_repomd(directory, edit):
    path = directory / "repodata/repomd.xml"
    path.write_text(edit(path.read_text()))


def record(directory, kind):
    """A record of repomd.xml: its text, and the path of its file."""
    text = (directory / "repodata/repomd.xml").read_text()
    found = re.search(rf'<data type="{kind}">.*?</data>', text, re.DOTALL).group(0)
    return found, directory / re.search(r'href="([^"]*)"', found).group(1)


def replace_record(directory, kind, suffix, data, size=None, open_size=None, open_digest=None):
    """Gives a metadata file other bytes, with a record that says what is wanted of it."""
    text, path = record(directory, kind)
    target = path.with_name(f"new-{kind}.xml{suffix}")
    target.write_bytes(data)
    new = re.sub(r'(<checksum type="sha256">)\w+', rf"\g<1>{hashlib.sha256(data).hexdigest()}",
                 text)
    new = re.sub(r'href="[^"]*"', f'href="repodata/{target.name}"', new)
    new = re.sub(r"<size>\d+", f"<size>{len(data) if size is None else size}", new)
    if open_size is not None:
        new = re.sub(r"<open-size>\d+", f"<open-size>{open_size}", new)
    if open_digest is not None:
        new = re.sub(r"(<open-checksum[^>]*>)\w+", rf"\g<1>{open_digest}", new)
    edit_repomd(directory, lambda whole: whole.replace(text, new))


class Keys:
    """A keyring of its own, with keys made on the fly."""

    def __init__(self, directory):
        self.home = directory / "gnupg"
        self.home.mkdir(mode=0o700)
        self.env = {**os.environ, "GNUPGHOME": str(self.home)}

    def gpg(self, *argv):
        return run("gpg", "--batch", "--quiet", "--yes", *argv, env=self.env)

    def make(self, name, *options, expires="never"):
        """A key; returns its armoured public part."""
        self.gpg(*options, "--passphrase", "", "--quick-gen-key", f"{name}@example.org",
                 "rsa2048", "sign", expires)
        return self.gpg("--armor", "--export", f"{name}@example.org").stdout

    def sign(self, name, path, *options):
        self.gpg(*options, "--local-user", f"{name}@example.org", "--armor", "--detach-sign", path)

    def sign_rpm(self, name, path):
        run("rpmsign", "--addsign", "--define", "__gpg /usr/bin/gpg", "--define",
            f"_gpg_name {name}@example.org", path, env=self.env)

    def stop(self):
        run("gpgconf", "--kill", "all", env=self.env)


class Web:
    """A directory over HTTP; answers 404 below the names in @broken."""

    def __init__(self, directory):
        self.broken = set()
        self.seen = []
        web = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                web.seen.append(self.path)
                if any(self.path.startswith(prefix) for prefix in web.broken):
                    self.send_error(404)
                else:
                    super().do_GET()

            def log_message(self, *_):
                pass

        handler = functools.partial(Handler, directory=str(directory))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Tree:
    """A manifest, and a state directory that its packages are resolved and imported in."""

    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"

    def write(self, repos, packages, **keys):
        manifest = {"ref": "test/tree", "repos": repos, "packages": packages, **keys}
        (self.directory / "tree.yaml").write_text(json.dumps(manifest))

    def resolve(self, *options, status=0):
        return run(RESOLVE, self.directory / "tree.yaml", self.state, *options, status=status)

    def packages(self):
        """name-epoch:version-release.arch of what is chosen."""
        lines = [line.split() for line in self.resolve().stdout.splitlines()]
        return sorted(f"{name}-{evr if ':' in evr else '0:' + evr}.{arch}"
                      for name, evr, arch, _ in lines)

    def fail(self, *options):
        result = self.resolve(*options, status=1)
        assert "Sanitizer" not in result.stderr
        return result.stderr.replace(str(self.directory), "DIR")


DNF = pathlib.Path(__file__).with_name("rpmdnf.py")


def dnf(directory, repos, packages, **options):
    """What dnf chooses of the same repositories: as Tree.packages()."""
    question = {"directory": str(directory), "repos": {name: str(path)
                                                       for name, path in repos.items()},
                "packages": packages, **options}
    result = subprocess.run(["/usr/bin/python3", DNF], input=json.dumps(question), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert result.returncode == 0, result.stderr
    return sorted(json.loads(result.stdout))
