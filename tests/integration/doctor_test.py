"""tacet doctor in an honest network and in networks that lie, drop or are not there; what it sends, and how it tells it.

doctor mostly waits, so four worlds work beside each other before the tests look at what it said.
"""
import concurrent.futures
import contextlib
import json
import os
import pty
import re
import socket
import subprocess
import time
import unittest

import netlab
import scratch
import servers
import tacet
from case import Case
from doctor_world import CLOUDFLARE, CLOUDFLARE_6, LIE, QUAD9, ROUTER, CanaryWorld, World

FORGER = (ROUTER, 5302)


def transport_of(packet):
    """The protocol that an IP packet carries, and where it begins."""
    return (packet[9], (packet[0] & 15) * 4) if packet[0] >> 4 == 4 else (packet[6], 40)


def message_in_clear(packet):
    """The DNS message that an IP packet carries to port 53, in hexadecimal; empty if it carries none."""
    protocol, at = transport_of(packet)
    if int.from_bytes(packet[at + 2:at + 4]) != 53:
        return ""
    if protocol == socket.IPPROTO_UDP:
        return packet[at + 8:].hex()
    return packet[at + (packet[at + 12] >> 4) * 4 + 2:].hex()


@contextlib.contextmanager
def capture(world):
    """A list that holds the UDP and TCP packets that left, once the block is left."""
    left = []
    with netlab.call(world.lab.namespace("a"), lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))) as packets:
        packets.bind(("tuna", 0))
        yield left
        packets.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, where = packets.recvfrom(65535)
                if where[2] == socket.PACKET_OUTGOING and transport_of(packet)[0] in (socket.IPPROTO_UDP, socket.IPPROTO_TCP):
                    left.append(packet)


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Networks(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        signed = CanaryWorld()
        cls.certificate = cls.pki.good()
        len(signed.texts)  # made once
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            worlds = [*(World(cls.directory, cls.pki, signed) for _ in range(3)), World(cls.directory, cls.pki, signed, resolvers={})]
            entered = list(pool.map(World.__enter__, worlds))
            for world in entered:
                cls.addClassCleanup(world.__exit__)
            for work in [pool.submit(scene, world) for scene, world in zip((cls.see_honest, cls.see_liar, cls.see_drops, cls.see_nothing), entered)]:
                work.result()

    @classmethod
    def see_honest(cls, world):
        proxy = world.lab.popen("b", ["microsocks", "-i", ROUTER, "-p", "1080"], stderr=subprocess.DEVNULL)
        cls.addClassCleanup(scratch.end, proxy)
        world.configure(world.entry(f"https://{CLOUDFLARE}/dns-query"), world.entry(f"tls://{QUAD9}", via={"interface": "tuna"}),
                        world.entry(f"tls://{QUAD9}", proxy=f"socks5://{ROUTER}:1080"), world.entry(f"https://[{CLOUDFLARE_6}]/dns-query"))
        with capture(world) as cls.rehearsal_packets:
            cls.rehearsal = world.doctor("--dry-run")
        groups = "path,reach,net,clock"
        asked = {"text": ("--only", groups), "json": ("--json", "--only", groups), "paths": ("--paths",), "redacted": ("--redact", "--all", "--only", "reach,who")}
        daemon = tacet.Tacet(cls.directory, command=world.lab.command("a"), upstreams=[world.entry(f"https://{CLOUDFLARE}/dns-query")],
                             dnssec={"mode": "on", "trust_anchors": world.signed.anchors()})
        own = world.write("own-resolv.conf", "nameserver 127.0.0.1\n")
        with concurrent.futures.ThreadPoolExecutor() as pool, daemon:
            whole = pool.submit(world.doctor, config=daemon.config, binds=[(own, "/etc/resolv.conf")])
            cls.honest = dict(zip(asked, pool.map(lambda words: world.doctor(*words), asked.values())))
            cls.whole = whole.result()

    @classmethod
    def see_liar(cls, world):
        """Port 53 of every server leads to a resolver that forges the first canaries."""
        lies = [line for name in CanaryWorld.NAMES[:6] for line in (f'local-zone: "{name}." redirect', f'local-data: "{name}. 60 A {LIE}"')]
        forger = servers.Unbound(world.directory, cls.certificate, addresses=FORGER[:1], ports=(FORGER[1], 5303, 5304), command=world.lab.command("b"),
                                 zones=world.signed.texts, resolving=True, local_data=('identity: "isp"', "hide-identity: no", *lies))
        with forger:
            world.nft(f"ip liar nat udp dport 53 ip daddr != {ROUTER} dnat to {FORGER[0]}:{FORGER[1]}")
            with capture(world) as cls.packets:
                cls.lied_to = world.doctor("--json", "--only", "path")

    @classmethod
    def see_drops(cls, world):
        world.lab.set(drop_ports=(853,))
        cls.dropped = world.findings("--only", "reach")

    @classmethod
    def see_nothing(cls, world):
        world.lab.cut()
        begun = time.monotonic()
        first = ("nice", "-n", "-10")  # its time is judged, so it goes before what else runs here
        cls.cut = world.findings("--only", "path,reach,net,tls,clock", under=first)
        cls.cut_took = time.monotonic() - begun

    def severity(self, findings, check):
        return sorted({each["severity"] for each in findings if each["check"] == check})

    def test_what_leaves_in_clear_is_what_the_report_lists_octet_for_octet(self):
        listed = json.loads(self.lied_to.stdout)["sent_in_clear"]
        sent = sorted(filter(None, map(message_in_clear, self.packets)))
        self.assertGreater(len(sent), 20)
        self.assertLessEqual(len(sent), 60)
        self.assertEqual(sent, sorted(octets for each in listed for octets in each["sent"]))

    def test_an_honest_network_raises_no_alarm(self):
        found = json.loads(self.honest["json"].stdout)["findings"]
        self.assertEqual([each for each in found if each["severity"] in ("warning", "failure")], [])
        for check in ("path.nonserver", "path.identity", "path.race", "path.nxdomain", "path.forged", "path.ech", "path.edns", "reach", "net.ipv4", "net.portal"):
            self.assertEqual(self.severity(found, check), ["ok"], check)

    def test_where_all_is_well_doctor_says_one_sentence(self):
        done = self.honest["text"]
        self.assertEqual((done.returncode, done.stdout), (0, "All is well: names go out encrypted, and nothing interferes.\n"), done.stderr)
        self.assertIn("sends 30 questions for fixed public names in clear, on purpose", done.stderr)

    def test_on_a_machine_that_asks_tacet_every_check_together_says_one_sentence(self):
        self.assertEqual(self.whole.returncode, 0, self.whole.stdout + self.whole.stderr)
        self.assertRegex(self.whole.stdout, r"\AAll is well: names go out encrypted, and nothing interferes( \(1 could not be found out\))?\.\n\Z")

    def test_a_redirection_of_port_53_is_an_interception(self):
        found = json.loads(self.lied_to.stdout)["findings"]
        self.assertEqual(self.severity(found, "path.nonserver"), ["failure"])
        self.assertEqual(self.severity(found, "path.identity"), ["failure"])

    def test_a_forged_answer_is_shown_beside_the_proven_one(self):
        found = json.loads(self.lied_to.stdout)["findings"]
        forged = [each for each in found if each["check"] == "path.forged" and each["severity"] == "failure"]
        self.assertTrue(forged)
        self.assertRegex(forged[0]["seen"], rf"canary\d\.\w+\. A: {re.escape(LIE)} in clear \(.+\); 192\.0\.2\.\d encrypted, proven by key \d+ of canary\d\.\w+")

    def test_a_dropped_port_is_named(self):
        self.assertEqual(self.severity(self.dropped, "reach"), ["ok", "warning"])
        self.assertIn("this network blocks port 853", json.dumps(self.dropped))

    def test_without_a_network_nothing_is_a_failure_and_it_ends_in_time(self):
        self.assertEqual({each["severity"] for each in self.cut} - {"unknown", "note"}, set())
        self.assertLess(self.cut_took, 6)  # 3.2 s of silence, and what a busy machine takes beside (3.4 to 3.8 s in all at a load of 12)

    def test_the_times_of_every_way_are_a_table(self):
        done = self.honest["paths"]
        self.assertEqual(done.returncode, 0, done.stderr)
        for way, site in ((f"DoH to {CLOUDFLARE}:443", "FRA"), (f"DoT to {QUAD9}:853 by tuna", "res1.fra"), (f"DoH to [{CLOUDFLARE_6}]:443", "FRA"),
                          (f"DoT to {QUAD9}:853 through socks5://{ROUTER}:1080", "res1.fra")):
            self.assertRegex(done.stdout, rf"(?m)^{re.escape(way)} +\d+\.\d ms +\d+\.\d ms +20/20  {site}$")

    def test_a_rehearsal_sends_nothing_and_lists_every_server(self):
        self.assertEqual(self.rehearsal.returncode, 0, self.rehearsal.stderr)
        for address in ("192.0.2.53:53", f"{CLOUDFLARE}:53", f"{QUAD9}:53", f"{ROUTER}:53"):
            self.assertIn(address, self.rehearsal.stdout)
        self.assertEqual(self.rehearsal_packets, [])

    def test_a_redacted_report_has_no_address_and_no_name(self):
        done = self.honest["redacted"]
        for word in (CLOUDFLARE, QUAD9):
            self.assertNotIn(word, done.stdout)
        self.assertIn("(address)", done.stdout)


class Words(Case):
    @unittest.skipUnless(os.geteuid() == 0, "makes an /etc of its own")
    def test_without_a_file_it_takes_the_one_that_the_service_reads(self):
        script = "mount -t tmpfs tmpfs /etc && mkdir /etc/tacet && echo 'cache: {max_ttl: -1}' >/etc/tacet/tacet.yaml && exec \"$@\""
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", tacet.BINARY, "doctor", "--dry-run"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"/etc/tacet/tacet\.yaml:1:\d+: cache\.max_ttl")

    @unittest.skipUnless(os.geteuid() == 0, "makes a network of its own")
    def test_colours_are_for_terminals_that_know_them_and_people_who_want_them(self):
        coloured = {}
        for words in ("TERM=xterm", "TERM=xterm NO_COLOR=1", "TERM=dumb"):
            ours, theirs = pty.openpty()
            with open(ours, "rb", buffering=0) as screen:
                command = ["unshare", "-n", "env", "-u", "NO_COLOR", *words.split(), tacet.BINARY, "doctor", "--only", "host", *tacet.BUILT_IN]
                subprocess.run(command, stdout=theirs, stderr=subprocess.DEVNULL, timeout=60, check=False)
                os.close(theirs)
                said = b""
                with contextlib.suppress(OSError):  # the end of a terminal
                    while part := screen.read(4096):
                        said += part
            self.assertIn(b"host.names", said)
            coloured[words] = b"\x1b" in said
        self.assertEqual(coloured, {"TERM=xterm": True, "TERM=xterm NO_COLOR=1": False, "TERM=dumb": False})

    def test_a_wrong_file_of_canaries_is_refused_with_its_line(self):
        path = os.path.join(self.directory, "wrong.yaml")
        with open(path, "w", encoding="ascii") as file:
            file.write("expires: 2099-01-01\nsigned: 7\n")
        done = tacet.run("doctor", "--canaries", path, "--dry-run", *tacet.BUILT_IN)
        self.assertEqual(done.returncode, 3)
        self.assertIn("line 2", done.stderr)


if __name__ == "__main__":
    unittest.main()
