# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails when a room includes a header of a room that is not below it.

The levels stand in src/meson.build; a room includes itself and lower levels, nothing else.
Usage: levels.py SOURCE | levels.py --self-test
"""
import ast
import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def read_levels(source):
    text = (source / "src/meson.build").read_text(encoding="utf-8")
    table = re.search(r"^room_levels = (\{.*?^\})", text, re.MULTILINE | re.DOTALL)
    return ast.literal_eval(table.group(1))


def violations(source):
    levels = read_levels(source)
    found = []
    for path in sorted((source / "src").rglob("*.[ch]")):
        room = path.relative_to(source / "src").parts[0]
        if room not in levels:
            found.append(f"{path}: room ‘{room}’ has no level in src/meson.build")
            continue
        for included in INCLUDE.findall(path.read_text(encoding="utf-8")):
            other = included.split("/")[0]
            if other == "support" and path.name.startswith("test-"):
                continue  # tests/support/: what unit tests share
            if "/" not in included or other not in levels:
                found.append(f"{path}: \"{included}\" is not named as \"room/file.h\"")
            elif other != room and levels[other] >= levels[room]:
                found.append(f"{path}: {room} (level {levels[room]}) includes {included} "
                             f"(level {levels[other]})")
    return found


def self_test():
    with tempfile.TemporaryDirectory() as name:
        source = pathlib.Path(name)
        for room in ("base", "store", "bus"):
            (source / "src" / room).mkdir(parents=True)
        (source / "src/meson.build").write_text(
            "room_levels = {\n  'base': 0,\n  'store': 1,\n  'bus': 1,\n}\n")
        good = source / "src/store/good.c"
        good.write_text('#include "store/good.h"\n#include "base/fd.h"\n#include <stdio.h>\n')
        assert not violations(source)
        for planted in ("bus/event.h", "nowhere/x.h", "good.h"):
            (source / "src/store/bad.c").write_text(f'#include "{planted}"\n')
            assert len(violations(source)) == 1, planted
        (source / "src/store/bad.c").unlink()
        (source / "src/base/bad.h").write_text('  #  include "store/good.h"\n')
        assert len(violations(source)) == 1


def main():
    if sys.argv[1] == "--self-test":
        self_test()
        return 0
    found = violations(pathlib.Path(sys.argv[1]))
    print("\n".join(found) or "every include points down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
