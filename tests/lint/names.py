# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails when a function that a header exports does not begin with its room's name.

Usage: names.py SOURCE | names.py --self-test
"""
import pathlib
import re
import sys

DECLARATION = re.compile(r"^(?!typedef|#|G_|return|static inline)[A-Za-z_][\w \*]*?\**\b([a-z]\w*)\(",
                         re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def exported(text):
    return DECLARATION.findall(COMMENT.sub("", text))


def wrong_names(source):
    found = []
    for path in sorted((source / "src").rglob("*.h")):
        room = path.relative_to(source / "src").parts[0]
        for name in exported(path.read_text(encoding="utf-8")):
            if not name.startswith(room + "_"):
                found.append(f"{path}: ‘{name}’ does not begin with ‘{room}_’")
    return found


def self_test():
    text = """\
/** other_thing: not (a declaration) */
typedef bool (*BaseFunc)(int x);
#define MACRO(x) other(x)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Base, base_free)
const char *const *base_words(void);
bool base_do(int a,
             int b) G_GNUC_WARN_UNUSED_RESULT;
extern const int base_table[];
"""
    assert exported(text) == ["base_words", "base_do"], exported(text)


def main():
    if sys.argv[1] == "--self-test":
        self_test()
        return 0
    found = wrong_names(pathlib.Path(sys.argv[1]))
    print("\n".join(found) or "every name begins with its room")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
