"""An encrypted upstream that passes answers on from a real server and changes some of them on the way."""
import asyncio

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
from fake_upstream import Behaviour, FakeUpstream


class Meddler(FakeUpstream):
    """`meddle(received, answer)` may change the answer of `upstream` (a servers.Unbound), or return Behaviour for another one;
    `delay`: seconds before an answer leaves."""

    def __init__(self, certificate, upstream, meddle=None, *, delay=0.0, **options):
        super().__init__(certificate, self._behave, **options)
        self._upstream, self.meddle, self.delay = upstream, meddle, delay

    def _behave(self, received):
        return Behaviour("attack", value=lambda reply: self._pass_on(received, reply))

    async def _pass_on(self, received, reply):
        begun = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection(self._upstream.addresses[0], self._upstream.plain_port)
        writer.write(len(received.wire).to_bytes(2, "big") + received.wire)
        wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.close()
        answer = dns.message.from_wire(wire)
        changed = self.meddle(received, answer) if self.meddle else None
        wire = answer.to_wire() if self.meddle and changed is not False else wire
        await asyncio.sleep(self.delay - (asyncio.get_running_loop().time() - begun))
        await reply.send(wire)


def drop_signatures(answer):
    """As a cache that has lost them."""
    for section in (answer.answer, answer.authority):
        section[:] = [rrset for rrset in section if rrset.rdtype not in (dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3)]


def refuse_as_bogus(answer, code=6):
    """SERVFAIL, as a validator that could not prove the answer."""
    answer.answer, answer.authority, answer.additional = [], [], []
    answer.set_rcode(dns.rcode.SERVFAIL)
    answer.use_edns(0, options=[dns.edns.EDEOption(code, "so they say")])
