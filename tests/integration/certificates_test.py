"""A server that cannot prove who it is gets no query, the log says why, and the client is told."""
import os
import shutil
import unittest

import dns.rcode
import dnsclient
import pki
import scratch
from case import Case
from fake_upstream import ADDRESS

_REASONS = {
    "expired": r"(?i)expired",
    "not_yet_valid": r"(?i)not yet valid",
    "self_signed": r"(?i)self.signed",
    "wrong_name": r"(?i)host ?name|name mismatch|address mismatch|not (valid )?for|does not match|no alternative",
}


class Certificates(Case):
    def check(self, kind, transport, by_name):
        fake = self.fake(certificate=getattr(self.pki, kind)())
        url = getattr(fake, f"{transport}_url")
        entry = self.entry(url("dns.test"), "127.0.0.1") if by_name else self.entry(url())
        daemon = self.tacet(entry)
        response = daemon.ask("www.example.com")
        self.assertEqual(response.rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(response.answer, [])
        code, text = dnsclient.ede(response)
        self.assertEqual(code, 23, text)  # Network Error: somebody stands between us and the upstream
        self.assertIn("certificate", text.lower())
        line = daemon.await_log(_REASONS[kind])
        self.assertIn(" warning ", line)
        self.assertIn("certificate", line.lower())
        self.assertIn(entry["url"], line)
        self.assertEqual(fake.received, [], "a query went to a server that was not trusted")
        self.assertEqual(daemon.ask("www.example.com", edns=False).rcode(), dns.rcode.SERVFAIL)

    def test_a_refused_upstream_leaves_the_work_to_a_trusted_one(self):
        bad, good = self.fake(certificate=self.pki.expired()), self.fake()
        daemon = self.tacet(bad.doh_url(), bad.dot_url(), good.dot_url())
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [ADDRESS], daemon.log())
        self.assertEqual(bad.received, [])

    def test_an_authority_that_is_not_ours_is_not_trusted(self):
        fake = self.fake()
        daemon = self.tacet({"url": fake.doh_url()}, {"url": fake.dot_url()})  # no ca_file: the system's authorities
        self.assertEqual(daemon.ask("www.example.com").rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(fake.received, [])

    def test_a_bundle_behind_a_link_that_is_exchanged_counts_at_once(self):
        folder = os.path.join(self.directory, scratch.unique_name("mounted"))
        os.mkdir(folder)

        def swap(number, authority):
            os.mkdir(os.path.join(folder, f"..v{number}"))
            shutil.copy(authority, os.path.join(folder, f"..v{number}", "ca.pem"))
            os.symlink(f"..v{number}", os.path.join(folder, "..tmp"))
            os.rename(os.path.join(folder, "..tmp"), os.path.join(folder, "..data"))

        other_folder = os.path.join(self.directory, scratch.unique_name("other"))
        os.mkdir(other_folder)
        swap(1, pki.Pki(other_folder).ca)
        os.symlink("..data/ca.pem", os.path.join(folder, "ca.pem"))
        fake = self.fake()
        daemon = self.tacet({"url": fake.dot_url(), "ca_file": os.path.join(folder, "ca.pem")})
        self.assertEqual(daemon.ask("www.example.com").rcode(), dns.rcode.SERVFAIL)
        swap(2, self.pki.ca)
        daemon.await_log(r"ca\.pem has changed and was read again")  # sooner than the minute after which it is looked at
        scratch.eventually(lambda: dnsclient.addresses(daemon.ask("www.example.com")) == [ADDRESS], within=30, what=daemon.log)

    def test_a_complaint_is_not_repeated_for_every_query(self):
        fake = self.fake(certificate=self.pki.expired())
        daemon = self.tacet(fake.doh_url())
        for number in range(20):
            daemon.ask(f"n{number}.example.com")
        self.assertLessEqual(len(daemon.log_lines(r"(?i)expired")), 3, daemon.log())


def _add(kind, transport, by_name):
    def test(self):
        self.check(kind, transport, by_name)
    setattr(Certificates, f"test_{kind}_over_{transport}_by_{'name' if by_name else 'address'}_is_refused", test)


for _kind in _REASONS:
    for _transport in ("doh", "dot"):
        for _by_name in (True, False):
            _add(_kind, _transport, _by_name)


if __name__ == "__main__":
    unittest.main()
