"""Clients that see the raw octets: what dig hides, these show."""
import contextlib
import fcntl
import socket
import sys
import termios
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype


def query(name, kind="A", *, edns=True, payload=1232, dnssec=False, options=(), flags=None):
    """A dns.message query; with EDNS unless told."""
    made = dns.message.make_query(name, kind, use_edns=0 if edns else False, want_dnssec=dnssec, payload=payload, options=list(options))
    if flags is not None:
        made.flags = flags
    return made


def ede(response):
    """The Extended DNS Error of a response as (code, text), or None (RFC 8914)."""
    for option in response.options:
        if isinstance(option, dns.edns.EDEOption):
            return int(option.code), option.text or ""
    return None


def addresses(response):
    """The texts of all A and AAAA records of the answer section."""
    return [record.to_text() for rrset in response.answer for record in rrset if record.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)]


def exchange_udp(server, wire, timeout=5.0):
    """Sends octets, returns the octets of the first datagram that comes back; None if none does in time."""
    with _socket(server, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect(server)
        client.send(wire)
        try:
            return client.recv(65535)
        except TimeoutError:
            return None


def burst_udp(server, wires, timeout=5.0, pause_after=32):
    """Sends all from one socket and collects datagrams until each has one or time is up."""
    with _socket(server, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        client.connect(server)
        for number, wire in enumerate(wires):
            client.send(wire)
            if number % pause_after == pause_after - 1:
                time.sleep(0.002)  # a burst beyond the server's socket buffer would be the kernel's loss, not the server's
        return _collect(client, len(wires), time.monotonic() + timeout)


def _collect(client, wanted, deadline):
    answers = []
    while len(answers) < wanted and (left := deadline - time.monotonic()) > 0:
        client.settimeout(left)
        try:
            answers.append(client.recv(65535))
        except TimeoutError:
            break
    return answers


class TcpClient:
    """One TCP connection with two-octet framing; a context manager."""

    def __init__(self, server, timeout=5.0):
        self._socket = socket.create_connection(server, timeout)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, *wires):
        """All in one write."""
        self._socket.sendall(b"".join(len(wire).to_bytes(2, "big") + wire for wire in wires))

    def send_in_background(self, *wires):
        """As send(), but does not wait until the other side has taken them, or has ended the stream."""
        def send():
            with contextlib.suppress(OSError):
                self.send(*wires)
        threading.Thread(target=send, daemon=True).start()

    def send_raw(self, octets):
        self._socket.sendall(octets)

    def unsent(self):
        """How many octets the other side has not taken yet."""
        return int.from_bytes(fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4)), sys.byteorder)

    def half_close(self):
        self._socket.shutdown(socket.SHUT_WR)

    def receive(self):
        """The next message; None at the end of the stream."""
        head = self._exactly(2)
        return None if head is None else self._exactly(int.from_bytes(head, "big"))

    def at_end_of_message(self):
        """Whether no part of a further message has come."""
        return not self._buffer

    def receive_messages(self, count):
        return [dns.message.from_wire(self.receive()) for _ in range(count)]

    def is_closed_within(self, seconds):
        """Whether the other side ends the stream in time (and sends nothing before)."""
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True

    def _exactly(self, size):
        while len(self._buffer) < size:
            data = self._socket.recv(65536)
            if not data:
                return None
            self._buffer += data
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def raw_query(name_wire, kind=1, query_class=1, ident=0x1234, flags=0x0100, counts=(1, 0, 0, 0), behind=b""):
    """A query from parts that no library would put together."""
    head = ident.to_bytes(2, "big") + flags.to_bytes(2, "big") + b"".join(count.to_bytes(2, "big") for count in counts)
    question = name_wire + kind.to_bytes(2, "big") + query_class.to_bytes(2, "big") if counts[0] else b""
    return head + question * counts[0] + behind


def name_wire(text):
    """The wire form, case kept."""
    return dns.name.from_text(text).to_wire()


def opt(version=0, payload=1232, rdata=b""):
    """An OPT record (RFC 6891)."""
    return b"\0" + (41).to_bytes(2, "big") + payload.to_bytes(2, "big") + bytes([0, version, 0, 0]) + len(rdata).to_bytes(2, "big") + rdata


def header(wire):
    """(id, flags, RCODE's lower four bits, [counts]) of raw octets."""
    words = [int.from_bytes(wire[at : at + 2], "big") for at in range(0, 12, 2)]
    return words[0], words[1], words[1] & 15, words[2:]


def answer_rdata(wire, kind):
    """The RDATA octets, as they lie in the message, of all answer records of type `kind`; names are not decompressed."""
    kind, counts, at = int(dns.rdatatype.from_text(kind)), header(wire)[3], 12
    for _ in range(counts[0]):
        at = _behind_name(wire, at) + 4
    found = []
    for _ in range(counts[1]):
        at = _behind_name(wire, at)
        size = int.from_bytes(wire[at + 8 : at + 10], "big")
        if int.from_bytes(wire[at : at + 2], "big") == kind:
            found.append(wire[at + 10 : at + 10 + size])
        at += 10 + size
    return found


def _behind_name(wire, at):
    while wire[at]:
        if wire[at] >= 0xC0:
            return at + 2
        at += 1 + wire[at]
    return at + 1


def _socket(server, kind):
    return socket.socket(socket.AF_INET6 if ":" in server[0] else socket.AF_INET, kind)
