"""Debian's unbound as a real DoH, DoT and plain DNS server whose answers are a zone file of ours."""
import os
import re
import socket

import dns.message
import dns.query
import scratch
import server_process

# Not under .test: special-use names never leave tacet, so a zone there would never be asked for.
ORIGIN = "example.com."
ADDRESS = "192.0.2.80"
TTL = 300
NEGATIVE_TTL = 60
ECH = "AEX+DQBBpQAgACBmDQS4VJSCsGm6bK4nbZnxJKdO9Jf1VNZKQmLzOjHUXAAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA="
_LONG_TEXT = " ".join('"' + f"{number:03d}-".ljust(250, "x") + '"' for number in range(16))  # about 4 KiB
_MEDIUM_TEXT = " ".join('"' + f"{number:03d}-".ljust(220, "y") + '"' for number in range(4))  # about 900 octets

# Every record carries its TTL: unbound lets an explicit one change the default of those behind it.
ZONE = f"""$ORIGIN {ORIGIN}
@ {TTL} SOA ns1 hostmaster 1 3600 900 604800 {NEGATIVE_TTL}
@ {TTL} NS ns1
ns1 {TTL} A 192.0.2.53
www {TTL} A {ADDRESS}
www {TTL} AAAA 2001:db8::80
short 2 A 192.0.2.2
zero 0 A 192.0.2.0
alias {TTL} CNAME alias2
alias2 {TTL} CNAME alias3
alias3 {TTL} CNAME www
secure {TTL} HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1 ech={ECH}
service 120 HTTPS 0 secure.{ORIGIN}
_dns {TTL} SVCB 1 secure.{ORIGIN} alpn=dot,h2 port=8443 key7="/dns-query{{?dns}}" key65000="private"
mixed 60 TXT "one" "two"
unknown {TTL} TYPE65280 \\# 5 0102030405
long {TTL} TXT {_LONG_TEXT}
medium {TTL} TXT {_MEDIUM_TEXT}
*.many {TTL} A 192.0.2.7
*.many {TTL} AAAA 2001:db8::7
"""

_CONFIGURATION = """server:
  {interfaces}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{dir}"
  pidfile: ""
  use-syslog: no
  logfile: "{log}"
  log-queries: yes
  verbosity: 1
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  edns-buffer-size: 1232
  max-udp-size: 4096
  port: {plain}
  tls-port: {dot}
  https-port: {doh}
  http-endpoint: "/dns-query"
  http-max-streams: {streams}
  http-query-buffer-size: 16m
  http-response-buffer-size: 16m
  incoming-num-tcp: 1000
  tls-service-pem: "{chain}"
  tls-service-key: "{key}"
  tcp-idle-timeout: {idle}
  local-zone: "." refuse
  {transparent}
  {local_data}
remote-control:
  control-enable: no
{zones}
"""


class Unbound(server_process.ServerProcess):
    """A context manager. Ports stay the same over stop() and start(), so a test can take the server away and bring it back.

    `certificate` is from pki.Pki; `zones` maps origins to zone texts; `local_data` are raw unbound local-data lines;
    `command` goes before unbound, e.g. ["ip", "netns", "exec", NAME]; `resolving`: it answers as a recursive server does
    that asked the zones' servers (cached, without AA, validated if told to), not as one of these.
    """

    def __init__(self, directory, certificate, *, addresses=("127.0.0.1",), ports=None, zones=None, local_data=(), streams=1000,
                 idle_ms=30000, command=(), resolving=False):
        super().__init__(directory, "unbound")
        self._zones = {ORIGIN: ZONE} if zones is None else zones
        self._resolving = resolving
        self._command = [*command, "unbound", "-d", "-c", self._path("unbound.conf")]
        self._log = self._path("unbound.log")
        self.addresses = addresses
        self.plain_port, self.dot_port, self.doh_port = ports or _three_ports(() if command else addresses)
        self._configure(certificate, local_data, streams, idle_ms)

    def _configure(self, certificate, local_data, streams, idle_ms):
        ports = (self.plain_port, self.dot_port, self.doh_port)
        with open(self._path("unbound.conf"), "w", encoding="ascii") as file:
            file.write(_CONFIGURATION.format(
                dir=self._dir, log=self._log, plain=ports[0], dot=ports[1], doh=ports[2], streams=streams, idle=idle_ms,
                chain=certificate.chain, key=certificate.key,
                interfaces="\n  ".join(f"interface: {address}@{port}" for address in self.addresses for port in ports),
                transparent="\n  ".join(f'local-zone: "{origin}" transparent' for origin in self._zones),
                local_data="\n  ".join(local_data),
                zones="\n".join(self._zone(origin, text) for origin, text in self._zones.items())))

    def _zone(self, origin, text):
        name = "root" if origin == "." else origin.rstrip(".")
        with open(self._path(f"{name}.zone"), "w", encoding="ascii") as file:
            file.write(text)
        return (f'auth-zone:\n  name: "{origin}"\n  zonefile: "{self._path(name + ".zone")}"\n'
                f"  for-downstream: {'no' if self._resolving else 'yes'}\n  for-upstream: {'yes' if self._resolving else 'no'}\n  fallback-enabled: no")

    def _is_ready(self):
        return "start of service" in self.log().rpartition("service stopped")[2]

    def log(self):
        return super().log() + self._text("unbound.log")

    def asked(self):
        """The questions it was asked so far, in order: [("www.example.com.", "A"), …], names in lower case."""
        with open(self._log, encoding="ascii", errors="replace") as file:
            found = re.findall(r"info: [0-9a-f.:]+ (\S+) (\S+) IN\n", file.read())
        return [(name.lower(), kind) for name, kind in found]

    def count(self, name, kind="A"):
        """How often it was asked for `name`."""
        return self.asked().count((name.lower(), kind))

    def doh_url(self, host=None):
        return f"https://{scratch.url_host(host or self.addresses[0])}:{self.doh_port}/dns-query"

    def dot_url(self, host=None):
        return f"tls://{scratch.url_host(host or self.addresses[0])}:{self.dot_port}"

    def ask_plainly(self, name, kind="A", want_edns=True, want_dnssec=False):
        """What it answers over plain TCP: the truth to compare with."""
        query = dns.message.make_query(name, kind, use_edns=want_edns or want_dnssec, want_dnssec=want_dnssec)
        return dns.query.tcp(query, self.addresses[0], port=self.plain_port, timeout=5)


class Dnsdist:
    """A context manager: DoT at one address, and DoH too if it gets a port, in front of an Unbound's plain port. Unlike unbound 1.17
    it holds no small answer back until the one before is acknowledged (Nagle), and keeps idle DoH clients for longer than two minutes."""

    PROGRAM = "dnsdist"

    def __init__(self, directory, certificate, backend, *, port, doh_port=None, options="", command=()):
        """`options` are those of its DoT listener, as in its configuration: 'provider="gnutls", maxInFlight=2'."""
        self._path = os.path.join(directory, scratch.unique_name("dnsdist"))
        self.urls = {"dot": f"tls://{backend.addresses[0]}:{port}", "doh": f"https://{backend.addresses[0]}:{doh_port}/dns-query"}
        self._command = [*command, self.PROGRAM, "--supervised", "--disable-syslog", "-C", self._path]
        address = backend.addresses[0]
        doh = f'addDOHLocal("{address}:{doh_port}", "{certificate.chain}", "{certificate.key}", "/dns-query", {{idleTimeout=600}})' if doh_port else ""
        with open(self._path, "w", encoding="ascii") as file:
            file.write(f"""setLocal("127.0.0.1:{scratch.free_port()}")
setSecurityPollSuffix("")
newServer({{address="{address}:{backend.plain_port}", healthCheckMode="up"}})
addTLSLocal("{address}:{port}", "{certificate.chain}", "{certificate.key}", {{{options}}})
{doh}
""")

    def __enter__(self):
        with open(self._path + ".log", "wb") as log:
            self._process = scratch.start(self._command, stdout=log, stderr=log)
        scratch.eventually(lambda: "Listening on" in self.log() and "for TLS" in self.log(), within=60, what=lambda: f"dnsdist's readiness\n{self.log()}")
        return self

    def __exit__(self, *_):
        scratch.end(self._process)

    def log(self):
        with open(self._path + ".log", encoding="utf-8", errors="replace") as file:
            return file.read()


def _three_ports(addresses):
    return tuple(scratch.free_port(addresses) for _ in range(3))


def silent_port(address="127.0.0.1"):
    """A bound TCP socket that accepts by its backlog and never says a word."""
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 0))
    listener.listen(64)
    return listener


