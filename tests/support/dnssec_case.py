"""A small signed world behind a real server, and the judgement of a reply."""
import dns.flags
import dns.rcode
import servers
from case import Case
from meddler import Meddler
from signed_world import SignedWorld
from signer import NSEC, NSEC3

DEFECTS = ("wrongwww", "forged", "norrsig", "norrsigs", "nokeys", "nodenial", "expiredwww", "earlywww", "expired", "dsother", "dsunknown", "iterations100")


class DnssecCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = SignedWorld(defects=DEFECTS, denials=(NSEC, NSEC3))
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good(), zones=cls.world.zone_texts(), resolving=True))

    def rules(self, mode="on", **more):
        return {"mode": mode, "trust_anchors": self.world.anchors(), **more}

    def daemon(self, *urls, mode="on", **settings):
        return self.tacet(*(urls or (self.upstream.dot_url(),)), **{"dnssec": self.rules(mode), **settings})

    def meddler(self, meddle=None, **options):
        return self.enterContext(Meddler(self.pki.good(), self.upstream, meddle, **options))

    def assert_verdict(self, daemon, name, kind, verdict, rcode="NOERROR"):
        """By the reply to a client that sets AD."""
        reply = daemon.ask(name, kind, flags=dns.flags.RD | dns.flags.AD)
        self.assertEqual((dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AD)),
                         ("SERVFAIL" if verdict == "bogus" else rcode, verdict == "secure"), f"{reply}\n{daemon.log()}")
        return reply
