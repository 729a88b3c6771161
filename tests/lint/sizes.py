# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails when a C file is longer than 600 lines, or a function than 80.

Usage: sizes.py SOURCE | sizes.py --self-test
"""
import pathlib
import sys

FILE_MAX_LINES = 600
FUNCTION_MAX_LINES = 80


def too_long(name, text):
    found = []
    lines = text.splitlines()
    if len(lines) > FILE_MAX_LINES:
        found.append(f"{name}: {len(lines)} lines, of at most {FILE_MAX_LINES}")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > FUNCTION_MAX_LINES:
                found.append(f"{name}:{start}: a function of {number - start - 1} lines, of at "
                             f"most {FUNCTION_MAX_LINES}")
            start = None
    return found


def self_test():
    assert not too_long("x.c", "int f(void)\n{\n" + "    a();\n" * 80 + "}\n")
    assert len(too_long("x.c", "int f(void)\n{\n" + "    a();\n" * 81 + "}\n")) == 1
    assert not too_long("x.c", "\n" * 600)
    assert len(too_long("x.c", "\n" * 601)) == 1


def main():
    if sys.argv[1] == "--self-test":
        self_test()
        return 0
    source = pathlib.Path(sys.argv[1])
    found = []
    for path in sorted((source / "src").rglob("*.[ch]")):
        found += too_long(path, path.read_text(encoding="utf-8"))
    print("\n".join(found) or "every file and function is short enough")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
