"""Checks that no two types of src/ and include/ share a name: one name, one meaning, and no two definitions of one.

Usage: type_names_test.py SOURCE_DIR
"""

import collections
import pathlib
import re
import sys
import unittest

# A type or an alias that a line at the margin defines, so at the scope of a namespace. A forward declaration is none.
DEFINITION = re.compile(r"^(?:struct|class|union|enum(?: class| struct)?) ([A-Z]\w*)\b(?!::|<)(?=[^;()\n]*(?:\{|$))|^using ([A-Z]\w*) =", re.MULTILINE)
# The two halves of an #if that defines one type for a sanitizer and for the rest.
IN_TWO_HALVES = {("FramePool", "include/tacet/frame_pool.hpp")}


def definitions_in(text):
    return [match[1] or match[2] for match in DEFINITION.finditer(text)]


def shared_names(files):
    """{name: [paths]} of what is defined more than once; `files` are pairs of a path and its text."""
    where = collections.defaultdict(list)
    for path, text in files:
        for name in definitions_in(text):
            where[name].append(path)
    return {name: paths for name, paths in where.items() if len(paths) > 1 and not (len(set(paths)) == 1 and (name, paths[0]) in IN_TWO_HALVES)}


class TypeNames(unittest.TestCase):
    source = None

    def test_no_two_types_share_a_name(self):
        files = [(str(file.relative_to(self.source)), file.read_text()) for top in ("src", "include") for file in sorted((self.source / top).rglob("*.[ch]pp"))]
        self.assertGreater(sum(len(definitions_in(text)) for _, text in files), 200)
        self.assertEqual(shared_names(files), {})

    def test_planted_twins_are_found(self):
        twins = [("a.hpp", "struct Channel {\n"), ("b.cpp", "class Channel final : public Upstream {\n"), ("c.cpp", "using Text = int;\nenum class Text : char {\n")]
        self.assertEqual(shared_names(twins), {"Channel": ["a.hpp", "b.cpp"], "Text": ["c.cpp", "c.cpp"]})

    def test_forward_declarations_and_inner_types_are_no_twins(self):
        self.assertEqual(shared_names([("a.hpp", "struct Channel;\nstruct Channel {\n  struct State {\n"), ("b.hpp", "class Channel;\n  struct State {\nstruct Channel::State {\n")]), {})


if __name__ == "__main__":
    TypeNames.source = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
