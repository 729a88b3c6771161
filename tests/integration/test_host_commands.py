# SPDX-License-Identifier: LGPL-2.1-or-later
"""pin, rebase, cleanup, history, verify, kargs --edit and status on a real sysroot."""
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from conftest import BUILD, run
from test_host import (Host, Publisher, host, make_host, publisher,  # noqa: F401 (fixtures)
                       refused, REF)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="deployments need root")


def state_dir(host):  # noqa: F811
    return host.sysroot / "ostree/deploy/atoll/var/lib/atoll-host"


def history(host):  # noqa: F811
    return json.loads(host.run("history", "--json").stdout)["history"]


def test_pin_and_cleanup(host, publisher):  # noqa: F811
    first = host.status()[0]["checksum"]
    assert host.run("pin").stdout == f"1 ({first[:12]}…) is pinned: no upgrade and no cleanup removes it\n"
    assert "pinned already" in host.run("pin", "1", status=3).stdout
    for version in ("2", "3"):
        publisher.publish(version)
        host.run("upgrade")
    assert [(one["version"], one["pinned"]) for one in host.status()] == [
        ("3", False), ("2", False), ("1", True)]
    refused(host, "no deployment is ‘9’: ‘atoll-host status’ lists them", "pin", "9")
    removed = host.status()[1]["checksum"]
    assert f"removed {removed[:12]}…\n" in host.run("cleanup", "--rollback").stdout
    assert host.versions() == ["3", "1"]
    assert host.run("unpin", first[:8]).stdout.endswith("is not pinned any more\n")
    assert "not pinned" in host.run("unpin", "1", status=3).stdout
    host.run("cleanup", "--rollback")
    assert host.versions() == ["3"]
    assert host.run("cleanup").stdout.endswith(" freed\n")
    run("ostree", "fsck", f"--repo={host.repo}")
    # what only the removed ones had is gone
    objects = run("ostree", "refs", f"--repo={host.repo}", "--list").stdout
    assert first not in "".join(path.name for path in (host.repo / "objects").rglob("*.commit")), objects


def test_rebase(host, publisher):  # noqa: F811
    testing = "atoll/x86_64/testing"
    commit = publisher.publish("t1", ref=testing, timestamp="2020-01-01 00:00:00 +0000")
    refused(host, "asking ‘", "rebase", "nowhere")
    host.run("rebase", "testing")
    assert (host.status()[0]["version"], host.status()[0]["origin"]) == ("t1", "origin:" + testing)
    assert "follows ‘origin:atoll/x86_64/testing’ already" in \
        host.run("rebase", testing, status=3).stdout
    publisher.publish("t2", ref=testing)
    host.run("upgrade")
    assert host.versions() == ["t2", "t1"]
    host.run("rebase", "origin:" + REF)
    assert host.versions()[0] == "1" and commit


def test_verify(host, publisher):  # noqa: F811
    publisher.publish("2", files={"some/file": b"contents", "other": b"x"})
    host.run("upgrade")
    found = json.loads(host.run("verify", "--json").stdout)
    assert found["bad"] == [] and found["objects"] > 10 and found["signature"] == "good"
    assert found["fs-verity"] in ("none", "off") and found["composefs"] is False
    text = host.run("verify", "0", "--quiet").stdout
    assert "fs-verity   " in text and "composefs   not used" in text
    checksum = host.status()[0]["checksum"]
    root = host.sysroot / f"ostree/deploy/atoll/deploy/{checksum}.0"
    # a file that was replaced beside its object
    run("chattr", "-i", root)
    target = root / "usr/share/other"
    target.unlink()
    target.write_text("y")
    result = host.run("verify", "--quiet", status=1)
    assert "BAD         /usr/share/other: was changed" in result.stdout
    assert "is not what was signed any more" in result.stderr
    target.unlink()
    # the object itself, and so the file with it
    names = run("ostree", "ls", f"--repo={host.repo}", "-C", checksum, "/usr/share/some/file").stdout
    name = names.split()[4]
    path = host.repo / f"objects/{name[:2]}/{name[2:]}.file"
    path.write_bytes(b"CONTENTS")
    bad = json.loads(host.run("verify", "--json", status=1).stdout)["bad"]
    assert any(f"object {name}.file" in line for line in bad)
    assert any(line.startswith("/usr/share/other: ") for line in bad) and len(bad) == 2
    # the deployment before has nothing of it
    host.run("verify", "1", "--quiet")


def test_kargs_edit(host, tmp_path):  # noqa: F811
    editor = tmp_path / "an editor"
    editor.write_text("#!/bin/sh\ncat \"$1\" > seen\nprintf '# no\\n\\na=1\\n  b c\\n' > \"$1\"\n")
    editor.chmod(0o755)
    env = {**os.environ, "EDITOR": f"'{editor}'", "VISUAL": ""}
    command = [str(BUILD / "src/programs/atoll-host"), "kargs", "--edit", "--sysroot",
               str(host.sysroot)]
    bad = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bad.returncode == 0, bad.stderr
    assert (tmp_path / "seen").read_text().splitlines()[1:] == ["quiet", "console=ttyS0"]
    assert host.run("kargs").stdout == "a=1 b c\n"
    assert history(host)[-1]["text"] == "kernel arguments"
    editor.write_text("#!/bin/sh\nexit 1\n")
    bad = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bad.returncode == 1 and "(nothing was changed)" in bad.stderr
    editor.write_text("#!/bin/sh\necho 'x=$(y)' > \"$1\"\n")
    bad = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bad.returncode == 1 and "boot loader" in bad.stderr
    assert host.run("kargs").stdout == "a=1 b c\n"


def test_history(host, publisher):  # noqa: F811
    assert host.run("history", status=3).stdout == "nothing was noted yet\n"
    publisher.publish("2")
    host.run("upgrade")
    host.run("rollback")
    assert [(one["event"], one["version"]) for one in history(host)] == [
        ("deployed", "2"), ("rolled-back", "1")]
    file = state_dir(host) / "history.jsonl"
    # a line that a power cut has left half written spoils neither its neighbours nor the reader
    with open(file, "a", encoding="utf-8") as log:
        log.write('{"time":1,"event":"boo')
    host.run("rollback")
    assert [one["event"] for one in history(host)] == ["deployed", "rolled-back", "rolled-back"]
    boots = [("boot", "b1", "1"), ("staged", "b1", "2"), ("finalized", "b1", "2"), ("down", "b1", ""),
             ("boot", "b2", "2"), ("boot", "b3", "2"), ("rolled-back", "b3", "1"), ("down", "b3", ""),
             ("boot", "b4", "1"), ("down", "b4", ""), ("boot", "b5", "1")]
    file.write_text("".join(json.dumps({"time": 1000 + i, "event": event, "boot-id": boot,
                                        "version": version, "commit": version * 64}) + "\n"
                            for i, (event, boot, version) in enumerate(boots)))
    assert [one["ended"] for one in history(host) if one["event"] == "boot"] == [
        "updated to 2", "broke off: power cut, crash or reset", "rolled back to 1", "shut down",
        "runs"]
    lines = host.run("history").stdout.splitlines()
    assert len(lines) == 6 and "updated to 2" in lines[1]
    assert len(host.run("history", "--events").stdout.splitlines()) == 12


def note(host, *events):  # noqa: F811
    state_dir(host).mkdir(parents=True, exist_ok=True)
    (state_dir(host) / "history.jsonl").write_text("".join(
        json.dumps({"time": 1700000000 + i, "event": event, "boot-id": boot, "version": "9",
                    "commit": "9" * 64, "text": text}) + "\n"
        for i, (event, boot, text) in enumerate(events)))


def test_an_update_that_was_lost_on_the_way_down(host):  # noqa: F811
    """P6: nothing of it is applied, and it is told as still pending; a failure is one."""
    note(host, ("staged", "b1", ""), ("boot", "b2", ""))
    text = host.run("status").stdout
    assert "PENDING" in text and "9 was staged" in text and "without a shutdown" in text
    assert json.loads(host.run("status", "--json").stdout)["pending"] == {
        "state": "skipped", "version": "9", "commit": "9" * 64, "text": "", "time": 1700000000}
    note(host, ("staged", "b1", ""), ("finalize-failed", "b1", "No space left on device"),
         ("boot", "b2", ""))
    result = host.run("status", status=1)
    assert "FAILED" in result.stdout and "No space left on device" in result.stdout
    assert "atoll-host: the last update, 9, was not finished at shutdown" in result.stderr
    assert json.loads(host.run("status", "--json", status=1).stdout)["pending"]["state"] == "failed"
    note(host, ("staged", "b1", ""), ("finalized", "b1", ""), ("boot", "b2", ""))
    assert json.loads(host.run("status", "--json").stdout)["pending"] is None
    note(host, ("staged", "b1", ""), ("dropped", "b1", ""), ("boot", "b2", ""))
    assert json.loads(host.run("status", "--json").stdout)["pending"] is None


def test_what_status_says_is_what_its_schema_says(host, publisher):  # noqa: F811
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((pathlib.Path(__file__).parents[2] /
                         "data/schema/host-status.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    note(host, ("staged", "b1", ""), ("boot", "b2", ""))
    for version in ("2", "3"):
        publisher.publish(version)
        found = json.loads(host.run("status", "--json").stdout)
        validator.validate(found)
        assert set(found) == set(schema["properties"]) - {
            "agent", "health", "boot", "blocked", "fallback"}  # of hosts that run
        assert set(found["deployments"][0]) == set(
            schema["properties"]["deployments"]["items"]["properties"])
        host.run("upgrade")
    found["deployments"][0]["serial"] = "0"
    assert not validator.is_valid(found)


def nagios(host, directory, *words):  # noqa: F811
    plugin = directory / "check_atoll"
    if not plugin.exists():
        plugin.symlink_to(BUILD / "src/programs/atoll-host")
    result = subprocess.run([plugin, "--sysroot", host.sysroot, "--agent-dir", directory, "--health",
                             directory / "health.json", *words], capture_output=True, text=True,
                            check=False)
    assert result.stdout.count("\n") == 1 and not result.stderr, result
    return result.returncode, result.stdout


def test_monitoring_plugin(host, tmp_path):  # noqa: F811
    directory = tmp_path / "plugin"
    directory.mkdir()
    agent = {"state": "idle", "reason": "up to date", "last-check": int(time.time()) - 100,
             "last-result": "none", "held": False, "check-failures": 0, "blocked": 0}

    def say(**changes):
        (directory / "agent-status.json").write_text(json.dumps({**agent, **changes}))

    status, text = nagios(host, directory)
    assert (status, text) == (3, "ATOLL UNKNOWN - 1 runs: the update agent does not run\n")
    say()
    status, text = nagios(host, directory)
    assert status == 0
    assert re.fullmatch(r"ATOLL OK - 1 runs: up to date\|last_check=1\d\ds;21600;259200;0 "
                        r"failures=0;3 blocked=0 staged=0 held=0\n", text), text
    assert nagios(host, directory, "-w", "50")[0] == 1
    assert nagios(host, directory, "-w", "5", "-c", "50")[0] == 2
    say(held=True, blocked=2)
    assert nagios(host, directory)[1].startswith(
        "ATOLL WARNING - 1 runs: 2 versions failed here, updates are held|")
    say(**{"dead-end": "install again"})
    assert nagios(host, directory)[0] == 1
    say(**{"last-result": "unknown"})
    assert nagios(host, directory)[0] == 2
    say(**{"check-failures": 3})
    assert nagios(host, directory)[0] == 1
    say()
    note(host, ("staged", "b1", ""), ("boot", "b2", ""))
    assert nagios(host, directory)[:1] == (1,)
    note(host, ("staged", "b1", ""), ("finalize-failed", "b1", "no"), ("boot", "b2", ""))
    status, text = nagios(host, directory)
    assert status == 2 and "9 was not finished at shutdown" in text
    (state_dir(host) / "history.jsonl").unlink()
    commit = host.status()[0]["checksum"]
    (host.repo / "objects" / commit[:2] / (commit[2:] + ".commitmeta")).unlink()
    assert nagios(host, directory)[0] == 2 and "signature none" in nagios(host, directory)[1]
    assert nagios(host, directory, "--nonsense")[0] == 3


def test_report(host, publisher, serve, tmp_path):  # noqa: F811
    """Against a real atoll serve, whose log has the events then; sent again, nothing doubles."""
    state = tmp_path / "log"
    state.mkdir()
    token = run(BUILD / "src/programs/atoll", "token", "add", "host:test", "--topic",
                "org.atoll.prod.host.*", "--state", state).stdout.split()[-1]
    server = serve(None, "--state", state)
    config, agent = tmp_path / "agent.d", tmp_path / "agent"
    config.mkdir()
    agent.mkdir()
    (tmp_path / "token").write_text(token + "\n")
    (tmp_path / "token").chmod(0o600)
    words = ("report", "--config", config, "--agent-dir", agent)
    settings = {"identity": {"node-uuid": "0" * 31 + "7"}}
    (config / "10.yaml").write_text(json.dumps(settings))
    assert "no server is configured (report.url)" in host.run(*words, status=3).stdout
    settings["report"] = {"url": server.url + "/", "token-file": str(tmp_path / "token")}
    (config / "10.yaml").write_text(json.dumps(settings))
    (agent / "agent-status.json").write_text(json.dumps({
        "state": "idle", "reason": "up to date", "stream": "stable", "strategy": "immediate",
        "held": False, "blocked": 0, "check-failures": 0}))
    note(host, ("staged", "b1", ""), ("finalize-failed", "b1", "No space left"), ("boot", "b2", ""))
    printed = [json.loads(line) for line in host.run(*words, "--print").stdout.splitlines()]
    topics = ["deployment.staged", "deployment.failed", "deployment.booted", "state.reported"]
    assert [one["topic"].removeprefix("org.atoll.prod.host.") for one in printed] == topics
    assert printed[1]["body"]["reason"] == "No space left"
    assert set(printed[3]["body"]) == {"commit", "version", "time", "state", "reason", "stream",
                                       "strategy", "held", "blocked"}

    def seen():
        text = run("curl", "-s", f"{server.url}/v2/search?rows_per_page=50").stdout
        return sorted(one["topic"] for one in json.loads(text)["raw_messages"]
                      if ".host." in one["topic"])

    host.run(*words)
    assert seen() == sorted("org.atoll.prod.host." + topic for topic in topics)
    host.run(*words)  # only the state is new
    assert seen().count("org.atoll.prod.host.deployment.staged") == 1
    (state_dir(host) / "reported").unlink()
    host.run(*words)
    assert seen().count("org.atoll.prod.host.deployment.staged") == 1
    (tmp_path / "token").write_text("wrong\n")
    error = host.run(*words, status=1).stderr
    assert "takes no report (status 401)" in error and "wrong" not in error
