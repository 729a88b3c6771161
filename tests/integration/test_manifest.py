# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll manifest: every case of tests/data/manifest, and what the commands themselves add."""
import json
import pathlib

import pytest
import yaml

from conftest import SOURCE, run

DATA = SOURCE / "tests/data/manifest"
CASES = sorted(path.name.removesuffix(".in.yaml") for path in DATA.glob("*.in.yaml"))


@pytest.mark.parametrize("case", CASES)
def test_case(atoll, case):
    """NAME.in.yaml gives NAME.out.json, or fails with the message of NAME.err."""
    result = run(atoll, "manifest", "show", "--json", f"{case}.in.yaml", cwd=DATA, status=None)
    output = DATA / f"{case}.out.json"
    error = DATA / f"{case}.err"
    assert output.exists() != error.exists(), "a case has one of the two"
    if output.exists():
        assert result.stderr == ""
        assert result.returncode == 0
        assert result.stdout.replace(str(DATA), "@DIR@") == output.read_text(encoding="utf-8")
        parsed = json.loads(result.stdout)
        assert list(parsed) == sorted(parsed)
    else:
        assert result.stdout == ""
        assert result.returncode == 1
        wanted = "atoll: " + error.read_text(encoding="utf-8")
        assert result.stderr.replace(str(DATA), "@DIR@") == wanted


def test_every_answer_has_a_case():
    for path in DATA.iterdir():
        if path.suffix in (".json", ".err"):
            assert path.name.removesuffix(".out.json").removesuffix(".err") in CASES


def test_strings_are_what_a_yaml_library_reads(atoll, tmp_path):
    """PyYAML as the oracle for quoting and folding."""
    text = """\
ref: a/b
repos: [host-apt]
postprocess:
  - |
    one
      two

    three
  - >-
    folded
    line

    second
  - "esc\\taped \\u00fc \\x41"
  - 'it''s'
  - plain # comment
"""
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    ours = json.loads(run(atoll, "manifest", "show", "--json", path).stdout)
    assert ours["postprocess"] == yaml.safe_load(text)["postprocess"]


def test_show_names_where_a_value_is_from(atoll, tmp_path):
    (tmp_path / "base.yaml").write_text("packages: [systemd]\n")
    (tmp_path / "main.yaml").write_text(
        "ref: a/b\nrepos: [host-apt]\ninclude: base.yaml\npackages: [podman]\n")
    shown = run(atoll, "manifest", "show", "main.yaml", cwd=tmp_path).stdout
    rows = [line.split() for line in shown.splitlines()]
    assert ["packages", "systemd", "base.yaml:1"] in rows
    assert ["podman", "main.yaml:4"] in rows
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_check(atoll, tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("ref: a/b\nrepos: [host-apt]\npackages: [a, b]\n")
    assert run(atoll, "manifest", "check", path).stdout == (
        f"{path}: fine: ref a/b, 1 repositories, 2 packages\n")
    path.write_text("ref: a/b\nrepos: [host-apt]\npackges: [a, b]\n")
    result = run(atoll, "manifest", "check", path, status=1)
    assert result.stderr == (
        f"atoll: {path}:3:1: unknown key ‘packges’; did you mean ‘packages’?\n")


def test_billion_laughs(atoll, tmp_path):
    lines = ["variables:", "  a: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    for level in range(1, 30):
        lines.append(f"  b{level}: &a{level} [" + ",".join([f"*a{level - 1}"] * 10) + "]")
    path = tmp_path / "m.yaml"
    path.write_text("\n".join(lines) + "\n")
    result = run(atoll, "manifest", "check", path, status=1, timeout=20)
    assert "more than 100000 values" in result.stderr


def test_wrong_usage(atoll):
    assert run(atoll, "manifest", "show", status=2).stderr.startswith("atoll: FILE is missing\n")
    assert "did you mean ‘manifest show’?" in run(atoll, "manifest", "shwo", status=2).stderr
    assert "‘--jsn’; did you mean ‘--json’?" in run(
        atoll, "manifest", "show", "--jsn", "x", status=2).stderr


def test_output_that_cannot_be_written_is_a_failure(atoll, tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("ref: a/b\nrepos: [host-apt]\n")
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = run(atoll, "manifest", "show", path, status=1, stdout=full)
    assert "No space left on device" in result.stderr


def test_examples_are_fine(atoll):
    examples = sorted(pathlib.Path(SOURCE / "examples").glob("*.yaml"))
    assert examples
    for example in examples:
        run(atoll, "manifest", "check", example)
