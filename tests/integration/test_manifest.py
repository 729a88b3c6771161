# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll manifest: every case of tests/data/manifest, and what the commands themselves add."""
import json
import pathlib
import re
import shutil

import pytest
import yaml

from conftest import SOURCE, run

DATA = SOURCE / "tests/data/manifest"
CASES = sorted(path.name.removesuffix(".in.yaml") for path in DATA.glob("*.in.yaml"))


@pytest.mark.parametrize("case", CASES)
def test_case(atoll, case):
    """NAME.in.yaml gives NAME.out.json, and NAME.notes where there are some, or fails with the
    message of NAME.err."""
    result = run(atoll, "manifest", "show", "--json", f"{case}.in.yaml", cwd=DATA, status=None)
    output = DATA / f"{case}.out.json"
    error = DATA / f"{case}.err"
    assert output.exists() != error.exists(), "a case has one of the two"
    if output.exists():
        notes = DATA / f"{case}.notes"
        assert result.stderr == (notes.read_text(encoding="utf-8") if notes.exists() else "")
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
    shown = run(atoll, "manifest", "show", "main.yaml", cwd=tmp_path).stdout.splitlines()
    assert shown[shown.index("packages:"):][1:3] == [
        "  - systemd  # base.yaml:1", "  - podman  # main.yaml:4"]
    assert shown[-1].startswith("# digest: ")


@pytest.mark.parametrize("case", [case for case in CASES
                                  if (DATA / f"{case}.out.json").exists()])
def test_yaml_is_the_json(atoll, case, tmp_path):
    """Both forms say the same to another YAML library, and to atoll itself."""
    shown = run(atoll, "manifest", "show", f"{case}.in.yaml", cwd=DATA).stdout
    wanted = json.loads((DATA / f"{case}.out.json").read_text().replace("@DIR@", str(DATA)))
    assert yaml.safe_load(shown) == wanted
    if "add-files" in wanted:
        return  # their paths are absolute now, which a manifest may not say
    again = tmp_path / "again.yaml"
    again.write_text(shown)
    assert json.loads(run(atoll, "manifest", "show", "--json", again).stdout) == wanted


def test_yaml_quotes_what_needs_it(atoll, tmp_path):
    scripts = ["#!/bin/sh\ntrue\n", "  indented\nfirst", "two\n\n", "no end\nof line", "tab\tbed",
               "ü\n", "a: b", "a #b", "a\n\n b\n", "- x", "yes", "12", "null", "x:", "'q'", '"q"']
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"ref": "a", "repos": ["host-apt"], "postprocess": scripts}))
    shown = run(atoll, "manifest", "show", path).stdout
    assert yaml.safe_load(shown)["postprocess"] == scripts


NOTED = {"gpg-key": "ABCD", "rojig": {"name": "x"}, "rpmdb": "sqlite", "cliwrap": True,
         "ignore-devices": True, "base-refspec": "x:y", "ima": True, "boot-location": "new",
         "selinux-label-version": 0, "initramfs": {"regenerate": True}, "basearch": "s390x"}


def test_what_has_no_effect_is_said(atoll, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"ref": "a", "repos": ["host-apt"], **NOTED}, indent=1))
    lines = run(atoll, "manifest", "check", path).stdout.splitlines()
    for number, key in enumerate(NOTED, 5):
        # the place is that of the value, in the file's own lines
        assert any(f"‘{key}" in line and ": note: " in line and str(path) in line
                   for line in lines), (number, key, lines)
    assert lines[-1].startswith(f"{path}: fine: ")
    shown = run(atoll, "manifest", "show", "--json", path)
    assert shown.stderr.count("\n") == len(NOTED)
    assert "gpg-key" not in json.loads(shown.stdout)


def test_finalize(atoll, tmp_path):
    (tmp_path / "finalize.d").mkdir()
    program = tmp_path / "finalize.d/10-x"
    program.write_text("#!/bin/sh\n")
    text = "ref: a\nrepos: [host-apt]\n"
    path = tmp_path / "m.yaml"

    def digest():
        return run(atoll, "manifest", "show", path).stdout.splitlines()[-1]

    path.write_text(text)
    assert "finalize.d run only with ‘edition: 2024’" in run(
        atoll, "manifest", "check", path).stdout
    path.write_text(text + "edition: 2024\n")
    assert "note" not in run(atoll, "manifest", "check", path).stdout
    before = digest()
    program.write_text("#!/bin/sh\ntrue\n")
    assert digest() != before


@pytest.fixture(scope="module")
def validator(atoll):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(run(atoll, "manifest", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


# Includes of these are resolved beside them; they have no keys of their own to complain about.
@pytest.mark.parametrize("case", [case for case in CASES
                                  if (DATA / f"{case}.out.json").exists()])
def test_schema_takes_what_atoll_takes(validator, case):
    validator.validate(yaml.safe_load((DATA / f"{case}.in.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("case", [
    "add-triple", "check-passwd-type", "choice", "choice-far", "cond-no-if", "edition-wrong",
    "label-version", "modules-typo", "packages-text", "patterns-short", "typo-key", "unknown-key",
    "typo-arch", "ref-list", "include-number", "variable-list"])
def test_schema_refuses_what_atoll_refuses(validator, case):
    assert (DATA / f"{case}.err").exists()
    assert not validator.is_valid(
        yaml.safe_load((DATA / f"{case}.in.yaml").read_text(encoding="utf-8")))


def test_schema_takes_the_examples(validator):
    for example in pathlib.Path(SOURCE / "examples").glob("*.yaml"):
        validator.validate(yaml.safe_load(example.read_text(encoding="utf-8")))


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
    result = run(atoll, "manifest", "check", path, status=1, timeout=120)
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


def test_examples_are_fine(atoll, tmp_path):
    """As somebody uses them: with the distribution's keys in the files that .repo files name."""
    examples = tmp_path / "examples"
    shutil.copytree(SOURCE / "examples", examples)
    for manifest in examples.glob("*.yaml"):
        keys = yaml.safe_load(manifest.read_text(encoding="utf-8"))
        repos = manifest.with_suffix(".repo")
        for key in re.findall(r"^gpgkey=(.*)$", repos.read_text() if repos.exists() else "", re.M):
            path = examples / key.replace("$releasever", str(keys["releasever"]))
            path.parent.mkdir(exist_ok=True)
            path.write_text("the distribution's key")
    manifests = sorted(examples.glob("*.yaml"))
    assert manifests
    for manifest in manifests:
        run(atoll, "manifest", "check", manifest)
