"""What the tests of encrypted clients share."""
import base64
import socket
import ssl

import pki
import scratch
from case import UnboundCase
from tacet import Tacet


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def client_context(authority, *protocols):
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(list(protocols))
    return context


class EncryptedCase(UnboundCase):
    """With a way to start a tacet that listens encrypted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        good = cls.pki.good()
        cls.ports = {kind: scratch.free_port(["127.0.0.1"]) for kind in ("tls", "https")}
        listeners = {kind: {"listen": [f"127.0.0.1:{port}"], "certificate": good.chain, "key": good.key} for kind, port in cls.ports.items()}
        cls.daemon = cls.enterClassContext(Tacet(cls.directory, upstreams=[{"url": cls.upstream.doh_url(), "ca_file": cls.pki.ca}], **listeners))

    def served(self, *kinds):
        """The class's tacet, and the port of each of these listeners."""
        return self.daemon, *(self.ports[kind] for kind in kinds)

    def tls_client(self, port, *protocols):
        """A connected TLS socket to a local port."""
        plain = socket.create_connection(("127.0.0.1", port), 15)
        return self.enterContext(client_context(self.pki.ca, *protocols).wrap_socket(plain, server_hostname=pki.NAME))
