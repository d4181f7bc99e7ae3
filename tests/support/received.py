"""What a fake upstream remembers of its clients."""
import dataclasses
import time

import dns.message
import dns.rdatatype


@dataclasses.dataclass
class Connection:
    """One TLS connection whose handshake succeeded."""

    transport: str  # "DoT" or "DoH"
    sni: str | None
    resumed: bool
    tls_version: str
    since: float = dataclasses.field(default_factory=time.monotonic)
    is_open: bool = True
    queries: int = 0


@dataclasses.dataclass
class Received:
    """One query as it came."""

    connection: Connection
    wire: bytes
    message: dns.message.Message
    http: dict  # request headers and pseudo-headers; empty over DoT
    at: float = dataclasses.field(default_factory=time.monotonic)

    @property
    def name(self):
        return self.message.question[0].name.to_text().lower()

    @property
    def kind(self):
        return dns.rdatatype.to_text(self.message.question[0].rdtype)
