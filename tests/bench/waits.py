"""How long a page's names take: tacet beside every resolver found among Debian's packages, on a trace of page loads at a person's pace.

    /usr/bin/python3 tests/bench/waits.py --binary build/release/tacet --seconds 900 --seeds 1 2 3       # root; see page_trace.py

Each contestant has a network, an upstream (dnsdist for DoT and DoH before page_authority.py) and a client of its own, and all of them
run the same trace at once, shifted by some seconds, in real time. `ratio` is the mean wait over the mean wait of a perfect cache, which keeps
every answer for its TTL, loses nothing and waits one round trip for each that it lacks. "On this link" it meets the link's jitter, and
waits a round trip more for each query that loses a packet. Round trips dominate, so a busy machine hardly
shows: still, compare contestants of one run only. `queries` are those that came to the authority, over the perfect cache's.
"""
import argparse
import collections
import contextlib
import json
import os
import random
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "support"))

import netlab  # noqa: E402
import page_trace  # noqa: E402
import peers  # noqa: E402
import pki  # noqa: E402
import query_stream  # noqa: E402
import scratch  # noqa: E402

# A link: one-way seconds, one-way jitter in seconds, one-way loss.
Link = collections.namedtuple("Link", "delay jitter loss")
LINKS = {"5ms": Link(0.0025, 0, 0), "30ms": Link(0.015, 0, 0.01), "80ms": Link(0.040, 0.030, 0.03)}
SERVER = netlab.Lab.SIDES["b"][0]
PORT, DOT_PORT, DOH_PORT = 5353, 853, 443
PATIENCE = 5.0  # seconds until a client gives a query up
SHIFT = 1.7  # seconds between the contestants
TACETS = {"tacet, DoH and DoT": ("doh", "dot"), "tacet, DoT": ("dot",), "tacet, DoH": ("doh",)}


class Upstream:
    """dnsdist for DoT and DoH on side b of a lab, before an authority that counts. It keeps idle clients as public services do."""

    def __init__(self, lab, directory, certificate, stack):
        port = 5300
        self._authority = lab.popen("b", [sys.executable, os.path.join(HERE, "page_authority.py"), "127.0.0.1", port], stdout=subprocess.PIPE)
        stack.callback(self._authority.stdout.close)
        if self._authority.stdout.readline() != b"listening\n":
            raise RuntimeError("the authority does not start")
        path = os.path.join(directory, scratch.unique_name("upstream"))
        with open(path, "w", encoding="ascii") as file:
            file.write(f"""setLocal("127.0.0.1:5301")
setSecurityPollSuffix("")
setTCPRecvTimeout(10)
setUDPTimeout(4)
newServer({{address="127.0.0.1:{port}", maxInFlight=1000}})
getServer(0):setUp()
addTLSLocal("{SERVER}:{DOT_PORT}", "{certificate.chain}", "{certificate.key}", {{maxInFlight=1000}})
addDOHLocal("{SERVER}:{DOH_PORT}", "{certificate.chain}", "{certificate.key}", "/dns-query", {{idleTimeout=240}})
""")
        with open(path + ".log", "wb") as log:
            lab.popen("b", ["dnsdist", "--supervised", "--disable-syslog", "-C", path], stdout=log, stderr=log)

    def take_count(self):
        """The queries since the last call."""
        self._authority.send_signal(signal.SIGUSR1)
        return int(self._authority.stdout.readline())


class PageClient:
    """Asks for the names of pages, over one UDP socket."""

    def __init__(self, lab):
        self._socket = query_stream.in_namespace(lab.namespace("a"), lambda: query_stream.stamped(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
        self._ident = 0
        self.lost = 0

    def close(self):
        self._socket.close()

    def stage(self, names):
        """Seconds until all names are answered; each is asked for in every kind at once."""
        waiting, begun, last = set(), time.time(), 0.0
        for name in names:
            for kind in page_trace.KINDS:
                self._ident = (self._ident + 1) & 0xFFFF
                waiting.add(self._ident)
                self._socket.sendto(struct.pack("!6H", self._ident, 0x0100, 1, 0, 0, 0) + name.wire() + struct.pack("!HH", kind, 1), ("127.0.0.1", PORT))
        while waiting and (left := begun + PATIENCE - time.time()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                break
            octets, stamp = query_stream.receive_stamped(self._socket)
            ident = struct.unpack_from("!H", octets)[0]
            if ident in waiting:
                waiting.discard(ident)
                last = stamp
        self.lost += len(waiting)
        return PATIENCE if waiting else max(0.0, last - begun)

    def page(self, page):
        """Seconds waited for names on this page."""
        waited = 0.0
        for stage, think in zip(page.stages, (*page.thinks, 0.0)):
            waited += self.stage(stage)
            if think:
                time.sleep(think)
        return waited


class Contestant(threading.Thread):
    """A resolver in a lab of its own, asked for all pages of a trace."""

    def __init__(self, name, start_resolver, link, run):
        super().__init__(daemon=True)
        self.name, self._start_resolver, self._link, self._run = name, start_resolver, link, run
        self.waits, self.queries, self.packets, self.lost, self.fault, self.ahead = [], 0, 0, 0, "", None

    def run(self):
        try:
            with contextlib.ExitStack() as stack:
                self._measure(stack)
        except Exception as fault:  # the others go on
            self.fault = f"{type(fault).__name__}: {fault}"

    def _measure(self, stack):
        run = self._run
        lab = stack.enter_context(netlab.Lab(delay=self._link.delay, jitter=self._link.jitter, loss=0, seed=run.seed))
        folder = os.path.join(run.directory, scratch.unique_name("contestant"))
        os.mkdir(folder)
        os.chmod(folder, 0o777)
        upstream = Upstream(lab, folder, run.authority.good(), stack)
        command = self._start_resolver(folder)
        with open(os.path.join(folder, "output"), "ab") as output:
            lab.popen("a", command.words, stdout=output, stderr=output, env={**os.environ, **command.environment})
        client = PageClient(lab)
        stack.callback(client.close)
        first = page_trace.Name("first-t30-d0.z0.example.com", 30, 0)
        scratch.eventually(lambda: client.stage([first]) < 1, within=60, what=f"{self.name}'s first answer", every=0.5)
        run.barrier.wait(timeout=120)
        time.sleep(SHIFT * run.place(self) + max(0, 12 - SHIFT))  # connections of the first answer may end
        lab.set(loss=self._link.loss)
        upstream.take_count()
        before, client.lost = lab.carried + lab.dropped, 0
        begun = time.monotonic()
        for page in run.visits:
            time.sleep(max(0.0, begun + page.at - time.monotonic()))
            self.waits.append(client.page(page))
        self.queries, self.packets, self.lost = upstream.take_count(), lab.carried + lab.dropped - before, client.lost
        if self.name in TACETS:
            self.ahead = _counts_ahead(lab, run.binary, folder)


def _counts_ahead(lab, binary, folder):
    done = lab.run("a", [binary, "status", "--json", "--config", os.path.join(folder, "tacet.yaml")], capture_output=True, text=True)
    if done.returncode != 0:
        return None
    events = json.loads(done.stdout)["events"]
    return {"asked": events.get("followers_asked", 0) + events["prefetches"], "used": events.get("followers_used", 0) + events.get("prefetches_used", 0)}


class Run:
    """One trace on one link with all contestants."""

    def __init__(self, arguments, directory, authority, seed, link):
        self.directory, self.authority, self.seed, self.binary = directory, authority, seed, arguments.binary
        self.visits = page_trace.pages(seed, arguments.seconds)
        self.link, self.settings = link, json.loads(arguments.settings)
        self.contestants = [Contestant(name, self._tacet(ways), LINKS[link], self) for name, ways in TACETS.items() if wanted(arguments, name)]
        for peer in peers.PEERS:
            for way in peer.transports:
                name = f"{peer.name}, {'DoT' if way == 'dot' else 'DoH'}"
                if peer.caches and peers.is_there(peer) and wanted(arguments, name):
                    self.contestants.append(Contestant(name, self._peer(peer, way), LINKS[link], self))
        self.barrier = threading.Barrier(len(self.contestants))

    def place(self, contestant):
        return self.contestants.index(contestant)

    def _tacet(self, ways):
        urls = {"doh": f"https://{SERVER}/dns-query", "dot": f"tls://{SERVER}"}
        entries = [{"url": urls[way], "operator": "the lab", "ca_file": self.authority.ca, "addresses": [SERVER]} for way in ways]

        def command(folder):
            settings = {"listen": [f"127.0.0.1:{PORT}"], "upstreams": entries, "control": {"socket": os.path.join(folder, "control.sock")}, **self.settings}
            path = os.path.join(folder, "tacet.yaml")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(settings, file)
            return peers.Command([self.binary, "run", "--config", path], {})

        return command

    def _peer(self, peer, way):
        upstream = peers.Upstream(DOT_PORT, DOH_PORT, self.authority.ca, pki.NAME, SERVER)

        def command(folder):
            made = peer.command(folder, PORT, way, upstream)
            return peers.Command(made.words, {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", **made.environment})

        return command

    def begin(self):
        for contestant in self.contestants:
            contestant.start()

    def rows(self):
        """A dictionary for the perfect cache and for each contestant, once all have ended."""
        for contestant in self.contestants:
            contestant.join()
        link = LINKS[self.link]
        perfect, queries = page_trace.perfect(self.visits, lambda: 2 * link.delay + link.jitter)  # the mean jitter, both ways
        rows = [row("a perfect cache", perfect, queries, perfect, queries),
                row("the same on this link", *page_trace.perfect(self.visits, _on(link, random.Random(self.seed))), perfect, queries)]
        for each in self.contestants:
            if each.fault or len(each.waits) != len(self.visits):
                rows.append({"name": each.name, "fault": each.fault or "stopped"})
            else:
                rows.append({**row(each.name, each.waits, each.queries, perfect, queries), "packets": each.packets, "waits": each.waits, "perfect": perfect, "lost": each.lost, "ahead": each.ahead})
        return [{"seed": self.seed, "link": self.link, **each} for each in rows]


def _on(link, draw):
    """A function that draws the seconds of one query on a link: its jitter, and a round trip more if a packet is lost."""
    def takes():
        jitter = draw.uniform(0, link.jitter) + draw.uniform(0, link.jitter)
        lost = draw.random() < link.loss or draw.random() < link.loss
        return 2 * link.delay + jitter + lost * (2 * link.delay + link.jitter)
    return takes


def wanted(arguments, name):
    return not arguments.only or any(name.startswith(each) for each in arguments.only)


def row(name, waits, queries, perfect, perfect_queries):
    share = lambda part: 1000 * query_stream.percentile(waits, part)  # noqa: E731
    return {"name": name, "pages": len(waits), "mean": 1000 * statistics.mean(waits), "p50": share(0.5), "p90": share(0.9), "p99": share(0.99),
            "ratio": statistics.mean(waits) / statistics.mean(perfect), "queries": queries / perfect_queries}


def line(row):
    if "fault" in row:
        return f"| {row['seed']} | {row['link']} | {row['name']} | {row['fault']} |"
    ahead = row.get("ahead") or {}
    precision = f"{100 * ahead['used'] / ahead['asked']:.0f} % of {ahead['asked']}" if ahead.get("asked") else ""
    return (f"| {row['seed']} | {row['link']} | {row['name']} | {row['mean']:.0f} | {row['p50']:.0f} | {row['p90']:.0f} | {row['p99']:.0f} | {row['ratio']:.2f} "
            f"| {row['queries']:.2f} | {row.get('packets', '')} | {precision} | {row.get('lost', '')} |")


HEAD = ("| seed | link | resolver | mean, ms | p50 | p90 | p99 | ratio | queries | packets | used of asked ahead | lost |\n"
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")


# The most that tacet may wait on each link, over the perfect cache: with DoH and DoT, and with one of them. This is what holds on a busy
# machine. The aim is 1.0 and 1.1 on each link. On the third link nearly every page meets a loss, and the perfect cache meets none.
MOST = {"5ms": (1.0, 1.1), "30ms": (1.2, 1.3), "80ms": (1.5, 1.9)}
MOST_QUERIES, LEAST_USED = 1.25, 0.5


def broken_bars(rows):
    """What is wrong with the rows of one run, in words."""
    tacets = [row for row in rows if row["name"] in TACETS]
    others = [row["mean"] for row in rows if row["name"] not in TACETS and "perfect" in row]
    for row in tacets:
        most = MOST[row["link"]][0 if len(TACETS[row["name"]]) > 1 else 1]
        word = f"seed {row['seed']}, {row['link']}, {row['name']}:"
        if "fault" in row:
            yield f"{word} {row['fault']}"
            continue
        ahead = row["ahead"] or {"asked": 0, "used": 0}
        if row["ratio"] > most:
            yield f"{word} waits {row['ratio']:.2f} times as long as a perfect cache, wanted {most}"
        if row["queries"] > MOST_QUERIES:
            yield f"{word} {row['queries']:.2f} times the queries, wanted {MOST_QUERIES}"
        if ahead["used"] < LEAST_USED * ahead["asked"]:
            yield f"{word} only {ahead['used']} of {ahead['asked']} asked ahead were used"
        if len(TACETS[row["name"]]) > 1 and others and row["mean"] > min(others):
            yield f"{word} waits longer than the best peer"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.environ.get("TACET_BINARY", "tacet"), type=os.path.abspath)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--links", nargs="+", choices=LINKS, default=list(LINKS))
    parser.add_argument("--only", nargs="+", help="contestants whose names begin so")
    parser.add_argument("--settings", default="{}", help="further configuration of tacet, as JSON")
    parser.add_argument("--judge", action="store_true", help="exit with 1 if a bar is broken")
    parser.add_argument("--json", help="a file for all rows")
    arguments = parser.parse_args()
    if why_not := netlab.why_not() or ("" if shutil.which("dnsdist") else "needs dnsdist"):
        print(f"skipped: {why_not}")
        return
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)  # what neighbours on the machine do is not what is measured
    rows = []
    with scratch.directory("waits") as directory:
        authority = pki.Pki(directory, extra_addresses=[SERVER])
        authority.good()
        for seed in arguments.seeds:
            runs = [Run(arguments, directory, authority, seed, link) for link in arguments.links]
            for run in runs:
                run.begin()
            print(HEAD, flush=True)
            for run in runs:
                for made in run.rows():
                    rows.append(made)
                    print(line(made), flush=True)
    broken = [each for seed in arguments.seeds for link in arguments.links for each in broken_bars([row for row in rows if (row["seed"], row["link"]) == (seed, link)])]
    print("\n".join(broken))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    if arguments.judge and broken:
        sys.exit(1)


if __name__ == "__main__":
    main()
