"""What the tests of proxies share: tacet, the proxies and an unbound, each in its own place of one network."""
import unittest

import netlab
import servers
import tacet
from case import Case
from proxies import ProxyLab


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class ProxyCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab = cls.enterClassContext(ProxyLab())
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good(), addresses=(ProxyLab.SERVER,),
                                                             command=cls.lab.server.command()))

    def short_lived(self, proxy, *urls):
        """A daemon for a with-block: it leaves its port to the next."""
        return tacet.Tacet(self.directory, upstreams=[self.entry(url) for url in urls], command=self.lab.client.command(), proxy=proxy)

    def ask(self, daemon, name):
        return self.lab.client.call(lambda: daemon.ask(name))
