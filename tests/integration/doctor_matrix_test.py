"""tacet doctor in many networks, honest ones and liars, alone and in pairs: each cheat gets its name, and nothing else does.

TACET_DOCTOR_RUNS: how often each network is judged (default 1). With words: runs only the networks whose names have one of them,
and prints what doctor says there.

    doctor_matrix_test.py injected portal
"""
import collections
import concurrent.futures
import contextlib
import os
import socket
import sys
import threading
import time
import unittest

import dns.message
import injector
import netlab
import pki
import scratch
from case import Case
from doctor_world import CLOUDFLARE, CLOUDFLARE_6, HOST, LIE, QUAD9, ROUTER, CanaryWorld, World

RUNS = int(os.environ.get("TACET_DOCTOR_RUNS", "1"))
GROUPS = "path,reach,who,net,tls,clock,self"
ALARMS = ("warning", "failure")


class Network:
    """`liars`: functions that make the network lie until their ExitStack is closed. `must`: what doctor has to say, (check, words of its
    meaning); `may`: checks that also may raise an alarm, because the same lie shows there."""

    def __init__(self, name, *liars, must=(), may=(), how=None):
        self.name, self.liars, self.must, self.may, self.how = name, liars, must, may, how or {}

    def __add__(self, other):
        return Network(f"{self.name} + {other.name}", *self.liars, *other.liars, must=(*self.must, *other.must), may=(*self.may, *other.may),
                       how={**self.how, **other.how})

    def faults(self, findings):
        """What is wrong with a verdict; empty if nothing is."""
        alarms = [each for each in findings if each["severity"] in ALARMS]
        missed = [f"missed {check} ({words})" for check, words in self.must
                  if not any(each["check"] == check and words in each["means"] for each in alarms)]
        allowed = {check for check, _ in self.must} | set(self.may)
        return missed + [f"false alarm {each['check']}: {each['seen']} ({each['means']})" for each in alarms if each["check"] not in allowed]


class Daemon:
    """A liar that is a program of its own on the far side."""

    def __init__(self, world, name, command, ready):
        self.log = world.path(scratch.unique_name(name) + ".log")
        self._file = open(self.log, "wb")
        self.process = world.lab.popen("b", command, stdout=self._file, stderr=self._file)
        scratch.eventually(lambda: ready(self), within=30, what=lambda: f"{name}: {self.text()}")

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def end(self):
        scratch.end(self.process)
        self._file.close()


# The liars. Each gets the world and a stack to be undone with.

def redirected_to(port):
    """Port 53 of every server but the network's own leads to a resolver of the network."""
    def liar(world, stack):
        world.nft(f"ip liar nat udp dport 53 ip daddr != {ROUTER} dnat to {ROUTER}:{port}\nip liar nat tcp dport 53 ip daddr != {ROUTER} dnat to {ROUTER}:{port}\n"
                  f"ip6 liar nat udp dport 53 dnat to [fd09::2]:{port}")
    return liar


def own_resolver(port):
    """The network's own resolver is another program."""
    def liar(world, stack):
        world.nft(f"ip liar nat ip daddr {ROUTER} udp dport 53 redirect to :{port}\nip liar nat ip daddr {ROUTER} tcp dport 53 redirect to :{port}")
    return liar


def unbound_at(port, *lines, identity=True):
    """A forwarder with these lines of configuration."""
    def liar(world, stack):
        conf = world.write(f"liar{port}.conf", f"""server:
  interface: {ROUTER}@{port}
  interface: fd09::2@{port}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{world.directory}"
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  verbosity: 1
  num-threads: 1
  module-config: "iterator"
  identity: "isp-cache-7"
  {'hide-identity: no' if identity else 'hide-identity: yes'}
  {chr(10).join('  ' + line for line in lines).strip()}
forward-zone:
  name: "."
  forward-addr: {CLOUDFLARE}
remote-control:
  control-enable: no
""")
        daemon = Daemon(world, f"unbound{port}", ["unbound", "-d", "-c", conf], lambda d: "start of service" in d.text())
        stack.callback(daemon.end)
    return liar


def dnsmasq_at(port, *options):
    def liar(world, stack):
        command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", f"--port={port}", f"--listen-address={ROUTER}", "--bind-interfaces", "--no-resolv",
                   "--no-hosts", "--user=root", "--pid-file=", "--log-facility=-", f"--server={CLOUDFLARE}", *options]
        stack.callback(Daemon(world, f"dnsmasq{port}", command, lambda d: "started" in d.text()).end)
    return liar


def recursor_at(port, *options, script=""):
    """PowerDNS' recursor as a forwarder."""
    def liar(world, stack):
        folder = world.path(f"recursor{port}")
        os.makedirs(folder, exist_ok=True)
        lua = world.write(f"recursor{port}.lua", script)
        command = ["pdns_recursor", f"--config-dir={folder}", f"--socket-dir={folder}", "--daemon=no", "--disable-syslog", "--write-pid=no", "--threads=1",
                   f"--local-address={ROUTER}:{port},[fd09::2]:{port}", "--allow-from=0.0.0.0/0,::/0", f"--forward-zones-recurse=.={CLOUDFLARE}", "--dont-query=",
                   "--server-id=isp-cache-7", "--security-poll-suffix=", f"--lua-dns-script={lua}", *options]
        stack.callback(Daemon(world, f"recursor{port}", command, lambda d: "Enabled" in d.text() and "multiplexer" in d.text()).end)
    return liar


def no_such_name_has_an_address():
    return recursor_at(5301, "--dnssec=off", script=f"""function nxdomain(dq)
  dq.rcode = 0
  if dq.qtype == pdns.A then dq:addAnswer(pdns.A, "{LIE}", 60) end
  return true
end
""")


def stripping():
    return recursor_at(5306, "--dnssec=off")


def forging():
    lines = [line for name in CanaryWorld.NAMES for line in (f'local-zone: "{name}." redirect', f'local-data: "{name}. 60 A {LIE}"', f'local-data: "{name}. 60 AAAA 2001:db8::bad"')]
    return unbound_at(5302, *lines)


def hiding_ech():
    lines = [line for name in CanaryWorld.ECH_NAMES for line in (f'local-zone: "{name}." redirect', f'local-data: "{name}. 60 HTTPS 1 . alpn=h2"')]
    return unbound_at(5303, *lines)


def injecting(world, stack):
    """A second sender answers every plain query, too."""
    stop = injector.start(world.lab.namespace("b"), "tunb", LIE)
    stack.callback(stop)


def dropping(*ports):
    def liar(world, stack):
        world.lab.set(drop_ports=ports)
        stack.callback(world.lab.set, drop_ports=())
    return liar


def rejecting(*ports):
    def liar(world, stack):
        world.nft("".join(f"{family} liar filter tcp dport {port} reject with tcp reset\n" for port in ports for family in ("ip", "ip6")).strip())
    return liar


def dead_v6(world, stack):
    world.lab.set(v6=False)
    stack.callback(world.lab.set, v6=True)


def losing(share, delay=0.002):
    def liar(world, stack):
        world.lab.set(loss=share, delay=delay)
        stack.callback(world.lab.set, loss=0.0, delay=0.002)
    return liar


def resetting_by_name(world, stack):
    """The kernel resets connections whose greeting has the upstream's name."""
    rule = ["INPUT", "-p", "tcp", "-m", "string", "--string", HOST, "--algo", "bm", "-j", "REJECT", "--reject-with", "tcp-reset"]
    world.lab.run("b", ["iptables", "-A", *rule], check=True)
    stack.callback(world.lab.run, "b", ["iptables", "-D", *rule], check=True)


def opened_by(authority):
    """dnsdist ends every TLS connection with a certificate of another authority, and asks the true resolver in clear behind it."""
    def liar(world, stack):
        certificate = world.liars[authority].named(f"IP:{CLOUDFLARE}", f"IP:{QUAD9}", f"IP:{CLOUDFLARE_6}", f"DNS:{HOST}")
        conf = world.write("opener.conf", f"""setLocal("127.0.0.1:5399")
setSecurityPollSuffix("")
newServer({{address="{CLOUDFLARE}:53", healthCheckMode="up"}})
addTLSLocal("{ROUTER}:8853", "{certificate.chain}", "{certificate.key}")
addDOHLocal("{ROUTER}:8443", "{certificate.chain}", "{certificate.key}", "/dns-query")
setACL({{"0.0.0.0/0", "::/0"}})
""")
        stack.callback(Daemon(world, "dnsdist", ["dnsdist", "--supervised", "--disable-syslog", "-C", conf], lambda d: d.text().count("Listening on") >= 3).end)
        world.nft(f"ip liar nat tcp dport 443 ip daddr != {ROUTER} dnat to {ROUTER}:8443\nip liar nat tcp dport 853 ip daddr != {ROUTER} dnat to {ROUTER}:8853")
    return liar


def portal(world, stack):
    """Every name leads to the login page, and so does every connection; nothing else passes."""
    opened_by("portal")(world, stack)
    dnsmasq_at(5304, f"--address=/#/{ROUTER}")(world, stack)
    world.nft(f"ip liar nat udp dport 53 redirect to :5304\nip liar nat tcp dport 53 redirect to :5304\nip liar filter tcp dport 853 ip daddr != {ROUTER} drop\nip6 liar filter meta l4proto tcp drop")


def at(offset):
    return {"under": ("faketime", "-f", offset)}


SYSTEM, MOZILLA = "/etc/ssl/certs/ca-certificates.crt", "/usr/share/ca-certificates/mozilla"


def by_system_roots(world, stack):
    """The upstreams are trusted by the system's authorities, among which is one more than Mozilla has."""
    world.configure({"url": f"https://{CLOUDFLARE}/dns-query"}, {"url": f"tls://{QUAD9}"})
    stack.callback(world.configure)


def by_name(world, stack):
    world.configure(world.entry(f"https://{HOST}/dns-query", CLOUDFLARE), world.entry(f"tls://{QUAD9}"))
    stack.callback(world.configure)


def by_name_only(world, stack):
    world.configure(world.entry(f"https://{HOST}/dns-query", CLOUDFLARE), world.entry(f"tls://{HOST}", CLOUDFLARE))
    stack.callback(world.configure)


def both_families(world, stack):
    world.configure(world.entry(f"https://{HOST}/dns-query", CLOUDFLARE, CLOUDFLARE_6), world.entry(f"tls://{QUAD9}"))
    stack.callback(world.configure)


INTERCEPTED = (("path.nonserver", "answers packets for port 53"), ("path.identity", "transparent proxy"))
redirect = Network("redirected to unbound", redirected_to(53), must=INTERCEPTED)
redirect_dnsmasq = Network("redirected to dnsmasq", dnsmasq_at(5300), redirected_to(5300), must=INTERCEPTED, may=("path.forged",))
nameless = Network("redirected to a nameless resolver", unbound_at(5305, identity=False), redirected_to(5305), must=INTERCEPTED)
rewrite = Network("NXDOMAIN rewritten by the network's resolver", no_such_name_has_an_address(), own_resolver(5301), must=(("path.nxdomain", "mistyped names"),))
rewrite_all = Network("NXDOMAIN rewritten for every server", no_such_name_has_an_address(), redirected_to(5301), must=(*INTERCEPTED, ("path.nxdomain", "mistyped names"), ("path.forged", "removes signatures")))
forge = Network("forged by the network's resolver", forging(), own_resolver(5302), must=(("path.forged", "forged"),), may=("path.nxdomain",))
forge_all = Network("forged for every server", forging(), redirected_to(5302), must=(*INTERCEPTED, ("path.forged", "forged")), may=("path.nxdomain",))
strip = Network("stripped for every server", stripping(), redirected_to(5306), must=(*INTERCEPTED, ("path.forged", "removes signatures")))
old_forwarder = Network("honest, with an old forwarder", stripping(), own_resolver(5306))
no_ech = Network("ECH removed by the network's resolver", hiding_ech(), own_resolver(5303), must=(("path.ech", "ECH is removed"),))
inject = Network("injected second answers", injecting, must=(("path.race", "ahead of the true ones"),), may=("path.nonserver", "path.forged", "path.nxdomain", "path.identity", "path.ech"))
no_853 = Network("port 853 dropped", dropping(853), must=(("reach", "blocks port 853"),))
no_853_reset = Network("port 853 reset", rejecting(853), must=(("reach", "blocks port 853"),))
no_443 = Network("port 443 dropped", dropping(443), must=(("reach", "blocks port 443"),))
nothing_encrypted = Network("ports 443 and 853 dropped", dropping(443, 853), must=(("reach", "encrypted DNS does not"),))
no_v6 = Network("IPv6 leads nowhere", dead_v6, both_families, must=(("net.ipv6", "leads nowhere"),))
by_sni = Network("reset by name", by_name, resetting_by_name, must=(("reach", "the server's name in the greeting"),))
by_sni_all = Network("every upstream reset by name", by_name_only, resetting_by_name, must=(("reach", "names in the greeting"),))
opened = Network("TLS opened by an installed authority", by_system_roots, opened_by("installed"), must=(("tls.intercept", "opens the encryption"),))
untrusted = Network("TLS opened by an unknown authority", by_system_roots, opened_by("unknown"), must=(("tls.intercept", "without a valid certificate"), ("reach", "other servers answer")))
login = Network("a portal", portal, must=(("net.portal", "login"),), may=("path.nonserver", "path.identity", "path.nxdomain", "path.forged", "path.ech", "reach"))
late = Network("the clock is 400 days ahead", must=(("clock", "clock is wrong"),), may=("reach",), how=at("+400d"))
early = Network("the clock is 400 days behind", must=(("clock", "clock is wrong"),), may=("reach",), how=at("-400d"))
honest = Network("honest")
trusted = Network("honest, trusted by the system", by_system_roots)
lossy = Network("honest, 2 % lost", losing(0.02))
lossier = Network("honest, 5 % lost", losing(0.05))
slow = Network("honest, 600 ms away", losing(0.0, delay=0.3))
slow_lossy = Network("honest, 200 ms away, 2 % lost", losing(0.02, delay=0.1))
named = Network("honest, by name, both families", both_families)

NETWORKS = [
    honest, trusted, lossy, lossier, slow, slow_lossy, named, old_forwarder,
    redirect, redirect_dnsmasq, nameless, rewrite, rewrite_all, forge, forge_all, strip, no_ech, inject, no_853, no_853_reset, no_443, nothing_encrypted, no_v6,
    by_sni, by_sni_all, opened, untrusted, login, late, early,
    redirect + no_853, redirect + nothing_encrypted, forge_all + lossy, inject + no_853, inject + lossy, rewrite + no_443, strip + no_853, no_ech + by_sni,
    opened + redirect, forge + no_v6, late + redirect, no_853 + lossy, rewrite_all + by_sni, login + lossy,
]


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Traces(Case):
    """dnsdist answers at /cdn-cgi/trace as Cloudflare's servers do."""

    PAGE = r"fl=1\nh=1.1.1.1\nip=203.0.113.7\ncolo=FRA\nloc=DE\ntls=TLSv1.3\nkex=X25519\nsni=off\nwarp={}\n"

    def findings(self, warp):
        world = self.enterContext(World(self.directory, self.pki, resolvers={CLOUDFLARE: "FRA"}))
        certificate = self.pki.named(f"IP:{CLOUDFLARE}")
        conf = world.write("tracing.conf", f"""setLocal("127.0.0.1:5399")
setSecurityPollSuffix("")
newServer({{address="{CLOUDFLARE}:53", healthCheckMode="up"}})
addDOHLocal("{CLOUDFLARE}:8443", "{certificate.chain}", "{certificate.key}", {{"/dns-query", "/cdn-cgi/trace"}})
getDOHFrontend(0):setResponsesMap({{newDOHResponseMapEntry("^/cdn-cgi/trace$", 200, "{self.PAGE.format(warp)}")}})
setACL({{"0.0.0.0/0"}})
""")
        dnsdist = Daemon(world, "dnsdist", ["dnsdist", "--supervised", "--disable-syslog", "-C", conf], lambda d: d.text().count("Listening on") >= 2)
        self.addCleanup(dnsdist.end)
        world.configure(world.entry(f"https://{CLOUDFLARE}:8443/dns-query"))
        return world.findings("--only", "who,warp")

    def test_what_the_site_sees_of_the_asker_is_shown(self):
        who = [each["seen"] for each in self.findings("off") if each["check"] == "who"]
        self.assertRegex(who[0], r"^1\.1\.1\.1 at FRA, \d+\.\d ms; its trace: FRA, sees 203\.0\.113\.7 \(DE\), TLSv1\.3 with X25519, SNI off, WARP off$")

    def test_warp_that_carries_the_traffic_is_told_without_its_interface(self):
        self.assertEqual([each["seen"] for each in self.findings("plus") if each["check"] == "warp"], ["warp=plus"])


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class PortalProbes(Case):
    """No upstream passes, and doctor fetches a page by plain HTTP."""

    def world(self):
        world = self.enterContext(World(self.directory, self.pki))
        world.lab.set(drop_ports=(443, 853))
        world.lab.run("b", ["ip", "addr", "add", "192.0.2.1/32", "dev", "lo"], check=True)  # of the page's host
        return world

    def serve(self, world, script):
        path = world.write("server.py", script)
        server = Daemon(world, "http", [sys.executable, path], lambda d: "ready" in d.text())
        self.addCleanup(server.end)

    HANDLER = """import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        {}
        self.end_headers()
        {}
server = http.server.HTTPServer(("", 80), Handler)
print("ready", flush=True)
server.serve_forever()
"""

    def portal(self, world, *words):
        return next(each for each in world.findings("--only", "path,reach,net", *words) if each["check"] == "net.portal")

    def test_the_true_page_is_no_portal(self):
        world = self.world()
        self.serve(world, self.HANDLER.format("self.send_response(200)", "self.wfile.write(b'all is open, says the page')"))
        self.assertEqual(self.portal(world)["severity"], "unknown")
        self.assertEqual(self.portal(world, "--portal-probe")["severity"], "ok")

    def test_a_redirection_is_a_portal_with_its_page(self):
        world = self.world()
        self.serve(world, self.HANDLER.format("self.send_response(302); self.send_header('Location', 'http://login.example/hotel')", ""))
        found = self.portal(world, "--portal-probe")
        self.assertEqual(found["severity"], "failure")
        self.assertIn("log in at http://login.example/hotel", found["remedy"])

    def test_a_rehearsal_names_the_page_and_the_question(self):
        told = self.world().doctor("--dry-run", "--portal-probe", "--only", "net").stdout
        self.assertIn(f"UDP to {ROUTER}:53: {CanaryWorld.NAMES[0]}. A", told)
        self.assertIn(f"GET http://{CanaryWorld.NAMES[0]}/nm", told)


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Matrix(Case):
    """Some worlds work beside each other: doctor mostly waits."""

    WORLDS = 3

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.liars = {}
        for word in ("installed", "unknown", "portal"):
            folder = os.path.join(cls.directory, word)
            os.mkdir(folder)
            cls.liars[word] = pki.Pki(folder)
        mozilla = os.path.join(cls.directory, "mozilla")
        os.mkdir(mozilla)
        cls._copy((cls.pki.ca,), os.path.join(mozilla, "test.crt"))
        bundle = os.path.join(cls.directory, "bundle.crt")
        cls._copy((cls.pki.ca, cls.liars["installed"].ca), bundle)
        cls.binds = ((bundle, SYSTEM), (mozilla, MOZILLA))
        signed = CanaryWorld()
        cls.free = []
        for _ in range(cls.WORLDS):
            world = cls.enterClassContext(World(cls.directory, cls.pki, signed))
            world.liars = cls.liars
            cls.free.append(world)
        cls.lock = threading.Lock()

    @staticmethod
    def _copy(sources, target):
        with open(target, "wb") as out:
            for source in sources:
                with open(source, "rb") as file:
                    out.write(file.read())

    def judge(self, network, runs=RUNS, show=False):
        """The faults of each run, and how long each took."""
        with self.lock:
            world = self.free.pop()
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(world.forget_rules)
                for liar in network.liars:
                    liar(world, stack)
                results = []
                for _ in range(runs):
                    begun = time.monotonic()
                    findings = world.findings("--only", GROUPS, binds=self.binds, **network.how)
                    results.append((network.faults(findings), time.monotonic() - begun))
                    for each in findings if show else ():
                        print(f"{each['severity']:8} {each['check']:15} {each['seen']}  [{each['means']}]")
                return results
        finally:
            with self.lock:
                self.free.append(world)

    def test_a_network_leaves_no_trace_for_the_next_one(self):
        world, query = self.free[0], dns.message.make_query("id.server", "TXT", "CH")

        def name_of_quad9():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.bind(("0.0.0.0", 5353))  # always the same port
                client.settimeout(10)
                client.sendto(query.to_wire(), (QUAD9, 53))
                return dns.message.from_wire(client.recv(4096)).answer[0][0].strings[0].decode()

        names = []
        for liar in (own_resolver(53), redirected_to(53), own_resolver(53)):  # each makes the kernel look for translations
            liar(world, None)
            names.append(netlab.call(world.lab.namespace("a"), name_of_quad9))
            world.forget_rules()
        self.assertEqual(names, ["res1.fra", "home", "res1.fra"])

    def test_every_cheat_gets_its_name_and_nothing_else_does(self):
        wrong = []
        with concurrent.futures.ThreadPoolExecutor(self.WORLDS) as pool:
            judged = list(pool.map(lambda network: (network, self.judge(network)), NETWORKS))
        print()
        for network, results in judged:
            right = sum(not faults for faults, _ in results)
            print(f"{network.name:62} {right:3}/{len(results)}  slowest {max(seconds for _, seconds in results):.1f} s")
            kinds = collections.Counter("; ".join(faults) for faults, _ in results if faults)
            wrong += [f"{network.name}, {times} times: {faults}" for faults, times in kinds.items()]
        self.assertEqual(wrong, [], "\n".join(wrong))


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith(("Matrix", "Traces", "PortalProbes")):
        Matrix.setUpClass()
        try:
            case = Matrix("test_every_cheat_gets_its_name_and_nothing_else_does")
            for chosen in NETWORKS:
                if any(word in chosen.name for word in sys.argv[1:]):
                    print(f"== {chosen.name}")
                    print(case.judge(chosen, show=True))
        finally:
            Matrix.tearDownClass()
            Matrix.doClassCleanups()
    else:
        unittest.main()
