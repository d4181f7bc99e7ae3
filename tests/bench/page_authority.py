"""The authority behind the upstream of waits.py: page_authority.py ADDRESS PORT

A name says itself how it is answered: r7-t300-d150.z2.example.com has a TTL of 300 s, and each answer takes 150 ms. SIGUSR1 makes it
print how many queries came so far, and start counting anew.
"""
import asyncio
import contextlib
import re
import signal
import socket
import struct
import sys

_ADDRESSES = {1: socket.inet_aton("192.0.2.7"), 28: socket.inet_pton(socket.AF_INET6, "2001:db8::7")}
_SAYS = re.compile(rb"-t(\d+)-d(\d+)$")


def answer(query):
    """(response, seconds until it leaves): an address, or NODATA with the name's TTL for other types."""
    end = query.index(b"\0", 12) + 5
    label = query[13 : 13 + query[12]]
    found = _SAYS.search(label)
    ttl, delay = (int(found[1]), int(found[2]) / 1000) if found else (60, 0.0)
    address = _ADDRESSES.get(struct.unpack_from("!H", query, end - 4)[0])
    head = query[:2] + b"\x84\x80\0\1"
    if address:
        record = b"\xc0\x0c" + query[end - 4 : end] + struct.pack("!IH", ttl, len(address)) + address
        return head + b"\0\1\0\0\0\0" + query[12:end] + record, delay
    soa = b"\0" * 2 + struct.pack("!5I", 1, 3600, 900, 604800, ttl)
    return head + b"\0\0\0\1\0\0" + query[12:end] + b"\xc0\x0c\0\6\0\1" + struct.pack("!IH", ttl, len(soa)) + soa, delay


class Authority(asyncio.DatagramProtocol):
    """Answers by UDP (for DoH) and by TCP (for DoT), each query when it is due."""

    def __init__(self):
        self._count = 0

    def tell(self):
        print(self._count, flush=True)
        self._count = 0

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, query, client):
        self._answer(query, lambda response: self._transport.sendto(response, client))

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                query = await reader.readexactly(*struct.unpack("!H", await reader.readexactly(2)))
                self._answer(query, lambda response: writer.write(struct.pack("!H", len(response)) + response))
        writer.close()

    def _answer(self, query, send):
        self._count += 1
        response, delay = answer(query)
        asyncio.get_running_loop().call_later(delay, send, response)


async def main(address, port):
    authority, loop = Authority(), asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: authority, local_addr=(address, port))
    server = await asyncio.start_server(authority.serve, address, port)
    loop.add_signal_handler(signal.SIGUSR1, authority.tell)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
