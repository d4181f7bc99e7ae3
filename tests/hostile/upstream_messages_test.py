"""An upstream whose messages lie, stall, flood or are built to cost: over DoT, and over DoH where it makes a difference."""
import asyncio
import os
import unittest

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
from fake_upstream import right_answer
from hostile_case import Bar
from upstream_case import UpstreamCase, refused, right, truncated

# libcurl has five descriptors for a connection where DoT has one.
DOH_BAR = Bar(descriptors=24)
FORGED = "203.0.113.66"


async def another_id(reply):
    answer = reply.right()
    answer.id ^= 0x5555
    await reply.send(answer.to_wire())


async def another_question(reply):
    other = dns.message.make_query("www.example.com.", "A", use_edns=True)
    other.id = reply.query.id
    answer = right_answer(other)
    answer.answer = [dns.rrset.from_text("www.example.com.", 300, "IN", "A", FORGED)]
    await reply.send(answer.to_wire())


async def another_type(reply):
    other = dns.message.make_query(reply.query.question[0].name, "TXT", use_edns=True)
    other.id = reply.query.id
    await reply.send(right_answer(other).to_wire())


async def records_of_others(reply):
    """Right, and with addresses and servers for names that nobody asked it for."""
    answer = reply.right()
    for section in (answer.answer, answer.authority, answer.additional):
        section.append(dns.rrset.from_text("www.example.com.", 300, "IN", "A", FORGED))
        section.append(dns.rrset.from_text("example.com.", 300, "IN", "NS", "ns.evil.example."))
    await reply.send(answer.to_wire())


def without_records_of_others(answer):
    """What others' names say is for a client to ignore, for it asked of none; what it asked for must be there."""
    return None if any(rrset.name == answer.question[0].name for rrset in answer.answer) else "the right record is missing"


def two_aliases(answer):
    """What the server said, octet for octet: an alias is a client's to follow."""
    kinds = [rrset.rdtype for rrset in answer.answer]
    return None if answer.rcode() == 0 and kinds == [dns.rdatatype.CNAME] * 2 else f"{answer.rcode()} {kinds}"


async def unsolicited(reply):
    """Five thousand answers to nothing before the right one."""
    wire = reply.right().to_wire()
    size = len(wire).to_bytes(2, "big")
    await reply.raw(b"".join(size + (reply.query.id ^ (number + 1)).to_bytes(2, "big") + wire[2:] for number in range(5000)))
    await reply.send(wire)


async def endless_unsolicited(reply):
    """Answers to nothing, as fast as they are taken."""
    answer = reply.right()
    answer.id = reply.query.id ^ 1
    wire = answer.to_wire()
    frames = (len(wire).to_bytes(2, "big") + wire) * 500
    while True:
        await reply.raw(frames)


async def thousandfold(reply):
    """The right answer a thousand times."""
    wire = reply.right().to_wire()
    await reply.raw((len(wire).to_bytes(2, "big") + wire) * 1000)


async def empty_frames(reply):
    """Frames of length 0, as fast as they are taken."""
    while True:
        await reply.raw(bytes(65536))


async def silence(_):
    await asyncio.sleep(60)


async def half_a_frame(reply):
    """A length of 65535, some octets, and nothing more."""
    await reply.raw(b"\xff\xff" + bytes(100))
    await asyncio.sleep(60)


async def an_octet_a_second(reply):
    wire = reply.right().to_wire()
    for octet in len(wire).to_bytes(2, "big") + wire:
        await reply.raw(bytes([octet]))
        await asyncio.sleep(1)


def _large(reply, records):
    """An answer of as many of these records (behind owner, type and class) as 65535 octets hold."""
    head = reply.query.id.to_bytes(2, "big") + b"\x81\x80\0\1"
    question = reply.query.question[0].name.to_wire() + b"\0\1\0\1"
    size, body = 12 + len(question), []
    for record in records:
        if size + len(record) > 65535:
            break
        body.append(record)
        size += len(record)
    return head + len(body).to_bytes(2, "big") + bytes(4) + question + b"".join(body)


def _record(owner, kind, rdata, ttl=300):
    return owner + kind.to_bytes(2, "big") + b"\0\1" + ttl.to_bytes(4, "big") + len(rdata).to_bytes(2, "big") + rdata


async def sixty_four_kib(reply):
    await reply.send(_large(reply, (_record(b"\xc0\x0c", 1, number.to_bytes(4, "big")) for number in range(1, 10000))))


async def deep_aliases(reply):
    """An alias of an alias of an alias, as deep as a message goes."""
    def chain():
        owner = b"\xc0\x0c"
        for number in range(4000):
            target = b"\x04%04x\x04evil\x07example\0" % number
            yield _record(owner, 5, target)
            owner = target
    await reply.send(_large(reply, chain()))


async def alias_loop(reply):
    other = b"\x04loop\x04evil\x07example\0"
    await reply.send(_large(reply, [_record(b"\xc0\x0c", 5, other), _record(other, 5, b"\xc0\x0c")]))


def _bomb(reply, kind, before, ttls):
    """Records whose names are pointers to one name of 127 labels, so that each costs as much as a name can."""
    at = 12 + len(reply.query.question[0].name.to_wire()) + 4
    long_name = b"\x01a" * 127 + b"\0"
    first = _record(b"\xc0\x0c", kind, before + long_name, next(ttls))
    target = (0xC000 | (at + 12 + len(before))).to_bytes(2, "big")
    def records():
        yield first
        while True:
            yield _record(target, kind, before + target, next(ttls))
    return _large(reply, records())


async def pointer_bomb(reply):
    def ttls():
        while True:
            yield 300
    await reply.send(_bomb(reply, 15, b"\0\1", ttls()))


async def pointer_bomb_of_uneven_ttls(reply):
    def ttls():
        number = 0
        while True:
            number += 1
            yield 300 + number
    await reply.send(_bomb(reply, 2, b"", ttls()))


async def pointer_loop(reply):
    at = 12 + len(reply.query.question[0].name.to_wire()) + 4
    await reply.send(_large(reply, [_record((0xC000 | at).to_bytes(2, "big"), 1, b"\x01\x02\x03\x04")]))


async def pointer_ladder(reply):
    """Pointers to pointers to pointers."""
    at = 12 + len(reply.query.question[0].name.to_wire()) + 4 + 12
    ladder = b"\x01a\0" + b"".join((0xC000 | (at if step == 0 else at + 3 + 2 * (step - 1))).to_bytes(2, "big") for step in range(4000))
    top = (0xC000 | (at + 3 + 2 * 3999)).to_bytes(2, "big")
    await reply.send(_large(reply, [_record(b"\xc0\x0c", 65280, ladder), _record(top, 1, b"\x01\x02\x03\x04")]))


async def noise(reply):
    await reply.send(reply.query.id.to_bytes(2, "big") + os.urandom(500))


class Messages(UpstreamCase):
    def check(self, words, attack, wants, answered, bar=Bar(), *, transports=("dot", "doh"), rare=False):
        for transport in transports:
            with self.subTest(transport):
                word = {"dot": "DoT", "doh": "DoH"}[transport]
                self.row(f"{word} server: {words}", answered, bar if transport == "dot" else DOH_BAR, lambda: self.attacked(attack, transport, wants), rare=rare)

    def test_lies(self):
        self.check("another ID", another_id, refused, "SERVFAIL", transports=("dot",))
        self.check("another question, with a forged answer to it", another_question, refused, "SERVFAIL")
        self.check("another type", another_type, refused, "SERVFAIL", transports=("dot",), rare=True)
        self.check("records of other names beside the right one", records_of_others, without_records_of_others, "the answer; other names are not touched")
        self.check("noise behind the right ID", noise, refused, "SERVFAIL")

    def test_stalls(self):
        self.check("never answers", silence, refused, "SERVFAIL")
        self.check("begins an answer and stops", half_a_frame, refused, "SERVFAIL", transports=("dot",), rare=True)
        self.check("one octet a second", an_octet_a_second, refused, "SERVFAIL", transports=("dot",), rare=True)

    def test_floods(self):
        self.check("5000 unsolicited answers before each", unsolicited, refused, "SERVFAIL", transports=("dot",))
        self.check("endless unsolicited answers", endless_unsolicited, refused, "SERVFAIL", transports=("dot",), rare=True)
        self.check("each answer a thousand times", thousandfold, right, "right", transports=("dot",), rare=True)
        self.check("endless empty frames", empty_frames, refused, "SERVFAIL", transports=("dot",))

    def test_large(self):
        self.check("answers of 64 KiB", sixty_four_kib, truncated, "TC over UDP")
        self.check("4000 aliases one behind another", deep_aliases, truncated, "TC over UDP", transports=("dot",))
        self.check("an alias of itself", alias_loop, two_aliases, "as it came", transports=("dot",), rare=True)

    def test_bombs(self):
        self.check("4000 pointers to a name of 127 labels", pointer_bomb, truncated, "TC over UDP", transports=("dot",), rare=True)
        self.check("the same with uneven TTLs", pointer_bomb_of_uneven_ttls, truncated, "TC over UDP", transports=("dot",))
        self.check("a pointer to itself", pointer_loop, refused, "SERVFAIL", transports=("dot",), rare=True)
        self.check("a ladder of 4000 pointers", pointer_ladder, refused, "SERVFAIL", transports=("dot",))


if __name__ == "__main__":
    unittest.main()
