"""`tacet install` and `tacet uninstall` on prepared roots."""
import os
import shutil
import subprocess
import unittest

import tacet
from install_root import ALL, ALL_SERVERS, DHCLIENT, DHCPCD, EMPTY, NETWORK_MANAGER, NETWORK_MANAGER_LINK, OPENRESOLV, PLAIN, RESOLVCONF, RESOLVED, Root


class EveryManager(Root):
    def each(self, check):
        for name, files in ALL.items():
            with self.subTest(name):
                self.setUp()
                root = self.make(files)
                check(root, self.snapshot(root))

    def test_uninstall_restores_byte_for_byte(self):
        def check(root, before):
            self.run_verb("install", root)
            self.assertNotEqual(self.snapshot(root), before)
            self.assertIn("put back", self.run_verb("uninstall", root))
            self.assertEqual(self.snapshot(root), before)

        self.each(check)

    def test_installing_twice_is_installing_once(self):
        def check(root, before):
            self.run_verb("install", root)
            after = self.snapshot(root)
            said = self.run_verb("install", root)
            self.assertIn("nothing to do", said)
            self.assertNotIn("run ", said)
            self.assertEqual(self.snapshot(root), after)
            self.run_verb("uninstall", root)
            self.assertEqual(self.snapshot(root), before)

        self.each(check)

    def test_uninstalling_twice_is_uninstalling_once(self):
        def check(root, before):
            self.assertIn("nothing to do", self.run_verb("uninstall", root))
            self.assertEqual(self.snapshot(root), before)

        self.each(check)

    def test_a_rehearsal_changes_nothing_and_says_everything(self):
        def check(root, before):
            rehearsed = self.run_verb("install", root, "--dry-run")
            self.assertEqual(self.snapshot(root), before)
            self.assertEqual(self.run_verb("install", root), rehearsed)
            after = self.snapshot(root)
            for path, facts in after.items():
                is_state = path.startswith("var/lib/tacet")
                if facts != before.get(path) and facts[2] is not None and not is_state:
                    self.assertIn(str(root / path), rehearsed)
            undoing = self.run_verb("uninstall", root, "--dry-run")
            self.assertEqual(self.snapshot(root), after)
            self.assertEqual(self.run_verb("uninstall", root), undoing)

        self.each(check)

    def test_a_file_that_was_written_over_is_put_right_and_the_oldest_is_kept(self):
        def check(root, before):
            self.run_verb("install", root)
            after = self.snapshot(root)
            changed = [path for path, facts in after.items() if facts != before.get(path) and path.startswith("etc") and facts[2] is not None]
            (root / changed[0]).unlink()  # as others replace files
            (root / changed[0]).write_text("nameserver 127.0.0.1\nnameserver 192.0.2.9\n")
            self.run_verb("install", root)
            self.assertNotIn(b"\nnameserver 192.0.2.9", self.resolv_conf(root))
            self.assertIn("nothing to do", self.run_verb("install", root))
            self.run_verb("uninstall", root)
            self.assertEqual(self.snapshot(root), before)

        self.each(check)


class EachManager(Root):
    def install(self, files, *words):
        root = self.make(files)
        return root, self.run_verb("install", root, *words)

    def text(self, root, path):
        return (root / path).read_text(encoding="latin-1")

    def test_resolved_gets_a_drop_in(self):
        root, said = self.install(RESOLVED)
        self.assertIn("managed by systemd-resolved", said)
        self.assertIn("\n[Resolve]\nDNS=127.0.0.1\n", self.text(root, "etc/systemd/resolved.conf.d/tacet.conf"))
        self.assertIn("\nDomains=~.\n", self.text(root, "etc/systemd/resolved.conf.d/tacet.conf"))
        self.assertIn("run systemctl restart systemd-resolved.service", said)
        self.assertEqual(os.readlink(root / "etc/resolv.conf"), "../run/systemd/resolve/stub-resolv.conf")

    def test_resolveds_list_of_all_servers_gives_way_to_its_stub(self):
        root, _ = self.install(ALL_SERVERS)
        self.assertEqual(os.readlink(root / "etc/resolv.conf"), "../run/systemd/resolve/stub-resolv.conf")

    def test_network_manager_gets_a_global_server(self):
        for files in (NETWORK_MANAGER, NETWORK_MANAGER_LINK):
            self.setUp()
            root, said = self.install(files)
            self.assertIn("managed by NetworkManager", said)
            self.assertIn("\n[global-dns-domain-*]\nservers=127.0.0.1\n", self.text(root, "etc/NetworkManager/conf.d/tacet.conf"))
            self.assertIn("run systemctl reload NetworkManager.service", said)

    def test_network_manager_keeps_search_domains_and_options(self):
        for files in (NETWORK_MANAGER, NETWORK_MANAGER_LINK):
            self.setUp()
            path = "run/NetworkManager/resolv.conf" if files is NETWORK_MANAGER_LINK else "etc/resolv.conf"
            text = "# Generated by NetworkManager\nsearch home\tlab.example\nnameserver 192.0.2.1\noptions edns0 trust-ad\n"
            root, _ = self.install({**files, path: text})
            self.assertIn("\n[global-dns]\nsearches=home,lab.example\noptions=edns0,trust-ad\n", self.text(root, "etc/NetworkManager/conf.d/tacet.conf"))

    def test_resolved_is_told_too_where_it_is_enabled_and_nsswitch_has_programs_ask_it(self):
        hosts = {"hosts:\tfiles mymachines resolve [!UNAVAIL=return] dns # names\n": True, "hosts: files dns # resolve\npasswd: resolve\n": False}
        for nsswitch, asked in hosts.items():
            for files in (PLAIN, NETWORK_MANAGER, RESOLVCONF, OPENRESOLV):
                self.setUp()
                enabled = {"etc/systemd/system/sysinit.target.wants/systemd-resolved.service": "->/lib/systemd/system/systemd-resolved.service"}
                root, said = self.install({**files, **enabled, "etc/nsswitch.conf": nsswitch})
                self.assertEqual("and systemd-resolved" in said, asked)
                drop_in = root / "etc/systemd/resolved.conf.d/tacet.conf"
                self.assertEqual(drop_in.exists(), asked)
                if asked:
                    domains = "~. home" if "search home" in files["etc/resolv.conf"] else "~."
                    self.assertIn(f"\nDomains={domains}\n", drop_in.read_text(encoding="ascii"))

    def test_resolved_forgets_the_servers_that_other_files_name(self):
        root, _ = self.install(RESOLVED)
        lines = self.text(root, "etc/systemd/resolved.conf.d/tacet.conf").splitlines()
        self.assertLess(lines.index("DNS="), lines.index("DNS=127.0.0.1"))
        self.assertIn("FallbackDNS=", lines)

    def test_debians_resolvconf_gets_a_record_now_and_after_every_boot(self):
        root, said = self.install(RESOLVCONF)
        self.assertIn("run echo 'nameserver 127.0.0.1' | resolvconf -a lo.tacet", said)
        for kind in ("service", "socket"):
            drop_in = self.text(root, f"etc/systemd/system/tacet.{kind}.d/resolvconf.conf")
            self.assertRegex(drop_in, rf"(?m)^\[{kind.title()}\]\nExecStartPost=\+?/bin/sh -c .*resolvconf -a lo\.tacet'$")
        self.assertIn("run resolvconf -d lo.tacet", self.run_verb("uninstall", root))

    def test_openresolv_gets_a_line_even_after_a_line_without_an_end(self):
        root, said = self.install(OPENRESOLV)
        lines = self.text(root, "etc/resolvconf.conf").splitlines()
        self.assertEqual(lines[0], "resolv_conf=/etc/resolv.conf")
        self.assertTrue(lines[1].startswith("name_servers=127.0.0.1 "))
        self.assertIn("run resolvconf -u", said)

    def test_a_plain_file_keeps_what_says_how_to_ask(self):
        root, _ = self.install(PLAIN)
        self.assertEqual([line for line in self.text(root, "etc/resolv.conf").splitlines() if not line.startswith("#")],
                         ["nameserver 127.0.0.1", "search home", "options edns0"])

    def test_dhclient_is_kept_from_writing_the_file(self):
        root, _ = self.install(DHCLIENT)
        done = subprocess.run(["sh", "-c", f". {root}/etc/dhcp/dhclient-enter-hooks.d/tacet; make_resolv_conf"], check=False)
        self.assertEqual(done.returncode, 0)

    def test_dhcpcd_is_kept_from_writing_the_file_and_the_administrators_hook_stays(self):
        root, _ = self.install(DHCPCD)
        done = subprocess.run(["sh", "-euc", f'skip_hooks=mtu; . {root}/etc/dhcpcd.enter-hook; echo "$mine $skip_hooks"'], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "1 mtu resolv.conf\n")

    def test_a_link_of_an_unknown_program_is_left_alone_unless_that_is_asked_for(self):
        files = {**EMPTY, "etc/resolv.conf": "->/run/connman/resolv.conf"}
        root = self.make(files)
        before = self.snapshot(root)
        self.assertIn("/run/connman/resolv.conf", self.run_verb("install", root, fails=True))
        self.assertEqual(self.snapshot(root), before)
        self.run_verb("install", root, "--manager", "plain")
        self.assertFalse((root / "etc/resolv.conf").is_symlink())
        self.run_verb("uninstall", root)
        self.assertEqual(self.snapshot(root), before)

    def test_a_file_that_somebody_else_took_over_is_left_to_them(self):
        root, _ = self.install(PLAIN)
        (root / "etc/resolv.conf").write_text("nameserver 198.51.100.1\n")
        self.assertIn("somebody else", self.run_verb("uninstall", root))
        self.assertEqual(self.text(root, "etc/resolv.conf"), "nameserver 198.51.100.1\n")
        self.assertFalse((root / "var/lib/tacet").exists())

    def test_another_server_can_be_named_but_not_a_host(self):
        root, _ = self.install(PLAIN, "--server", "::1")
        self.assertIn("nameserver ::1\n", self.text(root, "etc/resolv.conf"))
        self.assertIn("uninstall` first", self.run_verb("install", root, fails=True))
        self.assertIn("--server", self.run_verb("install", root, "--server", "localhost", fails=True))

    def test_another_manager_needs_an_uninstall_first(self):
        root, _ = self.install(PLAIN)
        self.assertIn("uninstall` first", self.run_verb("install", root, "--manager", "NetworkManager", fails=True))

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("chattr"), "makes a file immutable")
    def test_an_immutable_file_stays_and_the_way_to_change_it_is_told(self):
        root = self.make(PLAIN)
        file, before = root / "etc/resolv.conf", self.snapshot(root)
        if subprocess.run(["chattr", "+i", file], capture_output=True).returncode != 0:
            self.skipTest("this file system has no such attribute")
        self.addCleanup(subprocess.run, ["chattr", "-i", file])
        done = tacet.run("install", "--root", str(root))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"`chattr -i {file}` ends that; everything is as it was", done.stderr)
        self.assertEqual(self.snapshot(root), before)

    def test_macos_is_only_told_the_commands(self):
        root = self.make(PLAIN)
        before = self.snapshot(root)
        said = self.run_verb("install", root, "--manager", "networksetup")
        self.assertIn('networksetup -setdnsservers "$service" 127.0.0.1', said)
        self.assertIn('networksetup -setdnsservers "$service" empty', said)
        self.assertEqual(self.snapshot(root), before)

    def test_a_state_that_is_not_ours_is_not_acted_on(self):
        root, _ = self.install(PLAIN)
        (root / "var/lib/tacet/install/state").write_text("manager plain\nfile ../../etc/passwd\n")
        self.assertIn("not written by tacet", self.run_verb("uninstall", root, fails=True))


class Rights(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "to become somebody who is not root, one has to be root")
    def test_without_root_it_says_so(self):
        for verb in ("install", "uninstall"):
            done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", tacet.BINARY, verb], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("root", done.stderr)


if __name__ == "__main__":
    unittest.main()
