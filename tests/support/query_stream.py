"""New names asked at a steady rate over UDP, each answer timed by the kernel, so that a busy test does not lengthen it.

    with QueryStream(("127.0.0.1", 53), rate=100, namespace=lab.namespace("a")) as stream:
        ...                                     # cut the link, heal it
    stream.times(), stream.answers, stream.failures()
"""
import contextlib
import dataclasses
import itertools
import math
import select
import socket
import struct
import threading
import time

import scratch

SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
SO_MEMINFO = 55
ROOM = 8 << 20  # octets: for what is answered while this process is kept from running
_MEMINFO = struct.Struct("9I")  # linux/sock_diag.h; the last is what was dropped for want of room
PATIENCE = 5.0  # seconds after which a client would ask again; an answer later than that is none
_TIMESPEC = struct.Struct("qq")
_OPT = bytes.fromhex("00002904d0000000000000")


@dataclasses.dataclass
class Asked:
    """One query. Times are of the wall clock, seconds."""

    name: str
    asked_at: float
    answered_at: float | None = None
    rcode: int | None = None

    @property
    def took(self):
        """Seconds; infinite without an answer."""
        return math.inf if self.answered_at is None else self.answered_at - self.asked_at

    @property
    def failed(self):
        return self.rcode != 0


def percentile(times, share):
    """The smallest time that at least `share` of all do not exceed."""
    ordered = sorted(times)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


_numbers = itertools.count()


def new_name():
    """Never asked before, and answered by servers.ZONE."""
    return f"n{next(_numbers)}.many.example.com"


def in_namespace(namespace, make):
    """What `make()` returns, called in a network namespace: sockets stay in the one they were made in."""
    made = []

    def enter():
        if namespace:
            scratch.enter_namespace(namespace)
        made.append(make())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return made[0]


def stamped(opened):
    """The socket, telling with each message when it came, and with room for a good many."""
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    with contextlib.suppress(PermissionError):
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    opened.setblocking(False)
    return opened


def receive_stamped(opened, size=4096):
    """(octets, wall-clock time at which the kernel had them)."""
    data, ancillary, _, _ = opened.recvmsg(size, socket.CMSG_SPACE(_TIMESPEC.size))
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            whole, nanoseconds = _TIMESPEC.unpack(content)
            return data, whole + nanoseconds * 1e-9
    return data, time.time()


def query_wire(ident, name):
    """An A query with EDNS."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack("!6H", ident, 0x0100, 1, 0, 0, 1) + labels + b"\0\0\1\0\1" + _OPT


class Client:
    """Asks one name at a time; the stamps are the same."""

    def __init__(self, server, namespace=None):
        self._socket = in_namespace(namespace, lambda: stamped(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
        self._server = server
        self._number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def ask(self, name=None):
        """The Asked, once it is answered or PATIENCE is over; without a name a new one that servers.ZONE answers."""
        self._number += 1
        asked = Asked(name or new_name(), time.time())
        self._socket.sendto(query_wire(self._number, asked.name), self._server)
        end = time.monotonic() + PATIENCE
        while asked.answered_at is None and (left := end - time.monotonic()) > 0:
            if select.select([self._socket], [], [], left)[0]:
                data, at = receive_stamped(self._socket)
                ident, flags = struct.unpack_from("!HH", data)
                if ident == self._number:
                    asked.answered_at, asked.rcode = at, flags & 15
        return asked


class Paced:
    """Base of what sends at a steady rate from a thread of its own; `send(number)` and `receive()` are its work."""

    def __init__(self, opened, rate):
        self._socket, self._interval = opened, 1 / rate
        self._stopping = threading.Event()
        self._fault = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.dropped_here = 0  # messages that found this socket full: lost by this test, not by who sent them
        self.lateness = []  # seconds by which each send missed its moment: how busy this machine was

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Sends no more, waits for what is outstanding, at most PATIENCE."""
        self._stopping.set()
        self._thread.join()
        if self._socket.fileno() >= 0:  # the first time
            self.dropped_here = _MEMINFO.unpack(self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMINFO.size))[-1]
        self._socket.close()
        if self._fault:
            raise self._fault

    def outstanding(self):
        raise NotImplementedError

    def _run(self):
        try:
            self._work()
        except Exception as fault:  # told to the thread that can fail the test
            self._fault = fault

    def _work(self):
        begun, number = time.monotonic(), 0
        while not self._stopping.is_set():
            due = begun + number * self._interval
            self._receive_until(due)
            self.lateness.append(time.monotonic() - due)
            self.send(number)
            number += 1
        end = time.monotonic() + PATIENCE
        while self.outstanding() and time.monotonic() < end:
            self._receive_until(time.monotonic() + 0.05)

    def _receive_until(self, due):
        while (left := due - time.monotonic()) > 0:
            if select.select([self._socket], [], [], left)[0]:
                self.receive()


class QueryStream(Paced):
    """`name(number)` gives the names; without it they are new ones that servers.ZONE answers."""

    def __init__(self, server, rate, *, namespace=None, name=None):
        super().__init__(in_namespace(namespace, lambda: stamped(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))), rate)
        self._name = name or (lambda number: new_name())
        self._server = server
        self.asked, self.last = [], b""  # `last` are the octets of the latest answer
        self._waiting = 0

    def send(self, number):
        asked = Asked(self._name(number), time.time())
        self.asked.append(asked)
        self._waiting += 1
        self._socket.sendto(query_wire(number & 0xFFFF, asked.name), self._server)

    def receive(self):
        data, at = receive_stamped(self._socket)
        self.last = data
        flags = struct.unpack_from("!H", data, 2)[0]
        asked = self.asked[self.latest(data)]
        if asked.answered_at is None:
            self._waiting -= 1
            asked.answered_at, asked.rcode = at, flags & 15

    def latest(self, answer):
        """The number of the latest query with the answer's ID."""
        ident = int.from_bytes(answer[:2], "big")
        return len(self.asked) - 1 - ((len(self.asked) - 1 - ident) & 0xFFFF)

    def outstanding(self):
        return self._waiting

    def times(self, want=lambda asked: True):
        return [asked.took for asked in list(self.asked) if want(asked)]

    def failures(self, since=0.0):
        """Queries asked since then that had no answer or an error."""
        return [asked for asked in list(self.asked) if asked.asked_at >= since and asked.failed]


class EchoStream(Paced):
    """The same over one bare TCP connection to an echo server: what the link itself costs."""

    SIZE = 128

    def __init__(self, server, rate, *, namespace=None):
        super().__init__(in_namespace(namespace, lambda: socket.create_connection(server, 5)), rate)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stamped(self._socket)
        self._sent, self._buffered, self._seen = [], 0, []

    def send(self, number):
        self._sent.append(time.time())
        self._socket.send(bytes(self.SIZE))

    def receive(self):
        data, at = receive_stamped(self._socket, 65536)
        self._buffered += len(data)
        while self._buffered >= self.SIZE:
            self._buffered -= self.SIZE
            self._seen.append(at - self._sent[len(self._seen)])

    def outstanding(self):
        return len(self._sent) - len(self._seen)

    def times(self):
        return list(self._seen)
