# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds a program's man pages and completions against its command table.

Every command has man/PROGRAM-COMMAND.1 (or .8) with all its options, an example and the exit
statuses; PROGRAM.1 lists every command; completions have every command and option; every
manifest key stands in atoll-manifest.5; every page is in man/meson.build and groff is happy.
Usage: man.py SOURCE PROGRAM
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys


def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def plain(page):
    """A page's text with roff's escapes of dashes undone."""
    return page.read_text(encoding="utf-8").replace("\\-", "-")


def find_page(source, name):
    """Commands are in section 1, those for administrators may be in 8."""
    admin = source / "man" / f"{name}.8"
    return admin if admin.exists() else source / "man" / f"{name}.1"


def check_page(page, command):
    if not page.exists():
        return [f"{page}: missing"]
    text = plain(page)
    found = [f"{page}: option --{option['name']} is missing" for option in command["options"]
             if not re.search(rf"--{re.escape(option['name'])}\b(?!-)", text)]
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLE"):
        if f".SH {section}" not in text and f'.SH "{section}' not in text:
            found.append(f"{page}: section {section} is missing")
    return found


def check_completions(program, commands):
    found = []
    for shell in ("bash", "zsh", "fish"):
        script = output(program, "completion", shell)
        for command in commands:
            for word in command["name"].split():
                if not re.search(rf"\b{re.escape(word)}\b", script):
                    found.append(f"completion for {shell}: ‘{word}’ is missing")
            for option in command["options"]:
                if not re.search(rf"--{re.escape(option['name'])}\b", script):
                    found.append(f"completion for {shell}: --{option['name']} is missing")
    return found


def check_keys(source):
    table = (source / "src/manifest/keys.c").read_text(encoding="utf-8")
    keys = re.findall(r'^    \{"([a-z-]+)", MANIFEST_KEY_', table, re.MULTILINE)
    assert "packages" in keys
    text = plain(source / "man/atoll-manifest.5")
    return [f"atoll-manifest.5: key {key} is missing" for key in keys
            if f"\n.B {key}\n" not in text]


def check_roff(page):
    if shutil.which("groff") is None:
        return []
    result = subprocess.run(["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True,
                            text=True, check=False)
    return [f"{page}: {line}" for line in result.stderr.splitlines()]


def main():
    source = pathlib.Path(sys.argv[1])
    program = sys.argv[2]
    name = pathlib.Path(program).name
    commands = json.loads(output(program, "help", "--json"))
    found = check_completions(program, commands)
    overview_page = find_page(source, name)
    overview = plain(overview_page) if overview_page.exists() else ""
    installed = (source / "man/meson.build").read_text(encoding="utf-8")
    for command in commands:
        page = find_page(source, f"{name}-{command['name'].replace(' ', '-')}")
        found += check_page(page, command)
        if page.stem not in overview:
            found.append(f"{overview_page}: {page.stem} is missing")
        if command["summary"].endswith("."):
            found.append(f"{command['name']}: the summary ends in a full stop")
    if name == "atoll":
        found += check_keys(source)
    for page in sorted((source / "man").glob(f"{name}*.[0-9]")):
        found += check_roff(page)
        if page.name not in installed:
            found.append(f"man/meson.build: {page.name} is missing")
    print("\n".join(found) or f"pages and completions of {name} fit its table")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
