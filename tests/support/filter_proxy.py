"""A network that blocks by what a greeting looks like: a TCP forwarder that reads the ClientHello of each connection."""
import asyncio
import time

from client_hello import CLIENT_HELLO, HANDSHAKE, read_client_hello
from tcp_proxy import TcpProxy, _abort, _reset


def shows_name(first):
    """True if the first record alone shows the server's name."""
    try:
        return read_client_hello(_first_record(first)).server_name is not None
    except (ValueError, IndexError):
        return False


def is_whole(first):
    """True if the first record holds a whole ClientHello."""
    record = _first_record(first)
    return len(record) >= 9 and record[0] == HANDSHAKE and record[5] == CLIENT_HELLO and len(record) - 9 >= int.from_bytes(record[6:9], "big")


def anything(_):
    return True


def nothing(_):
    return False


def _first_record(octets):
    return octets[: 5 + int.from_bytes(octets[3:5], "big")]


class FilterProxy(TcpProxy):
    """Forwards to `target`, except connections whose first octets `blocks`; those are reset, or get no answer (`silently`).

    `seen`: for each connection the time, and how its greeting began: "named", "nameless" or "split".
    """

    def __init__(self, target, blocks=nothing, silently=False, **options):
        super().__init__(target, **options)
        self.blocks, self.silently, self.seen = blocks, silently, []

    async def _serve(self, reader, writer):
        self.accepted += 1
        try:
            first = await self._greeting(reader)
        except (OSError, asyncio.IncompleteReadError):
            return _abort(writer)
        self.seen.append((time.monotonic(), "named" if shows_name(first) else "nameless" if is_whole(first) else "split"))
        if self.blocks(first) and not self.silently:
            return _reset(writer)
        pair = (writer, None)
        if self.blocks(first):
            self._pairs.add(pair)
            while await reader.read(65536):
                pass
            return self._forget(pair)
        onward_reader, onward_writer = await asyncio.open_connection(*self.target)
        onward_writer.write(first)
        pair = (writer, onward_writer)
        self._pairs.add(pair)
        await asyncio.gather(self._pump(reader, onward_writer, pair, to_client=False),
                             self._pump(onward_reader, writer, pair, to_client=True), return_exceptions=True)
        self._forget(pair)

    @staticmethod
    async def _greeting(reader):
        """The first record, as a filter takes it."""
        head = await reader.readexactly(5)
        return head + await reader.readexactly(int.from_bytes(head[3:5], "big"))

    @property
    def ways(self):
        return [way for _, way in self.seen]
