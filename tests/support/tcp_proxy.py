"""A TCP proxy that spoils connections on request, to stand between tacet and a healthy server."""
import asyncio
import socket
import struct

import scratch
from loop_thread import LoopThread

MODES = ("pass", "stall", "silence", "garble", "reset", "half_close")


class TcpProxy(LoopThread):
    """Forwards `address`:`port` to `target` (address, port). What it does may change at any time:

    mode "pass"        forwards
    mode "stall"       keeps everything open and forwards nothing more (what was read is lost, as by a dead peer)
    mode "silence"     accepts, never connects onward, never says a word
    mode "garble"      inverts every octet towards the client
    mode "reset"       answers the next octets from the client with an RST
    mode "half_close"  ends the stream towards the client after the next octets to it, keeps reading
    delay              seconds added to each direction; cut_after: octets to the client before an RST, None = never
    """

    def __init__(self, target, *, address="127.0.0.1", port=None, namespace=None):
        super().__init__(namespace)
        self.target, self.address, self.port = target, address, port or scratch.free_port([address])
        self.mode, self.delay, self.cut_after = "pass", 0.0, None
        self.accepted = 0
        self._pairs = set()

    @property
    def open_connections(self):
        return len(self._pairs)

    def reset_all(self):
        """RST to every client connected now."""
        self.call(self._reset_all())

    async def open(self):
        self._server = await asyncio.start_server(self._serve, self.address, self.port, reuse_address=True)

    async def close(self):
        self._server.close()
        for client, server in list(self._pairs):
            _abort(client, server)

    async def _reset_all(self):
        for client, server in list(self._pairs):
            _reset(client)
            _abort(server)

    async def _serve(self, reader, writer):
        self.accepted += 1
        if self.mode == "silence":
            pair = (writer, None)
            self._pairs.add(pair)
            try:
                while await reader.read(65536):
                    pass
            except OSError:
                pass
            self._forget(pair)
            return
        try:
            onward_reader, onward_writer = await asyncio.open_connection(*self.target)
        except OSError:
            _reset(writer)
            return
        pair = (writer, onward_writer)
        self._pairs.add(pair)
        await asyncio.gather(self._pump(reader, onward_writer, pair, to_client=False),
                             self._pump(onward_reader, writer, pair, to_client=True), return_exceptions=True)
        self._forget(pair)

    def _forget(self, pair):
        self._pairs.discard(pair)
        _abort(*pair)

    async def _pump(self, reader, writer, pair, to_client):
        passed = 0
        while data := await reader.read(65536):
            if self.delay:
                await asyncio.sleep(self.delay)
            if self.mode in ("stall", "silence"):
                continue
            if self.mode == "reset" and not to_client:
                return _reset(pair[0])
            if to_client:
                data = bytes(octet ^ 0xFF for octet in data) if self.mode == "garble" else data
                if self.cut_after is not None and passed + len(data) > self.cut_after:
                    writer.write(data[: max(0, self.cut_after - passed)])
                    await writer.drain()
                    return _reset(pair[0])
            passed += len(data)
            writer.write(data)
            await writer.drain()
            if self.mode == "half_close" and to_client:
                writer.write_eof()
                return
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()


def _reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _abort(*writers):
    for writer in writers:
        if writer:
            writer.transport.abort()
