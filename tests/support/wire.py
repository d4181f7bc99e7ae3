"""What leaves a network namespace by one of its interfaces: an own ear at the device, which no program can avoid."""
import collections
import contextlib
import select
import socket
import struct
import threading
import time

import scratch

_ETH_P_ALL, _OUTGOING = 3, 4
_UDP, _TCP = 17, 6


class Wire(contextlib.AbstractContextManager):
    """Counts packets that leave by `device`, an Ethernet device in the namespace, as (protocol, address, port) of where they go."""

    def __init__(self, namespace, device):
        self._namespace, self._device = namespace, device
        self._sent = collections.Counter()
        self._emptied_at = 0.0  # when no packet was left to count

    def __enter__(self):
        self._stop, ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError(f"no ear at {self._device}")
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)

    @property
    def sent(self):
        """The counts of all packets that have left until now."""
        asked_at = time.monotonic()
        scratch.eventually(lambda: self._emptied_at > asked_at, what="a count of all packets", every=0.005)
        return self._sent

    def addresses(self):
        """Where TCP and UDP packets went."""
        return {address for _, address, _ in list(self.sent)}

    def to_port(self, port):
        return sum(count for (_, _, to), count in list(self.sent.items()) if to == port)

    def to_address(self, address):
        return sum(count for (_, to, _), count in list(self.sent.items()) if to == address)

    def _listen(self, ready):
        scratch.enter_namespace(self._namespace)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL)) as ear:
            ear.bind((self._device, 0))
            ear.setblocking(False)
            ready.set()
            while not self._stop.is_set():
                looked_at = time.monotonic()
                try:
                    frame, (*_, kind, _, _) = ear.recvfrom(65536)
                except OSError:  # none is there, or the device is gone
                    self._emptied_at = looked_at
                    select.select([ear], [], [], 0.02)
                    continue
                if kind == _OUTGOING and (packet := _destination(frame[14:], frame[12:14])):
                    self._sent[packet] += 1


def _destination(packet, ethertype):
    if ethertype == b"\x08\x00":
        protocol, address, at = packet[9], socket.inet_ntop(socket.AF_INET, packet[16:20]), (packet[0] & 15) * 4
    elif ethertype == b"\x86\xdd":
        protocol, address, at = packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40]), 40
    else:
        return None
    if protocol not in (_UDP, _TCP):
        return None
    return "udp" if protocol == _UDP else "tcp", address, struct.unpack_from("!H", packet, at + 2)[0]
