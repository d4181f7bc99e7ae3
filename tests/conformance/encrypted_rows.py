"""Encrypted clients (RFC 7858, 8310, 8484, 7830, 8467, 9462)."""
import base64
import socket
import ssl

import dns.edns
import dns.message
import dnsclient
import h2.config
import h2.connection
import h2.events
import scratch
from requirement import ConformanceCase, requirement
from tacet import Tacet

PADDING = 12


class Encrypted(ConformanceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        good = cls.pki.good()
        cls.tls, cls.https = scratch.free_port(["127.0.0.1"]), scratch.free_port(["127.0.0.1"])
        files = {"certificate": good.chain, "key": good.key}
        cls.served = cls.enterClassContext(Tacet(cls.directory, upstreams=[{"url": cls.upstream.doh_url(), "ca_file": cls.pki.ca}],
                                                 tls={"listen": [f"127.0.0.1:{cls.tls}"], **files},
                                                 https={"listen": [f"127.0.0.1:{cls.https}"], **files}))

    def connect(self, port, *protocols):
        context = ssl.create_default_context(cafile=self.pki.ca)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return self.enterContext(context.wrap_socket(socket.create_connection(("127.0.0.1", port), 15), server_hostname="127.0.0.1"))

    def ask_by_tls(self, *queries, protocols=()):
        client = self.connect(self.tls, *protocols)
        for query in queries:
            wire = query.to_wire()
            client.sendall(len(wire).to_bytes(2, "big") + wire)
        stream = client.makefile("rb")
        return [stream.read(int.from_bytes(stream.read(2), "big")) for _ in queries]

    def ask_by_http(self, target, *, method="GET", body=b"", headers=()):
        """By HTTP/2: the headers as a dict, and the body."""
        client = self.connect(self.https, "h2")
        self.assertEqual(client.selected_alpn_protocol(), "h2")
        made = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        made.initiate_connection()
        made.send_headers(1, [(":method", method), (":scheme", "https"), (":authority", "127.0.0.1"), (":path", target), *headers], end_stream=not body)
        if body:
            made.send_data(1, body, end_stream=True)
        client.sendall(made.data_to_send())
        told, content = {}, b""
        while True:
            for event in made.receive_data(client.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    told = dict(event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    content += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    return told, content
            client.sendall(made.data_to_send())

    def get(self, query):
        return self.ask_by_http("/dns-query?dns=" + base64.urlsafe_b64encode(query.to_wire()).rstrip(b"=").decode())

    @requirement(7858, "3.1", "a client that begins TLS at once is served; one that offers no ALPN as well")
    @requirement(8310, "5", "the certificate proves the address or the name that the client expects")
    def test_tls(self):
        for protocols in ((), ("dot",)):
            wire, = self.ask_by_tls(dnsclient.query("tls.many.example.com"), protocols=protocols)
            self.assertEqual(dnsclient.addresses(dns.message.from_wire(wire)), ["192.0.2.7"])

    @requirement(7858, "3.3", "every message has a length of two octets, and answers may come in any order")
    @requirement(7858, "3.4", "one connection serves many queries")
    def test_pipelining(self):
        queries = [dnsclient.query(f"t{number}.many.example.com") for number in range(50)]
        for number, query in enumerate(queries):
            query.id = number
        answers = [dns.message.from_wire(wire) for wire in self.ask_by_tls(*queries)]
        self.assertEqual(sorted(answer.id for answer in answers), list(range(50)))

    @requirement(7858, "3.2", "versions before TLS 1.2 are refused")
    def test_versions(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises(ssl.SSLError), socket.create_connection(("127.0.0.1", self.tls), 15) as plain:
            context.wrap_socket(plain)

    @requirement(7830, "4", "a padded query gets a padded response, over TLS and HTTPS, and none over TCP")
    @requirement(8467, "4.1", "responses over TLS and HTTPS fill blocks of 468 octets")
    def test_padding(self):
        query = dnsclient.query("padded.many.example.com", options=[dns.edns.GenericOption(PADDING, bytes(20))])
        for wire in (*self.ask_by_tls(query), self.get(query)[1]):
            self.assertEqual(len(wire) % 468, 0)
            self.assertIn(PADDING, [int(option.otype) for option in dns.message.from_wire(wire).options])
        plain = self.served.exchange(query, tcp=True)
        self.assertNotIn(PADDING, [int(option.otype) for option in plain.options])

    @requirement(6891, "7", "a query without OPT gets a response without, so no padding either")
    def test_no_edns(self):
        wire, = self.ask_by_tls(dnsclient.query("plain.many.example.com", edns=False))
        self.assertEqual(dns.message.from_wire(wire).edns, -1)

    @requirement(8484, "4.1", "a query comes by GET in the parameter dns, or by POST as application/dns-message")
    @requirement(8484, "4.2", "the response has the media type application/dns-message")
    @requirement(8484, "5.1", "its freshness lifetime is the least TTL")
    def test_get_and_post(self):
        query = dnsclient.query("www.many.example.com")
        query.id = 0
        posted = self.ask_by_http("/dns-query", method="POST", body=query.to_wire(), headers=[("content-type", "application/dns-message")])
        for headers, content in (self.get(query), posted):
            answer = dns.message.from_wire(content)
            self.assertEqual((headers[":status"], headers["content-type"]), ("200", "application/dns-message"))
            self.assertEqual(headers["cache-control"], f"max-age={min(rrset.ttl for rrset in answer.answer)}")
            self.assertEqual(int(headers["content-length"]), len(content))

    @requirement(8484, "4.2.1", "a failure of DNS is a success of HTTP; what is no query is the client's fault")
    def test_status(self):
        headers, content = self.get(dnsclient.query("no.such.name.example.com"))
        self.assertEqual((headers[":status"], dns.message.from_wire(content).rcode()), ("200", 3))
        for target, status in (("/dns-query?dns=AAAA", "400"), ("/dns-query", "400"), ("/", "404")):
            self.assertEqual(self.ask_by_http(target)[0][":status"], status)
        for options, status in (({"method": "DELETE"}, "405"), ({"method": "POST", "body": b"x" * 20}, "415")):
            self.assertEqual(self.ask_by_http("/dns-query", **options)[0][":status"], status)

    @requirement(9462, "4", "the encrypted listeners that have the asked address in their certificate are designated at _dns.resolver.arpa.")
    @requirement(9461, "5", "the record of a DoH server has its path as a template")
    def test_designation(self):
        answer = self.served.ask("_dns.resolver.arpa", "SVCB")
        records = sorted(record.to_text() for record in answer.answer[0])
        self.assertEqual([(record.split()[0], f'port="{port}"' in record) for record, port in zip(records, (self.https, self.tls))], [("1", True), ("2", True)])
        self.assertIn("/dns-query{?dns}", records[0])

    @requirement(8484, "5.2", "HTTP/2 is spoken")
    @requirement(9113, "5.1.2", "many requests on one connection are answered, each on its stream")
    def test_streams(self):
        client = self.connect(self.https, "h2", "http/1.1")
        made = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        made.initiate_connection()
        for number in range(60):
            path = "/dns-query?dns=" + base64.urlsafe_b64encode(dnsclient.query(f"s{number}.many.example.com").to_wire()).rstrip(b"=").decode()
            made.send_headers(2 * number + 1, [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", path)], end_stream=True)
        client.sendall(made.data_to_send())
        answered = {}
        while len(answered) < 60:
            for event in made.receive_data(client.recv(65536)):
                if isinstance(event, h2.events.DataReceived):
                    answered[event.stream_id] = dns.message.from_wire(event.data).question[0].name.to_text()
                    made.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            client.sendall(made.data_to_send())
        self.assertEqual(answered, {2 * number + 1: f"s{number}.many.example.com." for number in range(60)})
