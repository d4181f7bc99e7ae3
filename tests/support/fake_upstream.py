"""A DoT and DoH server inside the test's process that misbehaves on request and remembers what it was sent.

    def behave(received):                       # on the server's thread, once per query
        return Behaviour("drop") if received.name == "lame.example.com." else ANSWER

    with FakeUpstream(pki.good(), behave) as fake:
        ... fake.dot_url(), fake.doh_url(), fake.received, fake.connections ...
"""
import asyncio
import base64
import contextlib
import dataclasses
import ssl
import urllib.parse

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import h2.config
import h2.connection
import h2.errors
import h2.events
import scratch
from loop_thread import LoopThread
from received import Connection, Received

ADDRESS = "192.0.2.9"
ADDRESS_6 = "2001:db8::9"
TTL = 300


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """What to do with one query. Actions:

    answer          a right answer (`value`: a function that changes the dns.message before it is sent)
    hold            a right answer once release() was called
    drop            no answer, ever
    rcode           an empty answer with RCODE `value`, e.g. "SERVFAIL"
    wrong_id        a right answer under another ID
    wrong_question  an answer to another name
    garbage         64 octets that are no message
    truncated       the first half of a right answer, as if it were whole
    mid_answer      half of a right answer, then the connection is gone
    close           the connection is gone at once
    status          HTTP status `value` (over DoT: close)
    reset           RST_STREAM (over DoT: close)
    goaway          GOAWAY that disclaims this stream, then an end (over DoT: close)
    attack          whatever `value` does: a coroutine function that is given a DotReply or a DohReply
    """

    action: str = "answer"
    delay: float = 0.0
    value: object = None


ANSWER = Behaviour()


def response_to(query, **options):
    """An empty response without padding; newer releases of dnspython pad what answers a padded query."""
    response = dns.message.make_response(query, recursion_available=True, **options)
    response.pad = 0
    return response


def right_answer(query):
    """A, AAAA: our address; anything else: NODATA."""
    response = response_to(query, our_payload=1232)
    question = query.question[0]
    text = {dns.rdatatype.A: ADDRESS, dns.rdatatype.AAAA: ADDRESS_6}.get(question.rdtype)
    if text:
        response.answer.append(dns.rrset.from_text(question.name, TTL, "IN", question.rdtype, text))
    else:
        response.authority.append(dns.rrset.from_text("example.com.", TTL, "IN", "SOA", "ns1.example.com. h.example.com. 1 3600 900 604800 60"))
    return response


class DotReply:
    """What an attack over DoT answers with."""

    def __init__(self, writer, query):
        self.writer, self.query = writer, query

    def right(self):
        return right_answer(self.query)

    async def send(self, wire):
        await self.raw(len(wire).to_bytes(2, "big") + wire)

    async def raw(self, octets):
        """Octets as they are, inside TLS. Waits until the other side takes them."""
        if self.writer.is_closing():
            raise ConnectionError
        self.writer.write(octets)
        await self.writer.drain()
        await asyncio.sleep(0)  # a connection that is gone takes everything at once

    def close(self):
        self.writer.close()


class DohReply(DotReply):
    """The same over DoH: also frame by frame (RFC 9113 §4.1)."""

    HEADERS = ((":status", "200"), ("content-type", "application/dns-message"))

    def __init__(self, session, stream, query):
        super().__init__(session._writer, query)
        self._session, self.stream, self.http = session, stream, session._http

    async def send(self, wire, headers=HEADERS, trailers=()):
        """A whole response."""
        self.http.send_headers(self.stream, headers)
        while wire:
            room = min(self.http.local_flow_control_window(self.stream), self.http.max_outbound_frame_size, len(wire))
            if room:
                self.http.send_data(self.stream, wire[:room], end_stream=room == len(wire) and not trailers)
                wire = wire[room:]
            await self.flush()
            if not room:
                await asyncio.sleep(0.001)
        if trailers:
            self.http.send_headers(self.stream, trailers, end_stream=True)
        await self.flush()

    async def flush(self):
        await self.raw(self.http.data_to_send())

    async def frame(self, kind, flags, stream, payload):
        await self.raw(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)


class FakeUpstream(LoopThread):
    """`greet(http)` may change an h2 connection before it speaks; `alpn` is the word offered instead of the right one; `idle` closes
    a connection after that many seconds without a query; `namespace` is one of `ip netns`."""

    def __init__(self, certificate, behave=lambda received: ANSWER, *, address="127.0.0.1", idle=None, namespace=None, ports=None,
                 greet=None, alpn=None):
        super().__init__(namespace)
        self.behave = behave
        self.address, self.idle = address, idle
        self.dot_port, self.doh_port = ports or (scratch.free_port([address]), scratch.free_port([address]))
        self.received, self.connections, self.refused_handshakes = [], [], []
        self.headers = []  # more response headers, over DoH
        self.insists_on_sni = False  # refuses a handshake without
        self._certificate, self._greet, self._alpn = certificate, greet, alpn
        self._writers, self._sni = set(), {}

    def dot_url(self, host=None):
        return f"tls://{scratch.url_host(host or self.address)}:{self.dot_port}"

    def doh_url(self, host=None):
        return f"https://{scratch.url_host(host or self.address)}:{self.doh_port}/dns-query"

    def count(self, name, kind="A"):
        return sum(1 for received in list(self.received) if (received.name, received.kind) == (name.lower(), kind))

    def names(self):
        return [received.name for received in list(self.received)]

    def questions(self):
        """Each question once: name, type, and whether DO was set. A busy machine makes queries late, and tacet asks late ones twice."""
        return list(dict.fromkeys((received.name, received.kind, bool(received.message.ednsflags & dns.flags.DO)) for received in list(self.received)))

    def release(self):
        """Lets every held answer go, and those that come later."""
        self._loop.call_soon_threadsafe(self._released.set)

    def drop_connections(self):
        """Closes every open connection in order, as a server that idles out does."""
        async def close():
            for writer in list(self._writers):
                writer.close()
        self.call(close())

    async def open(self):
        self._released = asyncio.Event()
        self._servers = [await self._listen(self._serve_dot, self.dot_port, "dot"), await self._listen(self._serve_doh, self.doh_port, "h2")]

    async def close(self):
        for server in self._servers:
            server.close()
        for writer in list(self._writers):
            with contextlib.suppress(AttributeError):  # of asyncio's own, for one that was closed twice
                writer.transport.abort()

    async def _listen(self, serve, port, alpn):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate.chain, self._certificate.key)
        context.set_alpn_protocols([self._alpn or alpn])
        context.sni_callback = self._on_sni
        self._loop.set_exception_handler(self._note_fault)
        return await asyncio.start_server(serve, self.address, port, ssl=context, reuse_address=True)

    def _on_sni(self, tls, name, _):
        self._sni[id(tls)] = name
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if self.insists_on_sni and not name else None

    def _note_fault(self, _, context):
        self.refused_handshakes.append(str(context.get("exception") or context.get("message")))

    def _opened(self, transport, writer):
        tls = writer.get_extra_info("ssl_object")
        connection = Connection(transport, self._sni.pop(id(tls), None), tls.session_reused, tls.version())
        self.connections.append(connection)
        self._writers.add(writer)
        return connection

    def _ended(self, connection, writer):
        connection.is_open = False
        self._writers.discard(writer)
        writer.transport.abort()

    def _take(self, connection, wire, http):
        received = Received(connection, wire, dns.message.from_wire(wire), http)
        connection.queries += 1
        self.received.append(received)
        return received, self.behave(received)

    async def _wait(self, behaviour):
        if behaviour.delay:
            await asyncio.sleep(behaviour.delay)
        if behaviour.action == "hold":
            await self._released.wait()

    # --- DoT ---------------------------------------------------------------------------------------------------------

    async def _serve_dot(self, reader, writer):
        connection = self._opened("DoT", writer)
        tasks = set()
        try:
            while True:
                size = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), self.idle), "big")
                received, behaviour = self._take(connection, await reader.readexactly(size), {})
                task = asyncio.ensure_future(self._answer_dot(writer, received, behaviour))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, OSError):
            pass
        finally:
            for task in tasks:
                task.cancel()
            self._ended(connection, writer)

    async def _answer_dot(self, writer, received, behaviour):
        await self._wait(behaviour)
        if behaviour.action == "drop":
            return
        if behaviour.action == "attack":
            return await _attack(behaviour.value, DotReply(writer, received.message))
        wire = response_wire(received.message, behaviour)
        if wire is not None:
            frame = len(wire).to_bytes(2, "big") + wire
            writer.write(frame[: len(frame) // 2] if behaviour.action == "mid_answer" else frame)
        if wire is None or behaviour.action == "mid_answer":
            writer.close()

    # --- DoH ---------------------------------------------------------------------------------------------------------

    async def _serve_doh(self, reader, writer):
        connection = self._opened("DoH", writer)
        http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        session = _DohSession(self, connection, http, writer)
        try:
            if self._greet:
                self._greet(http)
            http.initiate_connection()
            session.flush()
            while data := await asyncio.wait_for(reader.read(65536), self.idle):
                for event in http.receive_data(data):
                    session.on(event)
                session.flush()
        except (asyncio.TimeoutError, OSError, h2.exceptions.ProtocolError):
            pass
        finally:
            session.cancel()
            self._ended(connection, writer)


class _DohSession:
    """One HTTP/2 connection: collects requests, answers each from a task of its own."""

    def __init__(self, server, connection, http, writer):
        self._server, self._connection, self._http, self._writer = server, connection, http, writer
        self._requests, self._tasks = {}, set()

    def flush(self):
        self._writer.write(self._http.data_to_send())

    def cancel(self):
        for task in self._tasks:
            task.cancel()

    def on(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self._requests[event.stream_id] = (dict(event.headers), bytearray())
        elif isinstance(event, h2.events.DataReceived):
            self._requests[event.stream_id][1].extend(event.data)
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._begin(event.stream_id, *self._requests.pop(event.stream_id))
        elif isinstance(event, h2.events.StreamReset):
            self._requests.pop(event.stream_id, None)

    def _begin(self, stream, headers, body):
        received, behaviour = self._server._take(self._connection, _doh_query(headers, bytes(body)), headers)
        task = asyncio.ensure_future(self._answer(stream, received, behaviour))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, stream, received, behaviour):
        await self._server._wait(behaviour)
        if behaviour.action == "attack":
            return await _attack(behaviour.value, DohReply(self, stream, received.message))
        try:
            self._send(stream, response_wire(received.message, behaviour), behaviour)
        except h2.exceptions.ProtocolError:
            return  # the client gave this stream up meanwhile
        if not self._writer.is_closing():
            self.flush()
        if behaviour.action in ("close", "mid_answer", "goaway"):
            self._writer.close()

    def _send(self, stream, wire, behaviour):
        http, action = self._http, behaviour.action
        if action in ("drop", "close"):
            return
        if action == "status":
            http.send_headers(stream, [(":status", str(behaviour.value)), ("content-length", "0")], end_stream=True)
        elif action == "reset":
            http.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        elif action == "goaway":
            http.close_connection(last_stream_id=max(0, stream - 2))
        else:
            http.send_headers(stream, [(":status", "200"), ("content-type", "application/dns-message"), ("content-length", str(len(wire))),
                                       *self._server.headers])
            http.send_data(stream, wire[: len(wire) // 2] if action == "mid_answer" else wire, end_stream=action != "mid_answer")


async def _attack(attack, reply):
    try:
        await attack(reply)
    except (OSError, h2.exceptions.ProtocolError):
        pass  # the other side has had enough


def _doh_query(headers, body):
    if headers[":method"] == "POST":
        return body
    text = urllib.parse.parse_qs(urllib.parse.urlsplit(headers[":path"]).query)["dns"][0]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def response_wire(query, behaviour):
    """The octets that `behaviour` answers with; None if there is nothing to send but an end."""
    action = behaviour.action
    if action in ("close", "status", "reset", "goaway", "drop"):
        return None
    if action == "garbage":
        return b"\xff" * 64
    if action == "wrong_question":
        other = dns.message.make_query("attacker.example.com.", query.question[0].rdtype, use_edns=True)
        other.id = query.id
        return right_answer(other).to_wire()
    response = right_answer(query)
    if action == "wrong_id":
        response.id = (query.id + 1) & 0xFFFF
    if action == "rcode":
        response = response_to(query)
        response.set_rcode(dns.rcode.from_text(behaviour.value))
    if action == "answer" and behaviour.value:
        behaviour.value(response)
    wire = response.to_wire()
    return wire[: len(wire) // 2] if action == "truncated" else wire
