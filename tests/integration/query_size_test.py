"""What a query's size on the wire tells of its name: how many blocks of 128 octets it was padded to, and nothing else."""
import random
import string
import unittest

import dnsclient
from case import Case
from fake_upstream import ADDRESS
from recorder import Recorder

_APPLICATION_DATA = 23
_CONTROL = 40  # HTTP/2's own frames (SETTINGS, WINDOW_UPDATE, PING) are smaller; they tell of the connection, not of a query
_TABLE_SIZE = 3  # octets of an update (RFC 7541 section 6.3)
_SEAL = 17  # what TLS 1.3 adds to the octets in a record
_OVERHEAD = 31  # of a query beside its name: header, type, class, OPT, and the head of the padding


def _records(octets):
    """The types and lengths of the TLS records in a stream (RFC 8446 section 5.1)."""
    at, records = 0, []
    while at + 5 <= len(octets):
        size = int.from_bytes(octets[at + 3:at + 5], "big")
        records.append((octets[at], size))
        at += 5 + size
    return records


def _name(length, letters, seed):
    """A name of so many octets as text, of these letters, in labels of up to 30."""
    pick = random.Random(seed)
    text = [pick.choice(letters) for _ in range(length)]
    for dot in range(length - 5, 0, -31):
        text[dot] = "."
    return "".join(text)


def _names():
    """200 of 10 to 90 octets: letters that HPACK writes in 5 bits, in 7, and those of names as they are."""
    alphabets = ("aeiost", "jkqvwxyz", string.ascii_lowercase, string.ascii_lowercase + string.digits, string.digits, string.ascii_uppercase)
    return [_name(10 + (80 * number) // 199, alphabets[number % len(alphabets)], number) for number in range(200)]


def _blocks(name):
    return -(-(_OVERHEAD + len(name) + 2) // 128)


class QuerySizes(Case):
    def sizes(self, scheme, names):
        """The lengths of the records of each query, by connection; the names are of one number of blocks. A busy machine sees copies."""
        fake = self.fake()
        port, path = (fake.dot_port, "") if scheme == "tls" else (fake.doh_port, "/dns-query")
        with Recorder((fake.address, port)) as proxy:
            daemon = self.tacet(self.entry(f"{scheme}://127.0.0.1:{proxy.port}{path}"), workers=1)
            for name in names:
                self.assertEqual(dnsclient.addresses(daemon.ask(name)), [ADDRESS], daemon.log())
                self.assertEqual(len(fake.received[-1].wire), 128 * _blocks(name))
            daemon.stop()
            streams = [_records(sent) for sent in proxy.streams]
        connections = []
        for stream in streams:
            sent = [size for kind, size in stream if kind == _APPLICATION_DATA and size > _CONTROL]
            connections.append(list(self.dot_queries(sent, names[0]) if scheme == "tls" else self.doh_queries(sent, names[0])))
        self.assertGreaterEqual(sum(map(len, connections)), len(names))
        return [connection for connection in connections if connection]

    def dot_queries(self, sent, name):
        """Behind the handshake's last record. Queries of one moment share a record, one behind the other."""
        framed = 2 + 128 * _blocks(name)
        for size in sent[1:]:
            yield from [framed] * ((size - _SEAL) // framed) if (size - _SEAL) % framed == 0 else [size]

    def doh_queries(self, sent, name):
        """Behind the handshake's last record: the records of each query. curl 7 gives its fields and its body one each, curl 8 one to both."""
        query = []
        for size in sent[1:]:
            query.append(size)
            if size > 128 * _blocks(name):  # the body is in it
                yield tuple(query)
                query = []

    def check(self, names):
        self.assertEqual(len({_blocks(name) for name in names}), 1)
        with self.subTest(scheme="tls"):
            self.assertEqual(len({query for connection in self.sizes("tls", names) for query in connection}), 1)
        with self.subTest(scheme="https"):
            connections = self.sizes("https", names)
            self.assertEqual(len({connection[0] for connection in connections}), 1, connections)  # before HPACK has seen the fields
            self.check_later([connection[1:] for connection in connections])

    def check_later(self, connections):
        """All have one size but one query of each connection: once the server's settings have come, HPACK tells the size of its table."""
        usual = min(query for connection in connections for query in connection)
        for connection in connections:
            others = [query for query in connection if query != usual]
            self.assertIn(others, [[], [(usual[0] + _TABLE_SIZE, *usual[1:])]])

    def test_two_hundred_names_of_10_to_90_octets_have_one_size(self):
        names = _names()
        self.assertEqual((min(map(len, names)), max(map(len, names)), len(set(names))), (10, 90, 200))
        self.check(names)

    def test_names_that_take_two_blocks_have_one_size_of_their_own(self):
        self.check([_name(length, letters, length) for length in range(100, 220, 12) for letters in ("aeiost", "jkqvwxyz", string.digits)])

    def test_the_first_query_of_a_connection_has_one_size(self):
        for scheme in ("tls", "https"):
            firsts = []
            for length, letters in ((10, "aeiost"), (10, "jkqvwxyz"), (57, string.digits), (90, "aeiost"), (90, "jkqvwxyz")):
                firsts += [connection[0] for connection in self.sizes(scheme, [_name(length, letters, length)])]
            self.assertEqual(len(set(firsts)), 1, f"{scheme}: {firsts}")


if __name__ == "__main__":
    unittest.main()
