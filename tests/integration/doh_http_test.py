"""What HTTP says about a DoH answer beside the message."""
import unittest

import dns.rcode
import dnsclient
from case import Case
from fake_upstream import ADDRESS, TTL


class Age(Case):
    """An answer out of an HTTP cache has lived for its Age already (RFC 8484 section 5.1). The fake's TTL is 300, its SOA's MINIMUM 60."""

    def aged(self, *ages):
        fake = self.fake()
        fake.headers = [("cache-control", "max-age=86400"), *(("age", age) for age in ages)]
        return fake, self.tacet(fake.doh_url())

    def ttl(self, *ages):
        """Of a first answer and of the same asked again, and how often the server was asked."""
        fake, daemon = self.aged(*ages)
        answers = [daemon.ask("www.example.com") for _ in range(2)]
        for answer in answers:
            self.assertEqual(dnsclient.addresses(answer), [ADDRESS], daemon.log())
        return [answer.answer[0].ttl for answer in answers], fake.count("www.example.com.")

    def test_the_age_of_an_answer_is_taken_from_its_ttl_and_from_how_long_it_is_kept(self):
        ttls, asked = self.ttl("250")
        self.assertEqual(asked, 1)
        for ttl in ttls:
            self.assertLessEqual(ttl, TTL - 250)
            self.assertGreater(ttl, TTL - 250 - 10)

    def test_an_answer_older_than_its_ttl_is_told_with_ttl_0_and_not_kept(self):
        for age in ("300", "301", "4294967296", "99999999999999999999"):
            with self.subTest(age=age):
                self.assertEqual(self.ttl(age), ([0, 0], 2))

    def test_a_negative_answer_older_than_the_soas_minimum_is_not_kept(self):
        fake, daemon = self.aged("61")
        for _ in range(2):
            answer = daemon.ask("www.example.com", "TXT")
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
            self.assertEqual(answer.authority[0].ttl, 0)
        self.assertEqual(fake.count("www.example.com.", "TXT"), 2)

    def test_of_several_ages_the_first_counts_and_what_is_no_age_counts_nothing(self):
        for ages in (("250, 7",), ("250", "7")):
            self.assertLessEqual(self.ttl(*ages)[0][0], TTL - 250, ages)
        for ages in (("-250",), ("25O",), ("2.5e2",)):
            self.assertGreater(self.ttl(*ages)[0][0], TTL - 10, ages)


if __name__ == "__main__":
    unittest.main()
