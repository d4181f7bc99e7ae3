"""Networks for tacet doctor, honest ones and liars, alone and in pairs, and what it has to say in each of them."""
import os

import injector
from doctor_world import CLOUDFLARE, CLOUDFLARE_6, HOST, LIE, QUAD9, ROUTER, CanaryWorld, Daemon

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
