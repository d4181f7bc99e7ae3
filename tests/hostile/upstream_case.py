"""Rows of a hostile upstream: it answers for one zone, a healthy one for everything else, and a client keeps asking both."""
import dns.flags
import dns.message
import dnsclient
import scratch
from fake_upstream import ADDRESS, Behaviour, FakeUpstream
from hostile_case import LIMIT, HostileCase, Measured, be_modest
from query_stream import QueryStream

ZONE = "evil.example"
QUERIES = 30  # of the zone, in each row
RATE = 40  # a second


class Victim(QueryStream):
    """Asks for names of the hostile zone and keeps the answers' octets."""

    def __init__(self, server):
        super().__init__(server, RATE, name=lambda number: f"n{number}.{ZONE}")
        self.answers = {}

    def receive(self):
        super().receive()
        asked = self.asked[self.latest(self.last)]
        self.answers[asked.name] = self.last


class UpstreamCase(HostileCase):
    def attacked(self, attack, transport, wants, **options):
        """Every query of the zone is answered by the coroutine function `attack(reply)`: (cost, faults)."""
        with ModestUpstream(self.pki.good(), lambda received: Behaviour("attack", value=attack), **options) as fake:
            return self.suffer(getattr(fake, f"{transport}_url")(), wants)

    def suffer(self, url, wants):
        """Queries of the zone, which the server at `url` answers, beside the neighbour's: (cost, faults). `wants` judges
        each answer."""
        with self.daemon(forward={ZONE: [self.entry(url)]}) as daemon:
            with Measured(daemon) as measured, Victim(daemon.server) as victim:
                scratch.eventually(lambda: len(victim.asked) >= QUERIES, 10)
                victim.stop()
            return measured.cost, self.judge(daemon, victim, wants)

    def judge(self, daemon, victim, wants):
        """What is wrong with the answers."""
        faults = []
        if unanswered := [asked.name for asked in victim.asked if asked.took > LIMIT]:
            faults.append(f"{len(unanswered)} of {len(victim.asked)} not answered within {LIMIT} s")
        wrong = {why for name, wire in victim.answers.items() if (why := self.wrong(name, wire, wants))}
        faults += sorted(wrong)
        kept = dnsclient.addresses(daemon.ask("www.example.com"))
        return faults + ([] if kept == ["192.0.2.80"] else [f"www.example.com is {kept} now"])

    @staticmethod
    def wrong(name, wire, wants):
        """What is wrong with one answer, if anything."""
        answer = dns.message.from_wire(wire, ignore_trailing=False, one_rr_per_rrset=True)
        if answer.question[0].name.to_text() != f"{name}.":
            return "an answer to another question"
        return wants(answer)


class ModestUpstream(FakeUpstream):
    async def open(self):
        be_modest()
        await super().open()


def refused(answer):
    """A `wants`: SERVFAIL that says why."""
    if answer.rcode() != 2 or answer.answer:
        return f"{answer.rcode()} with {len(answer.answer)} records instead of SERVFAIL"
    return None if dnsclient.ede(answer) else "SERVFAIL without a reason"


def right(answer):
    """A `wants`: the zone's address and nothing else."""
    return None if answer.rcode() == 0 and dnsclient.addresses(answer) == [ADDRESS] else f"not the right answer: {answer.rcode()} {dnsclient.addresses(answer)}"


def truncated(answer):
    """A `wants`: too large for UDP, of which as many records came as fit."""
    return None if answer.rcode() == 0 and answer.flags & dns.flags.TC else "not truncated"
