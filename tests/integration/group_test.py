"""Who may open the control socket: root, the daemon's user, and the members of one group."""
import grp
import os
import pwd
import stat
import subprocess
import unittest

import scratch
import tacet
from case import UnboundCase

# Of every Debian: a group to be in, and a user who is nobody.
GROUP, USER = "games", "nobody"


@unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
class Group(UnboundCase):
    def setUp(self):
        self.gid = grp.getgrnam(GROUP).gr_gid
        self.uid = pwd.getpwnam(USER).pw_uid

    def somebody(self, *groups):
        """A command prefix that runs what follows as USER, in these groups besides one that nobody else is in."""
        chosen = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", chosen]

    def status(self, daemon, *groups):
        words = [*self.somebody(*groups), tacet.BINARY, "status", "--socket", daemon.settings["control"]["socket"]]
        return subprocess.run(words, capture_output=True, text=True, timeout=20)

    def with_group(self, **more):
        path = os.path.join(self.directory, scratch.unique_name("control") + ".sock")
        return self.tacet(self.upstream.doh_url(), control={"socket": path, "group": GROUP}, **more)

    def test_members_may_use_it_and_others_are_told_whom_to_ask(self):
        daemon = self.with_group()
        status = os.stat(daemon.settings["control"]["socket"])
        self.assertEqual((stat.S_IMODE(status.st_mode), status.st_gid), (0o660, self.gid))
        inside = self.status(daemon, self.gid)
        self.assertEqual(inside.returncode, 0, inside.stderr)
        self.assertIn(self.upstream.doh_url(), inside.stdout)
        outside = self.status(daemon)
        self.assertEqual((outside.returncode, outside.stdout), (1, ""))
        self.assertIn(f"you may not open {daemon.settings['control']['socket']}", outside.stderr)
        self.assertIn(f"become a member of group {GROUP} (`sudo adduser {USER} {GROUP}`", outside.stderr)

    def test_as_under_the_unit_a_daemon_of_that_group_lets_its_members_in_without_being_told(self):
        """The unit's Group= and RuntimeDirectoryMode=0750: others do not even see the socket."""
        directory = os.path.join(self.directory, scratch.unique_name("run"))
        os.mkdir(directory)
        os.chown(directory, self.uid, self.gid)
        os.chmod(directory, 0o750)
        path = os.path.join(directory, "control.sock")
        as_member = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        config = os.path.join(self.directory, scratch.unique_name("unit") + ".yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"listen: ['127.0.0.1:{scratch.free_port()}']\ncontrol: {{socket: {path}}}\n")
        self.child(*as_member, tacet.BINARY, "run", "--config", config, stderr=subprocess.DEVNULL)
        scratch.eventually(lambda: os.path.exists(path), what=lambda: "the socket")
        words = [tacet.BINARY, "status", "--socket", path]
        done = subprocess.run([*self.somebody(self.gid), *words], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        other = pwd.getpwnam("daemon").pw_uid
        done = subprocess.run(["setpriv", f"--reuid={other}", f"--regid={other}", "--clear-groups", *words], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"become a member of group {GROUP}", done.stderr)

    def test_a_member_that_is_no_root_can_give_it_to_the_group_and_no_other_can(self):
        for groups, word in (((self.gid,), None), ((), "must run as root or as its member")):
            path = os.path.join(self.directory, scratch.unique_name("open"))
            os.mkdir(path)
            os.chown(path, self.uid, self.uid)
            config = os.path.join(path, "tacet.yaml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f"listen: ['127.0.0.1:{scratch.free_port()}']\ncontrol: {{socket: {path}/control.sock, group: {GROUP}}}\n")
            daemon = self.child(*self.somebody(*groups), tacet.BINARY, "run", "--config", config, stderr=subprocess.PIPE, text=True)
            if word is None:
                scratch.eventually(lambda: os.path.exists(path + "/control.sock") and os.stat(path + "/control.sock").st_gid == self.gid, what=lambda: "the group")
            else:
                while word not in (line := daemon.stderr.readline()):
                    self.assertTrue(line)
                self.assertIn("no control socket", line)
                self.assertFalse(os.path.exists(path + "/control.sock"))


if __name__ == "__main__":
    unittest.main()
