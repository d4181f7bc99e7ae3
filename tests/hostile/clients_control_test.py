"""Web pages and clumsy programs at the control socket: refused, and the resolver does not wait for them."""
import contextlib
import itertools
import json
import os
import re
import socket
import time
import unittest

from client_case import ClientCase
from hostile_case import LIMIT, Bar

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "control", "control.cpp")
FOREIGN = ("Host: www.example.com", "Host: 127.0.0.1:8080", "Host: localhost.evil.example", "Host: localhost\r\nOrigin: https://www.example.com",
           "Host: localhost\r\nOrigin: null", "Host: localhost\r\nOrigin: http://localhost")

HELD = {
    "says nothing": b"",
    "half a request": b"GET /status HTTP/1.1\r\nHost: local",
    "endless headers": b"GET /status HTTP/1.1\r\n" + b"X-Field: yes\r\n" * 4000,
    "a body of a gigabyte": b"POST /flush HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n" + bytes(65536),
}
CLIENTS = 32  # of the socket at a time
BAR = Bar(cpu=1, descriptors=CLIENTS + 4)  # of a thread that only the socket's owner can keep busy


def routes():
    """(method, path) of everything that the control socket answers, as its source registers it."""
    with open(SOURCE, encoding="utf-8") as file:
        return re.findall(r'^\s*routes\["([A-Z]+) (/[^"]+)"\]', file.read(), re.MULTILINE)


def request(path, octets, timeout=5):
    """What is answered to octets, or what came until the end or the time-out."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(timeout)
        client.connect(path)
        client.sendall(octets)
        answer = b""
        try:
            while piece := client.recv(65536):
                answer += piece
        except TimeoutError:
            pass
        return answer


def strikes(octets):
    """An attack: a connection after another that says this and goes."""
    def attack(path):
        def run(_, over):
            count = 0
            while not over.is_set():
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(0.2)
                    try:
                        client.connect(path)
                        client.sendall(octets)
                    except OSError:
                        pass
                count += 1
                over.wait(0.005)
            return count
        return run
    return attack


def holds(count, first, then=b""):
    """An attack: connections that stay for as long as they may. Each says `first`, then an octet of `then` every second, and reads nothing."""
    def attack(path):
        def run(_, over):
            with contextlib.ExitStack() as stack:
                clients = []
                for _ in range(count):
                    clients.append(stack.enter_context(socket.socket(socket.AF_UNIX)))
                    clients[-1].connect(path)
                    clients[-1].sendall(first)
                for octet in itertools.chain(then, itertools.repeat(None)):
                    if over.wait(1):
                        return count
                    for client in clients:
                        with contextlib.suppress(OSError):  # others have taken its place
                            client.send(bytes([octet]) if octet is not None else b"")
        return run
    return attack


def status_at_once(daemon):
    """An `also`: whoever asks gets the status before any of the others is given up."""
    begun = time.monotonic()
    done = daemon.verb("status", "--json")
    took = time.monotonic() - begun
    return [] if done.returncode == 0 and took < LIMIT else [f"`tacet status` took {took:.1f} s, and said {done.stderr!r}"]


class Control(ClientCase):
    def test_every_route_refuses_foreign_hosts_and_origins(self):
        daemon = self.enterContext(self.daemon())
        path = daemon.settings["control"]["socket"]
        self.assertGreater(len(routes()), 5)
        for method, route in routes():
            for headers in FOREIGN:
                with self.subTest(f"{method} {route} {headers}"):
                    head = request(path, f"{method} {route} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n".encode()).partition(b"\r\n")[0]
                    self.assertEqual(head, b"HTTP/1.1 403 Forbidden")
        answer = request(path, b"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:100])
        self.assertNotIn(b"Access-Control-Allow-Origin", answer)
        json.loads(answer.partition(b"\r\n\r\n")[2])

    def test_a_held_socket_holds_up_neither_the_resolver_nor_others_at_the_socket(self):
        settings = {"control": {"socket": os.path.join(self.directory, "held.sock")}}
        path = settings["control"]["socket"]
        for words, octets in HELD.items():
            self.assail(f"control socket: {words}", "400 or an end", [strikes(octets)(path)], BAR, settings=settings, also=status_at_once, rare=words != "half a request")
        half = b"GET /status HTTP/1.1\r\nHost: "
        for words, attack in {"10 of them say nothing": holds(10, b""), "10 of them, one octet a second each": holds(10, half, b"localhost"),
                              "10 of them never read": holds(10, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                              "1000 of them stay": holds(1000, half)}.items():
            self.assail(f"control socket: {words}", "an end, or their place to others", [attack(path)], BAR, settings=settings, also=status_at_once,
                        rare=words != "1000 of them stay")


if __name__ == "__main__":
    unittest.main()
