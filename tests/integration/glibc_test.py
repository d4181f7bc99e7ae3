"""A program that resolves through glibc, with tacet as its machine's resolver."""
import unittest

import netlab
import servers
from case import Case


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Glibc(Case):
    def setUp(self):
        self.namespace = self.enterContext(netlab.Namespace(files={
            "resolv.conf": "nameserver 127.0.0.1\noptions edns0 trust-ad timeout:3 attempts:1\n", "nsswitch.conf": "hosts: dns\n", "hosts": ""}))
        upstream = self.unbound(command=self.namespace.command())
        self.daemon = self.tacet(upstream.doh_url(), command=self.namespace.command())

    def tearDown(self):
        self.daemon.stop()  # before the namespace ends it

    def getent(self, *words):
        return self.namespace.run(["getent", *words], capture_output=True, text=True, timeout=20)

    def test_getaddrinfo_finds_both_families(self):
        done = self.getent("ahosts", "www.example.com")
        self.assertEqual(done.returncode, 0, self.daemon.log())
        self.assertEqual({line.split()[0] for line in done.stdout.splitlines()}, {servers.ADDRESS, "2001:db8::80"})

    def test_getaddrinfo_follows_aliases(self):
        self.assertIn(servers.ADDRESS, self.getent("ahosts", "alias.example.com").stdout)

    def test_getaddrinfo_is_told_that_a_name_does_not_exist(self):
        self.assertEqual(self.getent("ahosts", "nothing.example.com").returncode, 2)

    def test_localhost_resolves(self):
        self.assertIn("127.0.0.1", self.getent("ahosts", "localhost").stdout)

    def test_gethostbyname_resolves(self):
        done = self.namespace.run(["python3", "-c", "import socket; print(socket.gethostbyname('www.example.com'))"], capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), servers.ADDRESS, done.stderr)


if __name__ == "__main__":
    unittest.main()
