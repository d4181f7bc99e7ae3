"""A link that is slow: by a geostationary satellite, or with a full queue in a modem that makes each round trip longer than a second."""
import time
import unittest

from fault_case import FaultCase, here, total

RATE = 1
LASTS = here(15, 60)


class SlowLink(FaultCase):
    """Each answer needs a round trip, and each new connection two or three more. Nothing fails that has the time."""

    def check(self, round_trip):
        lab = self.lab(delay=round_trip / 2)
        self.server(lab)
        daemons = self.daemons(lab)
        streams = {way: self.stream(lab, daemon, RATE) for way, daemon in daemons.items()}
        time.sleep(4 * round_trip)
        connected = time.time()
        time.sleep(LASTS)
        for way, stream in streams.items():
            stream.stop()
            word = f"round trip {round_trip} s, {way}"
            self.none(f"{word}: queries that fail once it is connected", stream.failures(since=connected))
            self.at_most(f"{word}: connections", total(daemons[way], "connections_made"), 2 * len(daemons[way].settings["upstreams"]), "", 0)

    def test_a_satellite(self):
        self.check(0.65)

    def test_more_than_a_second(self):
        self.check(1.3)


if __name__ == "__main__":
    unittest.main()
