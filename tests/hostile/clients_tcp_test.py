"""Clients that hold, starve and cut TCP connections."""
import contextlib
import os
import random
import select
import socket
import struct
import unittest

import dnsclient
from client_case import KEPT, ClientCase, answered_over_tcp, paced
from dnsclient import name_wire, raw_query
from hostile_case import Bar

CLIENTS = 128  # limits.tcp_clients
BAR = Bar(cpu=0.7, descriptors=CLIENTS + 12)
FRAME = len(KEPT).to_bytes(2, "big") + KEPT

LONG = dnsclient.query("long.example.com", "TXT").to_wire()
LONG_FRAME = len(LONG).to_bytes(2, "big") + LONG


def holds(count, rate=2000):
    """Opens connections and keeps all of them open, whatever the server does."""
    def attack(server, over):
        held = []
        def strike(_):
            if len(held) < count:
                made = socket.socket()
                made.setblocking(False)
                made.connect_ex(server)
                held.append(made)
        try:
            return min(count, paced(over, rate, strike))
        finally:
            for made in held:
                made.close()
    return attack


def connected(server, count):
    """`count` connections; a context that closes them."""
    stack = contextlib.ExitStack()
    return stack, [stack.enter_context(socket.create_connection(server, 20)) for _ in range(count)]


def drips(octets, rate):
    """`CLIENTS` connections that each send one octet in turn, `rate` a second for all."""
    def attack(server, over):
        stack, clients = connected(server, CLIENTS)
        with stack:
            def strike(number):
                with contextlib.suppress(OSError):
                    clients[number % CLIENTS].send(octets[number // CLIENTS % len(octets)][:1])
            return paced(over, rate, strike)
    return attack


def never_reads(frames, clients=32):
    """Queries on every connection as long as the kernel takes them; not one answer is read."""
    def attack(server, over):
        stack, sockets = connected(server, clients)
        with stack:
            for made in sockets:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                made.setblocking(False)
            sent = 0
            while not over.is_set() and sockets:
                for made in select.select([], sockets, [], 0.05)[1]:
                    try:
                        sent += made.send(frames) // (len(frames) // 500)
                    except BlockingIOError:
                        pass
                    except OSError:
                        sockets.remove(made)
            return sent
    return attack


def again_and_again(say, rate=500, *, resets=False):
    """A new connection each time that says something and goes."""
    def attack(server, over):
        def strike(number):
            with contextlib.suppress(OSError), socket.create_connection(server, 20) as made:
                made.send(say(number))
                if resets:
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return paced(over, rate, strike)
    return attack


def pipelines(server, over):
    """Asks kept names as fast as the answers come, a hundred at a time."""
    with socket.create_connection(server, 20) as made:
        made.settimeout(20)
        def strike(_):
            made.sendall(FRAME * 100)
            size = 0
            while size < 100 * 20:
                size += len(made.recv(65536))
        return 100 * paced(over, 100, strike)


def _noise(number):
    return random.choice((b"\0\0", b"\0\1x", b"\xff\xff" + os.urandom(100), b"\0\x0c" + os.urandom(12), os.urandom(50)))


class Tcp(ClientCase):
    def test_held_connections(self):
        self.assail("TCP clients: 3000 connections held open", "newcomers are served", [holds(3000)], BAR, also=answered_over_tcp)
        self.assail("TCP clients: 128 of them, one octet a second each", "newcomers are served", [drips([b"\0", b"\x40", b"x"], CLIENTS)], BAR, also=answered_over_tcp)

    def test_clients_that_do_not_read(self):
        self.assail("TCP clients: 32 of them never read what they ask for (4 KiB each)", "as much as the kernel takes", [never_reads(LONG_FRAME * 500)], Bar(cpu=0.7, memory=8, descriptors=CLIENTS + 12),
                    also=answered_over_tcp)

    def test_frames(self):
        self.assail("TCP clients: malformed frames", "FORMERR, or an end", [again_and_again(_noise)], BAR, also=answered_over_tcp)
        self.assail("TCP clients: frames of length 0", "an end", [again_and_again(lambda _: bytes(2000))], BAR, rare=True, also=answered_over_tcp)
        wrong = raw_query(name_wire("www.example.com"), counts=(2, 0, 0, 0))
        many = (len(wrong).to_bytes(2, "big") + wrong) * 100
        self.assail("TCP clients: 100 malformed queries in each of", "FORMERR", [again_and_again(lambda _: many, 100)], BAR, also=answered_over_tcp)

    def test_clients_that_go(self):
        self.assail("TCP clients: open and close", "nothing", [again_and_again(lambda _: b"", 1000)], BAR, rare=True, also=answered_over_tcp)
        def new(number):
            wire = dnsclient.raw_query(dnsclient.name_wire(f"gone{number}.many.example.com"))
            return len(wire).to_bytes(2, "big") + wire
        self.assail("TCP clients: ask new names and reset", "nobody", [again_and_again(new, resets=True)], BAR, also=answered_over_tcp)

    def test_pipelines(self):
        self.assail("TCP client: kept names, pipelined", "all of them", [pipelines], BAR, also=answered_over_tcp)


if __name__ == "__main__":
    unittest.main()
