"""The hosts file: answered before everybody else, followed at once when it changes, however large it is."""
import os
import shutil
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
        scratch.replace_file(self.path, text)

    def daemon(self, **settings):
        return self.tacet(self.upstream.doh_url(), hosts={"file": self.path}, **settings)

    def becomes(self, daemon, name, expected, kind="A"):
        """Waits until the answer is the expected one: less than the minute after which the file is looked at in any case."""
        scratch.eventually(lambda: dnsclient.addresses(daemon.ask(name, kind)) == expected, within=30,
                           what=lambda: f"{name} as {expected}\n{daemon.log()}")

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
        self.becomes(daemon, "a.example.com", ["192.0.2.2"])
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("192.0.2.3 b.example.com\n")
        self.becomes(daemon, "b.example.com", ["192.0.2.3"])
        with open(self.path, "w", encoding="utf-8") as file:  # in place
            file.write("192.0.2.4 a.example.com\n")
        self.becomes(daemon, "a.example.com", ["192.0.2.4"])
        os.unlink(self.path)
        self.becomes(daemon, "a.example.com", [])
        self.write("192.0.2.5 a.example.com\n")
        self.becomes(daemon, "a.example.com", ["192.0.2.5"])
        scratch.eventually(  # whichever worker it is
            lambda: all(dnsclient.addresses(daemon.ask("a.example.com")) == ["192.0.2.5"] for _ in range(20)), within=30)

    def test_a_change_behind_a_link_shows_too(self):
        target = os.path.join(self.directory, scratch.unique_name("target"))
        with open(target, "w", encoding="utf-8") as file:
            file.write("192.0.2.1 a.example.com\n")
        os.symlink(target, self.path)
        daemon = self.daemon()
        with open(target, "w", encoding="utf-8") as file:
            file.write("192.0.2.9 a.example.com\n")
        self.becomes(daemon, "a.example.com", ["192.0.2.9"])

    def swap(self, number, address):
        """As a mounted ConfigMap does it: all files of a version in a directory of its own, and one link that is exchanged."""
        os.mkdir(os.path.join(self.folder, f"..v{number}"))
        with open(os.path.join(self.folder, f"..v{number}", "hosts"), "w", encoding="utf-8") as file:
            file.write(f"{address} a.example.com\n")
        os.symlink(f"..v{number}", os.path.join(self.folder, "..tmp"))
        os.rename(os.path.join(self.folder, "..tmp"), os.path.join(self.folder, "..data"))

    def test_a_link_on_the_way_that_is_exchanged_shows_at_once(self):
        self.swap(1, "192.0.2.1")
        os.symlink("..data/hosts", self.path)
        daemon = self.daemon()
        self.assertEqual(dnsclient.addresses(daemon.ask("a.example.com")), ["192.0.2.1"])
        for number in (2, 3, 4):
            self.swap(number, f"192.0.2.{number}")
            self.becomes(daemon, "a.example.com", [f"192.0.2.{number}"])
            shutil.rmtree(os.path.join(self.folder, f"..v{number - 1}"))

    def test_a_directory_that_comes_later_or_is_exchanged_shows_at_once(self):
        self.path = os.path.join(self.folder, "outer", "inner", "hosts")
        daemon = self.daemon()
        os.makedirs(os.path.dirname(self.path))
        self.write("192.0.2.1 a.example.com\n")
        self.becomes(daemon, "a.example.com", ["192.0.2.1"])
        outer, former = os.path.join(self.folder, "outer"), os.path.join(self.folder, "former")
        os.rename(outer, former)
        self.becomes(daemon, "a.example.com", [])
        with open(os.path.join(former, "inner", "hosts"), "w", encoding="utf-8") as file:
            file.write("192.0.2.2 a.example.com\n")
        os.rename(former, outer)
        self.becomes(daemon, "a.example.com", ["192.0.2.2"])

    def test_where_the_system_allows_no_more_watches_the_log_says_that_it_takes_a_minute(self):
        for limit in ("max_inotify_instances", "max_inotify_watches"):
            port = scratch.free_port(["127.0.0.1"])
            limited = ["unshare", "--user", "--map-root-user", "sh", "-c", f'echo 1 >/proc/sys/user/{limit} && exec "$@"', "sh"]
            if limit == "max_inotify_instances":
                limited[5] = limited[5].replace("echo 1", "echo 0")
            self.write("192.0.2.1 a.example.com\n")
            daemon = self.daemon(command=limited, listen=[f"127.0.0.1:{port}"], user="root")
            daemon.port = port
            self.assertRegex(daemon.await_log(f"changes of {self.path} will be noticed within a minute, not at once"), "inotify|/")
            self.assertEqual(dnsclient.addresses(daemon.ask("a.example.com")), ["192.0.2.1"])

    def test_other_files_of_the_folder_are_nothing_to_us(self):
        self.write("192.0.2.1 a.example.com\n")
        daemon = self.daemon()
        read = len(daemon.log_lines("names$"))
        for number in range(200):
            with open(os.path.join(self.folder, f"other{number % 3}"), "w", encoding="utf-8") as file:
                file.write("192.0.2.99 a.example.com\n")
        self.write("192.0.2.2 a.example.com\n")
        self.becomes(daemon, "a.example.com", ["192.0.2.2"])
        self.assertEqual(len(daemon.log_lines("names$")), read + 1, daemon.log())

    def test_a_hundred_thousand_lines_are_followed_while_queries_go_on(self):
        self.write("192.0.2.1 a.example.com\n")
        daemon = self.daemon()
        self.write("".join(f"0.0.0.0 ads{number}.tracker.example.net\n" for number in range(100_000)) + "192.0.2.2 a.example.com\n")
        while dnsclient.addresses(daemon.ask("a.example.com")) != ["192.0.2.2"]:
            self.assertEqual(dnsclient.addresses(daemon.ask("b.many.example.com", timeout=30)), ["192.0.2.7"])
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
        self.becomes(daemon, "www.example.com", ["192.0.2.1"])
        self.assertEqual(dnsclient.addresses(off.ask("www.example.com")), [servers.ADDRESS])

    def test_query_knows_the_file_as_well(self):
        self.write("192.0.2.1 www.example.com\n")
        done = self.daemon().verb("query", "www.example.com")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("192.0.2.1", done.stdout)
        self.assertIn("nothing was sent", done.stdout)


if __name__ == "__main__":
    unittest.main()
