"""The internet as tacet doctor sees it, in two namespaces: public resolvers with signed canaries, and a network that may lie.

    with World(directory, pki) as world:
        world.nft("…")                       # rules of the network (the far side)
        findings = world.findings("--only", "path,reach")

The resolvers are unbound at their well-known addresses, by plain DNS, DoT and DoH; every zone is signed up to a root of our own.
"""
import contextlib
import functools
import json
import os
import socket
import struct
import subprocess

import netlab
import scratch
import servers
import tacet
from signed_world import TLDS, SignedWorld

CLOUDFLARE, QUAD9, ROUTER = "1.1.1.1", "9.9.9.9", "10.9.0.2"
CLOUDFLARE_6 = "2606:4700:4700::1111"
HOST = "dns.cloud.example"  # in the certificate of the first resolver
LIE = "198.51.100.66"
_ZONE = "@ 300 SOA ns hostmaster 1 3600 900 604800 60\n@ 300 NS ns\nns 300 A 192.0.2.53\n@ 300 A 192.0.2.{0}\n@ 300 AAAA 2001:db8::{0}\n"
_ECH = f"@ 300 HTTPS 1 . alpn=h2 ech={servers.ECH}\n"


class CanaryWorld(SignedWorld):
    """Ten signed zones below four signed domains, and two that publish ECH."""

    NAMES = [f"canary{number}.{tld}" for number, tld in enumerate([*TLDS, *TLDS, "alpha", "beta"], 1)]
    ECH_NAMES = ["ech1.alpha", "ech2.beta"]

    @functools.cached_property
    def texts(self):
        return self.zone_texts()

    def _fill(self, *_):
        for number, name in enumerate(self.NAMES, 1):
            self.signed(f"{name}.", _ZONE.format(number), insecure_below=False)
        for number, name in enumerate(self.ECH_NAMES, 101):
            self.signed(f"{name}.", _ZONE.format(number) + _ECH, insecure_below=False)


def canaries_text():
    """The file for doctor's --canaries."""
    return json.dumps({"expires": "2099-01-01", "signed": CanaryWorld.NAMES, "ech": CanaryWorld.ECH_NAMES, "resolvers": {CLOUDFLARE: "Cloudflare", QUAD9: "Quad9"},
                       "portal": {"url": f"http://{CanaryWorld.NAMES[0]}/nm", "text": "all is open"}})


def _forget_translations():
    """The kernel forgets the connections of this namespace (IPCTNL_MSG_CT_DELETE of ctnetlink, without a filter)."""
    delete, wants_acknowledgement, netfilter = 0x0102, 0x0005, 12
    request = struct.pack("=IHHIIBBH", 20, delete, wants_acknowledgement, 1, 0, socket.AF_UNSPEC, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, netfilter) as kernel:
        kernel.send(request)
        error = -struct.unpack_from("=i", kernel.recv(4096), 16)[0]
    if error:
        raise OSError(error, os.strerror(error))


class Daemon:
    """A program on the far side."""

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


class World:
    """Entering one may be done beside others; making one may not, for the authority keeps a list."""

    RESOLVERS = {ROUTER: "home", CLOUDFLARE: "FRA", QUAD9: "res1.fra"}

    def __init__(self, directory, pki, signed=None, resolvers=RESOLVERS):
        self.directory = os.path.join(directory, scratch.unique_name("world"))
        os.mkdir(self.directory)
        self.pki, self.signed, self._resolvers = pki, signed or CanaryWorld(), resolvers
        self._certificate = pki.named(f"IP:{CLOUDFLARE}", f"IP:{QUAD9}", f"IP:{CLOUDFLARE_6}", f"DNS:{HOST}")
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.lab = stack.enter_context(netlab.Lab("doctor", delay=0.002))
            for address in (CLOUDFLARE, QUAD9):
                self.lab.run("b", ["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
            netlab.give(self.lab.namespace("b"), "lo", CLOUDFLARE_6, 128)
            self.servers = {address: stack.enter_context(self._resolver(address, name)) for address, name in self._resolvers.items()}
            self._stack = stack.pop_all()
        self.write("canaries.yaml", canaries_text())
        self.configure()
        self.use_resolver(ROUTER)
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _resolver(self, address, name):
        addresses = (address, CLOUDFLARE_6) if address == CLOUDFLARE else (address,)
        return servers.Unbound(self.directory, self._certificate, addresses=addresses, ports=(53, 853, 443), command=self.lab.command("b"),
                               zones=self.signed.texts, resolving=True, local_data=(f'identity: "{name}"', "hide-identity: no"))

    def entry(self, url, *addresses, **more):
        return {"url": url, "ca_file": self.pki.ca, **({"addresses": list(addresses)} if addresses else {}), **more}

    def configure(self, *entries, **settings):
        """The configuration of doctor; without entries, two upstreams by DoH and DoT."""
        self.config = self.write("tacet.yaml", json.dumps({
            "control": {"socket": self.path("none.sock")}, "dnssec": {"trust_anchors": self.signed.anchors()},
            "upstreams": list(entries) or [self.entry(f"https://{CLOUDFLARE}/dns-query"), self.entry(f"tls://{QUAD9}")], **settings}))

    def use_resolver(self, *addresses):
        """What the network announces."""
        self.write("resolv.conf", "".join(f"nameserver {address}\n" for address in addresses))

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def nft(self, rules):
        """Rules of the network; a table of each family is there: ip liar, ip6 liar, with the chains `nat` and `filter`."""
        tables = "".join(f"add table {family} liar\nadd chain {family} liar nat {{ type nat hook prerouting priority -100; }}\n"
                         f"add chain {family} liar filter {{ type filter hook prerouting priority 0; }}\n" for family in ("ip", "ip6"))
        subprocess.run(self.lab.command("b", "nft", "-f", "-"), input=tables + "".join(f"add rule {rule}\n" for rule in rules.splitlines()),
                       text=True, check=True)

    def forget_rules(self):
        """Takes back what nft() made, the translations of ports among it: else a later query from such a port still goes astray."""
        self.lab.run("b", ["nft", "flush ruleset"], check=True)
        netlab.call(self.lab.namespace("b"), _forget_translations)

    def doctor(self, *words, under=(), binds=(), config=None):
        """Runs it with the announced resolvers in /etc/resolv.conf. `under`: words before the command; `binds`: (file, place) over which
        it sees this file there; `config`: a file in place of configure()'s."""
        mounts = [(self.path("resolv.conf"), "/etc/resolv.conf"), *binds]
        script = "".join(f"mount --bind '{file}' '{place}' && " for file, place in mounts) + 'exec "$@"'
        command = ["unshare", "-m", "sh", "-c", script, "sh", *under, tacet.BINARY, "doctor", "--config", config or self.config, "--canaries",
                   self.path("canaries.yaml"), *words]
        return self.lab.run("a", command, capture_output=True, text=True, timeout=60, check=False)

    def findings(self, *words, **how):
        done = self.doctor("--json", *words, **how)
        if done.returncode not in (0, 1, 2):
            raise AssertionError(f"{done.returncode}: {done.stderr}")
        return json.loads(done.stdout)["findings"]
