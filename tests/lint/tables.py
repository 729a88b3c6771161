# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails when a test exists that no meson.build runs, or a fuzz target without a corpus.

Usage: tables.py SOURCE
"""
import pathlib
import re
import sys


def names_in(meson):
    return set(re.findall(r"'([^'\n]+)'", meson.read_text(encoding="utf-8")))


def forgotten(source):
    found = []
    fuzz = names_in(source / "tests/fuzz/meson.build")
    for path in sorted((source / "tests/fuzz").glob("fuzz-*.c")):
        name = path.stem.removeprefix("fuzz-")
        if name not in fuzz:
            found.append(f"{path}: no row in tests/fuzz/meson.build")
        if not any((source / "tests/fuzz/corpus" / name).glob("*")):
            found.append(f"{path}: no seeds in tests/fuzz/corpus/{name}")
    integration = names_in(source / "tests/meson.build")
    for path in sorted((source / "tests/integration").glob("test_*.py")):
        if path.stem.removeprefix("test_") not in integration:
            found.append(f"{path}: no line in tests/meson.build")
    for path in sorted((source / "src").rglob("test-*.c")):
        room = source / "src" / path.relative_to(source / "src").parts[0]
        name = path.stem.removeprefix("test-")
        if not any(known in (name, path.name, f"{path.parent.name}/{path.name}",
                             f"{path.parent.name}-{name}", f"{path.parent.name}/{name}")
                   for known in names_in(room / "meson.build")):
            found.append(f"{path}: no line in {room.name}/meson.build")
    return found


def main():
    found = forgotten(pathlib.Path(sys.argv[1]))
    print("\n".join(found) or "every test is run")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
