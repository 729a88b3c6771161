# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a commit says it is made of: SBOM, licences, provenance, and the commands that read them."""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest

import local
from conftest import run

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2020, Nobody
License: {}
"""


def first_version(compose):
    compose.add("hello", "1.0-1", files={
        "/usr/bin/hello": ("#!/bin/sh\necho one\n", 0o755),
        "/usr/share/doc/hello/copyright": COPYRIGHT.format("GPL-3 or Expat"),
        "/usr/share/hello/old": "goes away\n",
        "/usr/lib/systemd/system/hello.service": "[Service]\nExecStart=/usr/bin/hello\n"},
        Source="hello-src (1.0)", Maintainer="Hello Team <hello@example.org>")
    compose.add("strict", "2.0", files={
        "/usr/share/doc/strict/copyright": COPYRIGHT.format("AGPL-3"),
        "/usr/lib/strict/data": "strict\n"})
    compose.write(packages=compose.keys["packages"])


def second_version(compose):
    compose.add("hello", "1:0.9-1", files={
        "/usr/bin/hello": ("#!/bin/sh\necho two and more\n", 0o755),
        "/usr/share/doc/hello/copyright": COPYRIGHT.format("GPL-3 or Expat"),
        "/usr/share/doc/hello/changelog.Debian": "x",
        "/usr/share/hello/new": "comes in\n",
        "/usr/lib/systemd/system/hello.service":
            "[Service]\nExecStart=/usr/bin/hello\n[Install]\nWantedBy=multi-user.target\n"},
        scripts={"postinst": """\
            #!/bin/sh
            set -e
            useradd --system --no-create-home hello-user
            mkdir -p /etc/systemd/system/multi-user.target.wants
            ln -s /usr/lib/systemd/system/hello.service /etc/systemd/system/multi-user.target.wants/
            """},
        Source="hello-src (0.9)", Depends="passwd")
    compose.add("extra", "3", files={"/usr/lib/extra/file": "extra\n"})
    compose.keys["packages"].remove("strict")
    compose.write(packages=compose.keys["packages"])


@pytest.fixture(scope="module")
def two(tmp_path_factory, base_packages, base_state):
    """A branch with two commits, the first as test/first."""
    directory = tmp_path_factory.mktemp("account")
    compose = local.Compose(directory, base_packages,
                            local.copy_state(base_state, directory / "state"))
    compose.write(packages=list(local.BASE_PACKAGES))
    first_version(compose)
    compose.first = compose.make()["commit"]
    second_version(compose)
    compose.second = compose.make()["commit"]
    if os.environ.get("KEEPX"): run("cp","-a",directory,"/tmp/w/account/st")
    yield compose
    shutil.rmtree(compose.state, ignore_errors=True)


def sbom_of(compose, commit, *words):
    return json.loads(run(local.ATOLL, "sbom", commit, "--state", compose.state, *words).stdout)


def tool(compose, *words, status=0):
    return run(local.ATOLL, *words, "--state", compose.state, status=status)


def in_tree(compose, name, commit):
    return json.loads(compose.cat(f"/usr/share/atoll/{name}", commit))


def test_dummy(two):
    assert two.first
