"""Web pages and clumsy programs at the control socket: refused, and the resolver does not wait for them."""
import json
import os
import re
import socket
import unittest

from client_case import ClientCase
from hostile_case import Bar

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "serve", "control.cpp")
FOREIGN = ("Host: www.example.com", "Host: 127.0.0.1:8080", "Host: localhost.evil.example", "Host: localhost\r\nOrigin: https://www.example.com",
           "Host: localhost\r\nOrigin: null", "Host: localhost\r\nOrigin: http://localhost")

HELD = {
    "says nothing": b"",
    "half a request": b"GET /status HTTP/1.1\r\nHost: local",
    "endless headers": b"GET /status HTTP/1.1\r\n" + b"X-Field: yes\r\n" * 4000,
    "a body of a gigabyte": b"POST /flush HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n" + bytes(65536),
}
BAR = Bar(cpu=1)  # of a thread that only the socket's owner can keep busy


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

    def test_whoever_holds_the_socket_does_not_hold_the_resolver(self):
        settings = {"control": {"socket": os.path.join(self.directory, "held.sock")}}
        for words, octets in HELD.items():
            self.assail(f"control socket: {words}", "400 or an end", [strikes(octets)(settings["control"]["socket"])], BAR, settings=settings, rare=words != "half a request")


if __name__ == "__main__":
    unittest.main()
