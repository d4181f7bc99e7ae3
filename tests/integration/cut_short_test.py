"""`tacet install`, `uninstall` and `browser` that are killed at each of their changes, or find no room: nothing may be lost."""
import itertools
import os
import shutil
import subprocess
import unittest

import sanitizer
import tacet
from browser_test import CHROMIUM
from install_root import DHCLIENT, DHCPCD, OPENRESOLV, RESOLVED, Root

# What is changed: a link and a drop-in; a file and a hook; a file and a line in a hook that is there; a line in another program's file.
_MANAGERS = {"RESOLVED": RESOLVED, "DHCLIENT": DHCLIENT, "DHCPCD": DHCPCD, "OPENRESOLV": OPENRESOLV}
_PRELOADED = os.environ.get("TACET_CUT_SHORT", "")


@unittest.skipUnless(_PRELOADED and not sanitizer.BUILT_WITH, "wants a library before all others")
class CutShort(Root):
    def run_cut(self, how, at, *words):
        """The finished process, whose change number `at` did not happen."""
        environment = {**os.environ, "LD_PRELOAD": _PRELOADED, "TACET_CUT_BY": how, "TACET_CUT_AT": str(at)}
        return subprocess.run([tacet.BINARY, *words, "--root", self.folder / "root"], env=environment, capture_output=True, text=True, timeout=60)

    def succeed(self, *words):
        done = tacet.run(*words, "--root", str(self.folder / "root"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def machine(self, files):
        for name in ("root", "copy"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.make(files)

    def each_cut(self, how, prepare, *words):
        """A root for each change that `words` make, and what the cut run said."""
        for at in itertools.count(1):
            self.assertLess(at, 500)
            root = prepare()
            done = self.run_cut(how, at, *words)
            if done.returncode == 0:
                return
            yield root, done, f"change {at} of {' '.join(words)}"

    def check_kills(self, files, forward, back):
        def prepare():
            return self.machine(files)

        def prepare_done():
            root = self.machine(files)
            self.succeed(*forward)
            return root

        before = self.snapshot(prepare())
        after = self.written(self.snapshot(prepare_done()))
        for root, done, where in self.each_cut("kill", prepare, *forward):
            self.assertEqual(done.returncode, -9, where)
            shutil.copytree(root, self.folder / "copy", symlinks=True)
            self.succeed(*back)
            self.assertEqual(self.snapshot(root), before, f"{where}, then {' '.join(back)}")
            shutil.rmtree(root)
            (self.folder / "copy").rename(root)
            self.succeed(*forward)
            self.assertEqual(self.written(self.snapshot(root)), after, f"{where}, then again")
            self.succeed(*back)
            self.assertEqual(self.snapshot(root), before, f"{where}, again, and then {' '.join(back)}")
        for root, done, where in self.each_cut("kill", prepare_done, *back):
            self.assertEqual(done.returncode, -9, where)
            self.succeed(*back)
            self.assertEqual(self.snapshot(root), before, where)

    def written(self, snapshot):
        """Without keys and certificates, which are other ones each time."""
        return {path: facts for path, facts in snapshot.items() if path.startswith("etc/") and "tacet.json" not in path and "policies.json" not in path}

    def test_an_install_or_uninstall_that_was_killed_can_be_repeated_and_undone(self):
        for name, files in _MANAGERS.items():
            with self.subTest(name):
                self.check_kills(files, ("install",), ("uninstall",))

    def test_a_browser_setup_or_undo_that_was_killed_can_be_repeated_and_undone(self):
        self.check_kills(CHROMIUM, ("browser", "setup"), ("browser", "undo"))

    def test_where_there_is_no_room_nothing_is_lost(self):
        for name, files in _MANAGERS.items():
            with self.subTest(name):
                before = self.snapshot(self.machine(files))
                for root, done, where in self.each_cut("full", lambda files=files: self.machine(files), "install"):
                    self.assertEqual(done.returncode, 1, where)
                    self.assertIn("No space left on device", done.stderr, where)
                    self.succeed("uninstall")
                    self.assertEqual({path: facts for path, facts in self.snapshot(root).items() if not path.startswith("var/lib/tacet")}, before, where)


if __name__ == "__main__":
    unittest.main()
