"""A TCP proxy that keeps what clients send, to look at the octets on the wire."""
from tcp_proxy import TcpProxy


class Recorder(TcpProxy):
    """Keeps what clients sent, one stream per connection."""

    def __init__(self, target, **options):
        super().__init__(target, **options)
        self.streams = []

    async def _pump(self, reader, writer, pair, to_client):
        if not to_client:
            stream = bytearray()
            self.streams.append(stream)
            reader = _Tee(reader, stream)
        await super()._pump(reader, writer, pair, to_client)


class _Tee:
    def __init__(self, reader, copy):
        self._reader, self._copy = reader, copy

    async def read(self, size):
        data = await self._reader.read(size)
        self._copy.extend(data)
        return data
