"""One address family is missing or black-holed when the daemon starts."""
import unittest

from fault_case import RTT, WAYS, FaultCase


def without(family):
    """The side has no address and no route of that family."""
    def apply(lab):
        lab.run("a", ["ip", family, "addr", "flush", "dev", "tuna", "scope", "global"], check=True)
        lab.run("a", ["ip", family, "route", "flush", "default"], check=True)

    return apply


CASES = {
    "IPv4 only": without("-6"),
    "IPv6 only": without("-4"),
    "IPv4 black-holed": lambda lab: lab.set(v4=False),
    "IPv6 black-holed": lambda lab: lab.set(v6=False),
}


class Families(FaultCase):
    def check(self, word, spoil):
        lab = self.lab()
        self.server(lab)
        spoil(lab)
        for number, way in enumerate(WAYS, 1):
            daemon = self.daemon(lab, way, number=number)
            client = self.client(lab, daemon)
            asked = [client.ask() for _ in range(4)]
            self.none(f"{word} at start, {way}: queries that fail", [each for each in asked if each.failed])
            self.at_most(f"{word} at start, {way}: first answer", asked[0].took, 1 + RTT)
            self.at_most(f"{word} at start, {way}: slowest of the next three", max(each.took for each in asked[1:]), 0.25)


def _each(word, spoil):
    setattr(Families, f"test_{word.lower().replace(' ', '_').replace('-', '_')}", lambda self: self.check(word, spoil))


for _word, _spoil in CASES.items():
    _each(_word, _spoil)

if __name__ == "__main__":
    unittest.main()
