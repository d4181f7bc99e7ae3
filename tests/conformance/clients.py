#!/usr/bin/env python3
"""Real clients against the daemon in a network namespace where it is the machine's resolver: what each of them gets.

    clients.py        prints the matrix; 1 if a client that is here fails, or one that must be here is not
"""
import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import clients_sources as sources
import netlab
import pki
import scratch
import zones
from tacet import Tacet

COLUMNS = ("A", "AAAA", "HTTPS", "TXT 4 KiB", "NXDOMAIN", "NODATA")
NAMES = {"A": ("www.example.com", "A"), "AAAA": ("www.example.com", "AAAA"), "HTTPS": ("secure.example.com", "HTTPS"),
         "TXT 4 KiB": ("long.example.com", "TXT"), "NXDOMAIN": ("nothing.example.com", "A"), "NODATA": ("ns1.example.com", "AAAA")}
NUMBERS = {"A": "1", "AAAA": "28", "HTTPS": "65", "TXT": "16"}
WANTED = {"A": "192.0.2.80", "AAAA": "2001:db8::80", "TXT 4 KiB": "015-xxx"}
IN_WIRE = {"A": "c0000250", "AAAA": "20010db8" + "0" * 22 + "80", "HTTPS": "ech".encode().hex(), "TXT 4 KiB": b"015-xxx".hex()}
RESOLV_CONF = "nameserver 127.0.0.1\noptions timeout:3 attempts:1\n"
REQUIRED = ("dig", "kdig", "glibc", "c-ares", "python", "curl")


@dataclasses.dataclass(frozen=True)
class Client:
    """`command(name, type)` is what to run; `wanted` maps columns to what must be in its output (None: it cannot ask that)."""

    name: str
    package: str
    is_here: Callable  # () -> bool
    command: Callable
    wanted: dict
    build: Callable = lambda directory: None


def have(*programs):
    return lambda: all(shutil.which(program) for program in programs)


def printed(**changes):
    """What a program prints that shows records as text."""
    return {**WANTED, "HTTPS": "ech=", "NXDOMAIN": "NXDOMAIN", "NODATA": "NODATA", **{column.replace("_", " "): text for column, text in changes.items()}}


def wire(**changes):
    """What a program prints that shows the answer's octets."""
    ech = "fe0d0041"
    return {**IN_WIRE, "HTTPS": ech, "NXDOMAIN": "NXDOMAIN", "NODATA": "NODATA", **{column.replace("_", " "): text for column, text in changes.items()}}


def _make(words, **options):
    done = subprocess.run(words, text=True, capture_output=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}:\n{done.stderr}")


def compiled(compiler, source, *libraries):
    """Builds a program from C; the command is (path of it)."""
    def build(directory):
        path = os.path.join(directory, scratch.unique_name("client"))
        _make([compiler, "-x", "c", "-o", path, "-", *libraries], input=source)
        return path
    return build


def _file(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _go(directory):
    binary = os.path.join(directory, "resolve_go")
    environment = {**os.environ, "GOCACHE": os.path.join(directory, "gocache"), "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOPATH": os.path.join(directory, "go")}
    _make(["go", "build", "-o", binary, _file(directory, "resolve.go", sources.GO)], env=environment)
    return binary


def _java(directory):
    _make(["javac", "-d", directory, _file(directory, "Resolve.java", sources.JAVA)])
    return directory


def _resolved_program():
    return os.environ.get("TACET_RESOLVED", "/lib/systemd/systemd-resolved")


DIG = ("+noall", "+answer", "+comments", "+tries=1", "+timeout=5")
ADDRESSES_ONLY = {"HTTPS": None, "TXT_4_KiB": None}
MESSAGES = {"NXDOMAIN": "NXDOMAIN", "NODATA": "ANSWER: 0"}
CLIENTS = (
    Client("dig", "bind9-dnsutils", have("dig"), lambda _, name, kind: ["dig", *DIG, name, kind], printed(**MESSAGES)),
    Client("dig by TCP", "bind9-dnsutils", have("dig"), lambda _, name, kind: ["dig", "+tcp", *DIG, name, kind], printed(**MESSAGES)),
    Client("kdig", "knot-dnsutils", have("kdig"), lambda _, name, kind: ["kdig", "+time=5", "+retry=0", name, kind], printed(NXDOMAIN="NXDOMAIN", NODATA="ANSWER: 0")),
    Client("drill", "ldnsutils", have("drill"), lambda _, name, kind: ["drill", *(("-t",) if kind == "TXT" else ()), name, kind], printed(**MESSAGES)),
    Client("delv", "bind9-dnsutils", have("delv"), lambda _, name, kind: ["delv", "-i", name, kind], printed(NXDOMAIN="ncache nxdomain", NODATA="ncache nxrrset")),
    Client("host", "bind9-host", have("host"), lambda _, name, kind: ["host", "-t", kind, name], printed(NXDOMAIN="NXDOMAIN", NODATA="has no AAAA")),
    Client("glibc", "gcc", have("gcc"), lambda made, name, kind: [made, name, kind], printed(**ADDRESSES_ONLY), compiled("gcc", sources.C_GETADDRINFO)),
    Client("glibc res_query", "gcc", have("gcc"), lambda made, name, kind: [made, name, NUMBERS[kind]], wire(), compiled("gcc", sources.C_RES_QUERY, "-lresolv")),
    Client("musl", "musl-tools", have("musl-gcc"), lambda made, name, kind: [made, name, kind], printed(NODATA=("NODATA", "NXDOMAIN"), **ADDRESSES_ONLY),
           compiled("musl-gcc", sources.C_GETADDRINFO, "-static")),
    Client("musl res_query", "musl-tools", have("musl-gcc"), lambda made, name, kind: [made, name, NUMBERS[kind]],
           wire(TXT_4_KiB=None), compiled("musl-gcc", sources.C_RES_QUERY, "-static")),  # musl knows TCP from 1.2.4 on
    Client("c-ares", "libc-ares-dev", have("gcc"), lambda made, name, kind: [made, name, NUMBERS[kind]], wire(), compiled("gcc", sources.C_ARES, "-lcares")),
    Client("python", "python3", have("python3"), lambda _, name, kind: ["python3", "-c", sources.PYTHON, name, kind], printed(NODATA=("NODATA", "NXDOMAIN"), **ADDRESSES_ONLY)),
    Client("node lookup", "nodejs", have("node"), lambda _, name, kind: ["node", "-e", sources.NODE, name, "LOOKUP"],
           printed(**ADDRESSES_ONLY, NODATA=None)),  # it asks for both families at once
    Client("node resolve", "nodejs", have("node"), lambda _, name, kind: ["node", "-e", sources.NODE, name, kind], printed(HTTPS=None)),
    Client("go", "golang-go", have("go"), lambda made, name, kind: [made, name, kind], printed(HTTPS=None, NODATA=("NODATA", "NXDOMAIN")), _go),
    Client("java", "openjdk-17-jdk-headless", have("java", "javac"), lambda made, name, kind: ["java", "-Xshare:auto", "-cp", made, "Resolve", name, kind],
           printed(AAAA="2001:db8:0:0:0:0:0:80", HTTPS=None), _java),
    Client("curl", "curl", have("curl"), lambda _, name, kind: ["curl", "-6" if kind == "AAAA" else "-4", "-sSv", "--max-time", "5", f"http://{name}:9/"],
           printed(NXDOMAIN="Could not resolve host", NODATA=("Could not resolve host", "curl: (7)"), **ADDRESSES_ONLY)),  # 7: nothing left to connect to
    Client("systemd-resolved", "systemd-resolved", lambda: os.path.exists(_resolved_program()), lambda _, name, kind: ["dig", "@127.0.0.53", *DIG, name, kind],
           printed(**MESSAGES)),
    Client("chromium", "chromium", have("chromium"),
           lambda _, name, __: ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--user-data-dir=profile", "--dump-dom", f"http://{name}/"],
           {"A": "a page by IPv4", "AAAA": None, "HTTPS": None, "TXT 4 KiB": None, "NXDOMAIN": None, "NODATA": None}),
)


class Place:
    """The namespace with the upstream, the daemon and a web server in it."""

    def __init__(self, stack):
        self._stack, self.directory = stack, stack.enter_context(scratch.directory())
        self.namespace = stack.enter_context(netlab.Namespace(files={"resolv.conf": RESOLV_CONF, "nsswitch.conf": "hosts: files dns\n", "hosts": ""}))
        for address in ("192.0.2.80/32", "2001:db8::80/128"):
            self.run(["ip", "addr", "add", address, "dev", "lo"])
        self.background([sys.executable, "-c", sources.LINK])
        scratch.eventually(lambda: "default" in self.run(["ip", "-6", "route"]), what="the link")
        authority = pki.Pki(self.directory)
        inside = self.namespace.command()
        self.upstream = stack.enter_context(zones.resolver(self.directory, authority.good(), command=inside))
        self.daemon = stack.enter_context(Tacet(self.directory, command=inside, upstreams=[{"url": self.upstream.doh_url(), "ca_file": authority.ca}]))

    def run(self, words, seconds=30):
        done = self.namespace.run(words, capture_output=True, text=True, timeout=seconds, cwd=self.directory, stdin=subprocess.DEVNULL)
        return done.stdout + done.stderr

    def background(self, words):
        with open(os.path.join(self.directory, "background.log"), "ab") as log:
            process = scratch.start(self.namespace.command(*words), stdout=log, stderr=log, cwd=self.directory)
        self._stack.callback(scratch.end, process)

    def start_web(self):
        _file(self.directory, "index.html", "<p>a page by IPv4</p>")
        self.background([sys.executable, "-m", "http.server", "--bind", "192.0.2.80", "80"])
        scratch.eventually(lambda: "200" in self.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://192.0.2.80/"]), what="the web server")

    def start_resolved(self):
        """As a user without rights but for its port, as its unit does, on a /run of its own. False if it will not run here."""
        rights = "+net_bind_service,+net_raw,+setpcap"
        settings = "[Resolve]\\nDNS=127.0.0.1\\nDNSSEC=no\\nCache=no\\n"
        self.background(["sh", "-ec", "mount -t tmpfs tmpfs /run/systemd && cd /run/systemd && mkdir resolve resolved.conf.d && chown nobody resolve && "
                         f"printf '{settings}' >resolved.conf.d/tacet.conf && exec setpriv --reuid=nobody --regid=nogroup --clear-groups "
                         f"--inh-caps={rights} --ambient-caps={rights} {_resolved_program()}"])
        with contextlib.suppress(AssertionError):
            scratch.eventually(lambda: "NOERROR" in self.run(["dig", "@127.0.0.53", "+tries=1", "+timeout=1", "www.example.com"]), within=60, every=0.3)
            return True
        return False


def judge(client, made, place):
    """{column: "ok", "-" or what came instead}."""
    results = {}
    for column in COLUMNS:
        wanted = client.wanted[column]
        if wanted is None:
            results[column] = "-"
            continue
        output = place.run(client.command(made, *NAMES[column]))
        texts = (wanted,) if isinstance(wanted, str) else wanted
        flat = output.replace(" ", "").lower() if "fe0d" in texts[0] else output
        results[column] = "ok" if any(text in flat for text in texts) else f"got: {output[-600:]!r}"
    return results


def chromium_asked_https(place):
    """A browser asks for HTTPS records by itself."""
    with contextlib.suppress(AssertionError):
        return scratch.eventually(lambda: place.upstream.count("www.example.com.", "HTTPS"))
    return False


def prepare(client, place):
    """What the client's command needs; a string says why it cannot run here."""
    if client.name == "chromium":
        place.start_web()
    if client.name == "systemd-resolved" and not place.start_resolved():
        return None, "it does not run without its service manager"
    return client.build(place.directory), ""


def show(name, results):
    print(f"{name:<18}" + "".join(f"{results[column] if len(results[column]) < 3 else 'FAIL':<11}" for column in COLUMNS), flush=True)
    for column, result in results.items():
        if len(result) > 2:
            print(f"    {column}: {result}")


def main():
    if netlab.why_not():
        print(netlab.why_not())
        return 77
    failed = []
    print(f"{'':<18}" + "".join(f"{column:<11}" for column in COLUMNS))
    with contextlib.ExitStack() as stack:
        place = Place(stack)
        for client in CLIENTS:
            if not client.is_here():
                print(f"{client.name:<18}not here (package {client.package}), skipped")
                failed += [client.name] if client.name in REQUIRED else []
                continue
            made, why_not = prepare(client, place)
            if why_not:
                print(f"{client.name:<18}skipped: {why_not}")
                continue
            begun = time.monotonic()
            results = judge(client, made, place)
            if client.name == "chromium" and results["A"] == "ok":
                results["HTTPS"] = "ok" if chromium_asked_https(place) else "no HTTPS query"
            show(client.name, results)
            if any(len(result) > 2 for result in results.values()):
                failed.append(client.name)
            if time.monotonic() - begun > 20:
                print(f"    took {time.monotonic() - begun:.0f} s")
        place.daemon.stop()
    print(f"failed: {', '.join(failed)}" if failed else "every client that is here gets what it asks for")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
