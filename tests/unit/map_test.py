"""Checks that every file, type and function that src/README.md names is there: a map with wrong names leads nowhere.

Usage: map_test.py SOURCE_DIR
"""

import pathlib
import re
import sys
import unittest

QUOTED = re.compile(r"`([^`\n]+)`")
# A path, such as `pool/hedging.cpp`, `pool/` or `listen/datagrams_*.cpp`; its ending may be missing.
PATH = re.compile(r"[\w.*-]+/[\w/.*-]*|[\w*-]+\.(?:cpp|hpp|py|html)")
# A type, a function or a member, such as `Pool::hedge`. Commands and the page's addresses are none.
NAME = re.compile(r"\w+(?:::\w+)*(?:\(\))?")
# `XContext` stands for the names of a pattern.
PATTERNS = {"XContext"}


def missing_names(page, paths, code):
    """The quoted names of `page` that no path begins or ends with, or that no word of `code` is."""
    words = set(re.findall(r"\w+", code))
    missing = []
    for name in dict.fromkeys(QUOTED.findall(page)):
        if PATH.fullmatch(name):
            like = re.compile("(^|/)" + re.escape(name.strip("/")).replace(r"\*", "[^/]*") + r"[^/]*$")
            if not any(like.search(path) for path in paths):
                missing.append(name)
        elif NAME.fullmatch(name) and name not in PATTERNS and not set(re.findall(r"\w+", name)) <= words:
            missing.append(name)
    return missing


class Map(unittest.TestCase):
    source = None

    def test_all_that_the_map_names_is_there(self):
        paths, code = [], []
        for top in ("src", "include", "tests", "packaging"):
            for path in sorted((self.source / top).rglob("*")):
                paths.append(str(path.relative_to(self.source)))
                if path.suffix in (".cpp", ".hpp", ".py", ".html"):
                    code.append(path.read_text(encoding="utf-8"))
        page = (self.source / "src" / "README.md").read_text(encoding="utf-8")
        self.assertGreater(len(QUOTED.findall(page)), 200)
        self.assertEqual(missing_names(page, paths, "\n".join(code)), [])

    def test_planted_wrong_names_are_found(self):
        page = "`pool/hedging.cpp` calls `Pool::hedge`; `pool/hedge.cpp`, `Pool::hedged` and `listen/gone_*.cpp` are wrong."
        self.assertEqual(missing_names(page, ["src/pool/hedging.cpp"], "void Pool::hedge() {}"), ["pool/hedge.cpp", "Pool::hedged", "listen/gone_*.cpp"])


if __name__ == "__main__":
    Map.source = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
