"""What it means that the binary under test was built with a sanitizer: its reports are failures, and its times mean little."""
import os
import re
import unittest

BUILT_WITH = os.environ.get("TACET_SANITIZE", "")
# How many times longer than usual tests wait for something to happen.
PATIENCE = 4.0 if BUILT_WITH else 1.0
_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: ")


def reports(text):
    """The lines of `text` in which a sanitizer begins to report something."""
    return [line for line in text.splitlines() if _REPORT.search(line)]


def unless_built_with_one(why):
    """Skips a test, or a class of them, that measures what a sanitizer changes; `why` is printed."""
    return unittest.skipIf(BUILT_WITH, f"built with -fsanitize={BUILT_WITH}: {why}")
