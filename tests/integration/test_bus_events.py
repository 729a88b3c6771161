# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `atoll compose` and `atoll image` tell the event log, and that they do not depend on it."""
import json
import os
import pathlib
import subprocess

import pytest

from conftest import run

pytest_plugins = ["buslog"]


def bodies(log):
    return [(e["topic"].removeprefix("org.atoll.prod."), e["actor"], e["severity"],
             json.loads(e["body"])) for e in log.read()]


def test_failures_are_events(log, tmp_path):
    # what fails before there is a state leaves none behind
    said = log.atoll("compose", tmp_path / "none.yaml", status=1)
    assert said.stderr.count("\n") == 1
    assert not log.state.exists()
    log.state.mkdir()
    log.atoll("compose", tmp_path / "none.yaml", status=1)
    log.atoll("image", "no/ref", "--format", "raw", status=1)
    (compose, image) = bodies(log)
    assert compose[:3] == ("compose.tree.failed", "service:compose", 40)
    assert compose[3]["manifest"] == str(tmp_path / "none.yaml")
    assert compose[3]["reason"] in said.stderr
    assert image[:3] == ("image.disk.failed", "service:image", 40)
    assert (image[3]["ref"], image[3]["format"]) == ("no/ref", "raw")
    # wrong usage is nobody else's business
    log.atoll("image", "no/ref", "--size", "none", status=2)
    assert len(bodies(log)) == 2


def test_a_commit_is_an_event(compose, build):
    """Nothing changed is none; a log that cannot be written changes no exit status."""
    from buslog import Log
    log = Log(build, compose.state)
    before = len(bodies(log))
    made = compose.make()
    events = bodies(log)[before:]
    assert events == [("compose.tree.done", "service:compose", 20,
                       {"ref": made["ref"], "commit": made["commit"], "version": made["version"],
                        "packages": made["packages"]})]
    assert log.read()[-1]["objects"] == [f"ref:{made['ref']}", f"commit:{made['commit']}"]
    compose.run(status=3)
    assert len(bodies(log)) == before + 1
    (compose.directory / "file").touch()
    done = compose.run("--force", "--database", compose.directory / "file" / "atoll.db")
    assert "warning: the event org.atoll.prod.compose.tree.done was not published" in done.stderr
    assert len(bodies(log)) == before + 1


@pytest.mark.skipif(os.getuid() != 0, reason="has to become another user")
def test_as_an_ordinary_user(build, tmp_path):
    """In a user namespace: the log belongs to who called."""
    users = {line.split(":")[0] for line in pathlib.Path("/etc/subuid").read_text().splitlines()}
    known = {line.split(":")[0] for line in pathlib.Path("/etc/passwd").read_text().splitlines()}
    users = sorted(users & known - {"root"})
    if not users:
        pytest.skip("no user of this machine has subordinate ids")
    os.chmod(tmp_path, 0o755)
    for parent in tmp_path.parents[:3]:
        if parent.owner() == "root" and parent != pathlib.Path("/tmp"):
            os.chmod(parent, 0o755)
    state = tmp_path / "state"
    state.mkdir()
    run("chown", users[0], state)
    done = subprocess.run(["runuser", "-u", users[0], "--", build / "src/programs/atoll", "compose",
                           tmp_path / "none.yaml", "--state", state], capture_output=True, text=True,
                          check=False)
    if "Permission denied" in done.stderr or "sanitizer" in done.stderr.lower():
        pytest.skip("the user cannot reach the build: " + done.stderr)
    assert done.returncode == 1
    assert (state / "atoll.db").owner() == users[0]
    events = subprocess.run([build / "tests/support/bus-log", state, "read"], check=True,
                            capture_output=True, text=True).stdout
    assert "compose.tree.failed" in events
