"""A server that answers wrongly or breaks off, beside a good one of the same operator."""
import unittest

import dnsclient
from fake_upstream import ADDRESS, Behaviour
from fault_case import FaultCase, total

NAMES = 5
# What the bad one does, over which transports, and the counters of which one has to tell of it.
ACTIONS = {
    "goaway": ("doh",), "reset": ("doh",), "mid_answer": ("doh", "dot"), "close": ("doh", "dot"), "truncated": ("doh", "dot"),
    "wrong_id": ("dot",), "wrong_question": ("doh", "dot"), "garbage": ("doh", "dot"),
}
# Over DoH the ID has no meaning (RFC 8484 §4.1), and DoT has neither GOAWAY nor RST_STREAM.


class BadPeers(FaultCase):
    def check(self, action, transport):
        bad, good = self.fake(lambda _: Behaviour(action)), self.fake()
        daemon = self.tacet(*(self.entry(getattr(fake, f"{transport}_url")(), operator="one") for fake in (bad, good)))
        responses = [daemon.ask(f"{action}{number}.example.com") for number in range(NAMES)]
        right = sum(dnsclient.addresses(response) == [ADDRESS] for response in responses)
        questions = sum(response.question[0].name.to_text() == f"{action}{number}.example.com." for number, response in enumerate(responses))
        word = f"{action.replace('_', ' ')} over {transport.replace('d', 'D').replace('t', 'T').replace('h', 'H')}"
        self.at_least(f"{word}: right answers, from elsewhere, of {NAMES}", right, NAMES, digits=0)
        self.at_least(f"{word}: answers to the question that was asked", questions, NAMES, digits=0)
        self.at_least(f"{word}: the bad server was asked", len(bad.received), 1, "times", 0)
        events = daemon.status()["events"]
        counted = events["bad_answers"] + events["retries"] + total(daemon, "failures") + total(daemon, "reissued")
        self.at_least(f"{word}: counted", counted, 1, digits=0)


def _each(action, transport):
    setattr(BadPeers, f"test_{action}_over_{transport}", lambda self: self.check(action, transport))


for _action, _transports in ACTIONS.items():
    for _transport in _transports:
        _each(_action, _transport)

if __name__ == "__main__":
    unittest.main()
