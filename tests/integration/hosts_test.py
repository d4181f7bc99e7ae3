"""The hosts file: answered before everybody else, followed at once when it changes, however large it is."""
import os
import time
import unittest

import dns.rcode
import dnsclient
import scratch
import servers
from case import Case


class Hosts(Case):
    def setUp(self):
        self.upstream = self.unbound()
        self.folder = os.path.join(self.directory, scratch.unique_name("etc"))
        os.mkdir(self.folder)
        self.path = os.path.join(self.folder, "hosts")

    def write(self, text):
        """As an editor does it: a new file in place of the old."""
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path + ".new", self.path)

    def daemon(self, **settings):
        return self.tacet(self.upstream.doh_url(), hosts={"file": self.path}, **settings)

    def becomes(self, daemon, name, expected, kind="A"):
        """Seconds until the answer is the expected one."""
        begun = time.monotonic()
        scratch.eventually(lambda: dnsclient.addresses(daemon.ask(name, kind)) == expected, within=5,
                           what=lambda: f"{name} as {expected}\n{daemon.log()}")
        return time.monotonic() - begun

    def test_names_of_the_file_come_before_the_upstream_and_never_reach_it(self):
        self.write("192.0.2.200 www.example.com nas\n2001:db8::200 WWW.Example.com\n192.168.7.7 box.lan\n")
        daemon = self.daemon()
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), ["192.0.2.200"])
        self.assertEqual(dnsclient.addresses(daemon.ask("wWw.eXample.com", "AAAA")), ["2001:db8::200"])
        self.assertEqual(dnsclient.addresses(daemon.ask("nas")), ["192.0.2.200"])
        self.assertEqual(daemon.ask("7.7.168.192.in-addr.arpa", "PTR").answer[0][0].to_text(), "box.lan.")
        for kind in ("HTTPS", "SVCB", "MX", "TXT"):
            response = daemon.ask("www.example.com", kind)
            self.assertEqual((response.rcode(), response.answer), (dns.rcode.NOERROR, []), kind)
        self.assertLessEqual(daemon.ask("www.example.com").answer[0].ttl, 10)
        self.assertEqual(self.upstream.asked(), [])
        self.assertEqual(dnsclient.addresses(daemon.ask("a.many.example.com")), ["192.0.2.7"])

    def test_a_change_shows_at_once_however_it_is_made(self):
        self.write("192.0.2.1 a.example.com\n")
        daemon = self.daemon(workers=2)
        self.assertEqual(dnsclient.addresses(daemon.ask("a.example.com")), ["192.0.2.1"])
        self.write("192.0.2.2 a.example.com\n")
        self.assertLess(self.becomes(daemon, "a.example.com", ["192.0.2.2"]), 1)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("192.0.2.3 b.example.com\n")
        self.assertLess(self.becomes(daemon, "b.example.com", ["192.0.2.3"]), 1)
        with open(self.path, "w", encoding="utf-8") as file:  # in place
            file.write("192.0.2.4 a.example.com\n")
        self.assertLess(self.becomes(daemon, "a.example.com", ["192.0.2.4"]), 1)
        os.unlink(self.path)
        self.assertLess(self.becomes(daemon, "a.example.com", []), 1)
        self.write("192.0.2.5 a.example.com\n")
        self.assertLess(self.becomes(daemon, "a.example.com", ["192.0.2.5"]), 1)
        time.sleep(0.1)
        for _ in range(20):  # whichever worker it is
            self.assertEqual(dnsclient.addresses(daemon.ask("a.example.com")), ["192.0.2.5"])

    def test_a_change_behind_a_link_shows_too(self):
        target = os.path.join(self.directory, scratch.unique_name("target"))
        with open(target, "w", encoding="utf-8") as file:
            file.write("192.0.2.1 a.example.com\n")
        os.symlink(target, self.path)
        daemon = self.daemon()
        with open(target, "w", encoding="utf-8") as file:
            file.write("192.0.2.9 a.example.com\n")
        self.assertLess(self.becomes(daemon, "a.example.com", ["192.0.2.9"]), 1)

    def test_other_files_of_the_folder_are_nothing_to_us(self):
        self.write("192.0.2.1 a.example.com\n")
        daemon = self.daemon()
        read = len(daemon.log_lines("names"))
        for number in range(200):
            with open(os.path.join(self.folder, f"other{number % 3}"), "w", encoding="utf-8") as file:
                file.write("192.0.2.99 a.example.com\n")
        time.sleep(0.2)
        self.assertEqual(len(daemon.log_lines("names")), read, daemon.log())

    def test_a_hundred_thousand_lines_are_followed_while_queries_go_on(self):
        self.write("192.0.2.1 a.example.com\n")
        daemon = self.daemon()
        self.write("".join(f"0.0.0.0 ads{number}.tracker.example.net\n" for number in range(100_000)) + "192.0.2.2 a.example.com\n")
        slowest, begun = 0.0, time.monotonic()
        while dnsclient.addresses(daemon.ask("a.example.com")) != ["192.0.2.2"]:
            self.assertLess(time.monotonic() - begun, 5, daemon.log())
            asked = time.monotonic()
            daemon.ask("b.many.example.com")
            slowest = max(slowest, time.monotonic() - asked)
        self.assertLess(slowest, 0.3)
        self.assertEqual(dnsclient.addresses(daemon.ask("ads99999.tracker.example.net")), ["0.0.0.0"])

    def test_localhost_stays_localhost(self):
        self.write("192.0.2.1 localhost\n")
        daemon = self.daemon()
        self.assertEqual(dnsclient.addresses(daemon.ask("localhost")), ["127.0.0.1"])

    def test_without_a_file_nothing_is_different(self):
        daemon = self.daemon()
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        off = self.tacet(self.upstream.doh_url(), hosts={"file": ""})
        self.write("192.0.2.1 www.example.com\n")
        self.assertLess(self.becomes(daemon, "www.example.com", ["192.0.2.1"]), 1)
        self.assertEqual(dnsclient.addresses(off.ask("www.example.com")), [servers.ADDRESS])

    def test_query_knows_the_file_as_well(self):
        self.write("192.0.2.1 www.example.com\n")
        done = self.daemon().verb("query", "www.example.com")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("192.0.2.1", done.stdout)
        self.assertIn("nothing was sent", done.stdout)


if __name__ == "__main__":
    unittest.main()
