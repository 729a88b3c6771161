# SPDX-License-Identifier: LGPL-2.1-or-later
"""atoll-provision reads what cloud-init reads: the same parts, the same merged configuration.

Oracle: Debian's cloud-init itself, unpacked beside (never installed).
"""
import base64
import gzip
import json
import os
import pathlib
import random
import re
import subprocess
import sys

import pytest
import yaml
from conftest import BUILD, SOURCE, run

PROGRAM = BUILD / "src/programs/atoll-provision"
DATA = SOURCE / "tests/data/provision"
# What cloud-init 22.4's reader imports, beyond python3-yaml.
PACKAGES = ["cloud-init", "python3-requests", "python3-urllib3", "python3-chardet",
            "python3-certifi", "python3-idna", "python3-configobj", "python3-jinja2",
            "python3-markupsafe", "python3-jsonpatch", "python3-json-pointer", "python3-oauthlib",
            "python3-six", "python3-serial", "python3-netifaces"]


@pytest.fixture(scope="session")
def cloudinit(tmp_path_factory):
    """cloudinit({name: bytes}) gives what cloud-init makes of each."""
    directory = tmp_path_factory.mktemp("cloudinit")
    got = subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=directory,
                         capture_output=True, text=True, check=False)
    if got.returncode != 0:
        pytest.skip("Debian's cloud-init cannot be downloaded: " + got.stderr.strip()[-200:])
    for package in directory.glob("*.deb"):
        run("dpkg-deb", "-x", package, directory / "root")
    oracle = pathlib.Path(__file__).with_name("cloudinit_oracle.py")

    def read(blobs):
        text = json.dumps({name: base64.b64encode(blob).decode() for name, blob in blobs.items()})
        result = run("/usr/bin/python3", oracle, input=text, env=dict(
            os.environ, PYTHONPATH=str(directory / "root/usr/lib/python3/dist-packages")))
        return json.loads(result.stdout)
    return read


def plan(path, *options, status=None):
    result = run(PROGRAM, "plan", "--json", "--secrets", "--root", "/proc/empty"
                 if "--root" in options else "/", *options, path, status=status)
    return json.loads(result.stdout)


def read_ours(tmp_path, name, blob):
    path = tmp_path / "user-data"
    path.write_bytes(blob)
    answer = plan(path)
    parts = [{key: part[key] for key in ("kind", "frequency", "base64")}
             for part in answer["parts"] if part["kind"] in ("script", "boothook")]
    return {"config": answer.get("cloud_config"), "parts": parts, "records": answer["records"]}


def mime(parts, boundary="==B"):
    lines = [f'Content-Type: multipart/mixed; boundary="{boundary}"', "MIME-Version: 1.0", ""]
    for headers, body in parts:
        lines += ["--" + boundary, *headers, "", body]
    return "\n".join(lines + ["--" + boundary + "--", ""]).encode()


def tree(rng, depth=0):
    """A value of few names and kinds, so that two of them often meet."""
    kind = rng.choice(["dict", "list", "str", "int", "none"] if depth < 3 else ["str", "int"])
    if kind == "dict":
        return {name: tree(rng, depth + 1) for name in rng.sample("abc", rng.randint(0, 3))}
    if kind == "list":
        return [tree(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {"str": rng.choice(["x", "yy", ""]), "int": rng.randint(0, 3), "none": None}[kind]


def ways(rng):
    options = ["replace", "no_replace", "append", "prepend", "recurse_list", "recurse_array",
               "recurse_str", "recurse_dict", "allow_delete"]
    names = rng.sample(["dict", "list", "str"], rng.randint(1, 3))
    return "+".join(f"{name}({','.join(rng.sample(options, rng.randint(0, 3)))})"
                    for name in names)


def random_message(seed):
    rng = random.Random(seed)
    parts = []
    for _ in range(rng.randint(2, 4)):
        config = {name: tree(rng) for name in rng.sample("abcd", rng.randint(1, 4))}
        headers = ["Content-Type: text/cloud-config"]
        choice = rng.randint(0, 4)
        if choice == 0:
            headers.append("Merge-Type: " + ways(rng))
        elif choice == 1:
            headers.append("X-Merge-Type: " + ways(rng))
        elif choice == 2:
            config["merge_how"] = ways(rng)
        elif choice == 3:
            config["merge_type"] = [
                {"name": way.split("(")[0], "settings": way.split("(")[1][:-1].split(",")}
                for way in ways(rng).split("+")]
        parts.append((headers, "#cloud-config\n" + yaml.safe_dump(config)))
    return mime(parts)


# ASCII: cloud-init makes Latin-1 of other text in a MIME message that is not encoded.
SCRIPT = "#!/bin/sh\necho e \"$1\"\n"
B64 = base64.b64encode(SCRIPT.encode()).decode()
CONFIG = "#cloud-config\npackages: [a]\n"
MESSAGES = {
    "plain": CONFIG.encode(),
    "script": SCRIPT.encode(),
    "script-crlf": SCRIPT.replace("\n", "\r\n").encode(),
    "boothook": ("#cloud-boothook\n" + SCRIPT).encode(),
    "gzip": gzip.compress(CONFIG.encode()),
    "gzip-mime": gzip.compress(mime([(["Content-Type: text/plain"], CONFIG)])),
    "upper": b"#CLOUD-CONFIG\na: 1\n",
    "spaces": b"\n  \n#cloud-config\na: 1\n",
    "archive": b"#cloud-config-archive\n- type: text/cloud-config\n  content: 'a: 1'\n"
               b"- content: |\n    #!/bin/sh\n    echo\n- '#cloud-config\n\n  b: 2'\n- 'c: 3'\n",
    "jsonp": mime([([], CONFIG), ([], '#cloud-config-jsonp\n[{"op": "add", "path": "/packages/-",'
                                      ' "value": "b"}, {"op": "copy", "from": "/packages",'
                                      ' "path": "/q~1r"}, {"op": "replace", "path": "/packages/0",'
                                      ' "value": {"x": 1}}]')]),
    "types": mime([(["Content-Type: text/x-shellscript"], SCRIPT),
                   (["Content-Type: text/x-shellscript"], CONFIG),
                   (["Content-Type: text/x-shellscript-per-boot"], SCRIPT),
                   (["Content-Type: text/x-shellscript-per-once"], SCRIPT),
                   (["Content-Type: text/x-shellscript-per-instance"], SCRIPT),
                   (["Content-Type: text/cloud-boothook"], "#cloud-boothook\n" + SCRIPT),
                   (["Content-Type: text/cloud-config"], "x: 1"),
                   (["Content-Type: text/html"], "<p>"),
                   (["Content-Type: TEXT/Cloud-Config; charset=\"utf-8\""], "y: e")]),
    "encodings": mime([(["Content-Type: text/x-shellscript", "Content-Transfer-Encoding: base64"],
                        B64[:20] + "\n" + B64[20:]),
                       (["Content-Type: text/x-shellscript",
                         "Content-Transfer-Encoding: quoted-printable"],
                        "#!/bin/sh=0A=\necho =C3=A9=3D=\n x\n"),
                       (["Content-Type: text/x-shellscript", "Content-Transfer-Encoding: 8bit"],
                        SCRIPT)]),
    "gzip-part": mime([(["Content-Type: application/x-gzip", "Content-Transfer-Encoding: base64"],
                        base64.b64encode(gzip.compress(CONFIG.encode())).decode())]),
    "nested": mime([(["Content-Type: text/cloud-config"], "a: 1"),
                    (["Content-Type: multipart/mixed;", ' boundary="in ner"'],
                     "--in ner\nContent-Type: text/cloud-config\n\nb: 2\n--in ner\n\n" + SCRIPT
                     + "\n--in ner--")]),
    "crlf": mime([(["Content-Type: text/cloud-config"], "a: |\n  x\n  y"),
                  (["Content-Type: text/x-shellscript"], SCRIPT)]).replace(b"\n", b"\r\n"),
    "not-closed": mime([(["Content-Type: text/cloud-config"], "a: 1"),
                        (["Content-Type: text/x-shellscript"], SCRIPT)])[:-9],
    "no-blank": mime([(["Content-Type: text/cloud-config"], "a: 1")]).replace(b"\n\na", b"\na"),
    "boundary-in-text": mime([(["Content-Type: text/x-shellscript"],
                               SCRIPT + "echo --==B\n --==B\n--==Bx\n")]),
    "yaml": b"#cloud-config\na: yes\nb: 0644\nc: 1_0\nd: 22:30\ne: ~\nf: 'on'\ng: 0o7\nh: [off, N]\n"
            b"i: &i {x: 1}\nj: {<<: *i, y: 2}\na: no\nk: >-\n  fold\n  ed\nl: \"\\u00e9\"\n",
}


def test_reads_as_cloud_init(cloudinit, tmp_path):
    messages = dict(MESSAGES)
    messages.update({f"random-{seed}": random_message(seed) for seed in range(60)})
    theirs = cloudinit(messages)
    for name, blob in messages.items():
        ours = read_ours(tmp_path, name, blob)
        wanted = theirs[name]
        assert "error" not in wanted, (name, wanted)
        if any("cannot be merged into a list" in record["message"] for record in ours["records"]):
            continue  # Python adds a mapping's keys, or a text's letters; here it is an error
        assert (ours["config"] or {}) == (wanted["config"] or {}), (name, blob.decode("latin-1"))
        assert ours["parts"] == wanted["parts"], name


def test_zstd(tmp_path):
    """cloud-init has no zstd: it comes to what the same without it comes to, as a whole, within a
    message and within gzip; damaged or endless, it is refused."""
    def zstd(data):
        return subprocess.run(["zstd", "-q", "-c"], input=data, check=True, capture_output=True).stdout

    wanted = read_ours(tmp_path, "plain", CONFIG.encode())
    assert wanted["config"] == {"packages": ["a"]}
    packed = zstd(CONFIG.encode())
    part = mime([(["Content-Type: application/zstd", "Content-Transfer-Encoding: base64"],
                  base64.b64encode(packed).decode())])
    for name, blob in {"zstd": packed, "zstd-part": part, "zstd-gzip": gzip.compress(packed),
                       "two-frames": zstd(CONFIG.encode()[:9]) + zstd(CONFIG.encode()[9:])}.items():
        assert read_ours(tmp_path, name, blob)["config"] == wanted["config"], name
    for blob, message in {packed[:-6]: "zstd", flipped(packed, 8): "zstd",
                          zstd(b"#cloud-config\n" + bytes(40 << 20)): "unpacks to more"}.items():
        (tmp_path / "user-data").write_bytes(blob)
        result = run(PROGRAM, "validate", tmp_path / "user-data", status=1)
        assert message in result.stdout + result.stderr, result


def data_cases():
    return sorted(path for path in DATA.iterdir() if path.suffix != ".json")


def data_result(path):
    """The plan, and what is said, of a file of tests/data/provision."""
    options = ["--network-config"] if path.name.startswith("network") else []
    answer = json.loads(run(PROGRAM, "plan", "--json", "--secrets", *options, path.name,
                            cwd=DATA, status=None).stdout)
    answer["plan"].pop("network", None) if not options else None
    said = []
    for record in answer["records"]:
        key = record.get("key")
        said.append(f"{record.get('source')}:{record['line']}:{record['column']}: "
                    f"{record['outcome']}: {key + ': ' if key else ''}{record['message']}")
    if options:
        return {"network": answer["plan"].get("network"), "said": said}
    return {"plan": answer["plan"], "said": said}


def test_data():
    """Each configuration comes to the plan that stands beside it, every value with its place."""
    wrong = []
    for path in data_cases():
        wanted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        got = data_result(path)
        if got != wanted:
            wrong.append(f"{path.name}:\n{json.dumps(got, indent=1, ensure_ascii=False)}")
    assert not wrong, "\n".join(wrong)


def test_hostile(tmp_path):
    """What is too large or too deep is refused in a word, and at once."""
    path = tmp_path / "user-data"
    cases = {
        b"#cloud-config\na: " + b"x" * (32 * 1024 * 1024): "larger than the 32 MiB",
        b"#cloud-config\na: " + b"[" * 100000: "levels deep",
        gzip.compress(b"#cloud-config\n" + b"\0" * (40 * 1024 * 1024)): "unpacks to more",
        b"#cloud-config\na: &a [" + b"x," * 999 + b"x]\nb: &b [" + b"*a," * 999 + b"*a]\n": "values",
        mime([(["Content-Type: multipart/mixed; boundary=x"], "--y")]): "boundary does not occur",
        b"MIME-Version: 1.0\nContent-Type: multipart/mixed\n\nx": "without a boundary",
    }
    blob = b"#cloud-config\n"
    for _ in range(12):
        blob = gzip.compress(blob)
    cases[blob] = "wrapped too often"
    for blob, message in cases.items():
        path.write_bytes(blob)
        result = run(PROGRAM, "validate", path, status=1)
        assert message in result.stdout + result.stderr, result
    # near the limit, well-formed
    path.write_bytes(b"#cloud-config\nfinal_message: " + b"x" * (31 * 1024 * 1024) + b"\n")
    run(PROGRAM, "validate", path)


def flipped(text, position):
    """The text with another letter at a position, whichever is there."""
    letter = b"B" if text[position:position + 1] == b"A" else b"A"
    return text[:position] + letter + text[position + 1:]


def test_signatures(tmp_path):
    """With a key in the image only what it has signed is read, whatever it is wrapped in."""
    root = tmp_path / "root"
    keys = root / "usr/lib/atoll/provision/trusted.ed25519.d"
    keys.mkdir(parents=True)
    ignition = b'{"ignition": {"version": "3.4.0"}}'
    plain = tmp_path / "plain"
    signed = tmp_path / "signed"
    plain.write_bytes(CONFIG.encode())
    run(PROGRAM, "sign", "--new-key", tmp_path / "key", "-o", signed, plain)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    run(PROGRAM, "validate", "--root", root, plain)  # no key yet: nothing is asked
    (keys / "a").write_text("# ours\n" + (tmp_path / "key.pub").read_text())
    for blob in (CONFIG.encode(), MESSAGES["types"], SCRIPT.encode(), ignition):
        plain.write_bytes(blob)
        result = run(PROGRAM, "validate", "--root", root, plain, status=1)
        assert "not signed" in result.stderr
        run(PROGRAM, "sign", "--key", tmp_path / "key", "-o", signed, plain)
        text = signed.read_bytes()
        run(PROGRAM, "validate", "--root", root, signed)
        for wrapped in (gzip.compress(text), base64.b64encode(text),
                        mime([(["Content-Type: text/plain", "Content-Transfer-Encoding: base64"],
                               base64.b64encode(text).decode())])):
            signed.write_bytes(wrapped)
            run(PROGRAM, "validate", "--root", root, signed)
        middle = len(text.rstrip().rsplit(b"\n", 1)[0]) // 2  # of what is signed
        for changed in (flipped(text, middle), b"x" + text, flipped(text, len(text) - 10)):
            assert changed != text
            signed.write_bytes(changed)
            result = run(PROGRAM, "validate", "--root", root, signed, status=1)
            assert "signature" in result.stderr or "not signed" in result.stderr
    # what a signed config names is covered by a digest, or refused
    for reference, status in (('{"source": "http://x/y"}', 1),
                              ('{"source": "http://x/y", "verification": {"hash": "sha256-'
                               + "0" * 64 + '"}}', 0)):
        plain.write_text('{"ignition": {"version": "3.4.0", "config": {"merge": [' + reference
                         + "]}}}")
        run(PROGRAM, "sign", "--key", tmp_path / "key", "-o", signed, plain)
        result = run(PROGRAM, "validate", "--root", root, signed, status=status)
        assert ("does not cover" in result.stderr) == (status == 1)
    plain.write_text(CONFIG)
    # one part signed, one not
    signed_part = run(PROGRAM, "sign", "--key", tmp_path / "key", plain).stdout
    signed.write_bytes(mime([([], signed_part), ([], CONFIG)]))
    assert "not signed" in run(PROGRAM, "validate", "--root", root, signed, status=1).stderr


def test_schema():
    """The schema is one, has each key of cloud-init's own, and takes what validate takes."""
    schema = json.loads(run(PROGRAM, "schema").stdout)
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert not list(validator.iter_errors({"hostname": "x", "runcmd": ["x", ["y"]],
                                           "users": ["default", {"name": "a", "uid": 5}]}))
    assert list(validator.iter_errors({"hostnmae": "x"}))
    assert list(validator.iter_errors({"users": [{"name": "x", "shel": "y"}]}))
    assert list(validator.iter_errors({"runcmd": "x"}))


def test_knows_all_keys(cloudinit, tmp_path_factory):
    """No key of cloud-init's schema is unknown here."""
    del cloudinit  # has unpacked it
    path = next(tmp_path_factory.getbasetemp().glob(
        "cloudinit*/root/usr/lib/python3/dist-packages/cloudinit/config/schemas/"
        "schema-cloud-config-v1.json"))
    definitions = json.loads(path.read_text(encoding="utf-8"))["$defs"]
    ours = json.loads(run(PROGRAM, "schema").stdout)["properties"]
    for name, module in definitions.items():
        if name.startswith("cc_"):
            assert set(module.get("properties", {})) <= set(ours), name
    users = definitions["users_groups.user"]["properties"]
    assert set(users) <= set(ours["users"]["items"]["then"]["properties"])
