"""A tunnel in the way takes smaller packets than the ends believe, and tells nobody: what is larger is lost."""
import time
import unittest

from fault_case import SERVER, SERVER_6, FaultCase

LEAST_MTU = 1280  # of a link with IPv6 (RFC 8200 §5)


class SmallPackets(FaultCase):
    def test_a_large_certificate(self):
        lab = self.lab()
        lab.set(mtu=LEAST_MTU)
        many_names = [f"DNS:other-{number}.example.com" for number in range(100)]  # the certificate fills several packets
        self.server(lab, certificate=self.pki.named(f"IP:{SERVER}", f"IP:{SERVER_6}", *many_names))
        for way, daemon in self.daemons(lab).items():
            stream = self.stream(lab, daemon, 5)
            time.sleep(3)
            stream.stop()
            self.none(f"packets of {LEAST_MTU} octets at most, {way}: queries that fail, of {len(stream.asked)}", stream.failures())


if __name__ == "__main__":
    unittest.main()
