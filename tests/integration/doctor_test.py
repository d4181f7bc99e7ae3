"""tacet doctor in networks that lie: each is a namespace with real servers at well-known addresses."""
import contextlib
import json
import os
import socket
import subprocess
import threading
import unittest

import netlab
import scratch
import servers
import tacet
from case import Case

CLOUDFLARE, QUAD9, ROUTER = "1.1.1.1", "9.9.9.9", "10.9.0.2"
ZONE = f"""$ORIGIN canary.example.
@ 300 SOA ns1 hostmaster 1 3600 900 604800 60
@ 300 NS ns1
@ 300 A 192.0.2.1
@ 300 AAAA 2001:db8::1
ns1 300 A 192.0.2.53
"""
ECH_ZONE = f"""$ORIGIN ech.example.
@ 300 SOA ns1 hostmaster 1 3600 900 604800 60
@ 300 NS ns1
@ 300 HTTPS 1 . alpn=h2 ech={servers.ECH}
ns1 300 A 192.0.2.53
"""
CANARIES = f"""
expires: 2099-01-01
signed: [canary.example]
ech: [ech.example]
resolvers: {{"{CLOUDFLARE}": Cloudflare, "{QUAD9}": Quad9}}
"""


def message_in_clear(packet):
    """The DNS message that an IP packet carries to port 53, in hexadecimal; empty if it carries none."""
    at, protocol = ((packet[0] & 15) * 4, packet[9]) if packet[0] >> 4 == 4 else (40, packet[6])
    if protocol not in (socket.IPPROTO_UDP, socket.IPPROTO_TCP) or int.from_bytes(packet[at + 2:at + 4]) != 53:
        return ""
    if protocol == socket.IPPROTO_UDP:
        return packet[at + 8:].hex()
    return packet[at + (packet[at + 12] >> 4) * 4 + 2:].hex()


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Networks(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab = cls.enterClassContext(netlab.Lab("doctor", delay=0.002))
        certificate = cls.pki.named(f"IP:{CLOUDFLARE}", f"IP:{QUAD9}")
        for address, name in ((ROUTER, "home"), (CLOUDFLARE, "FRA"), (QUAD9, "res1.fra")):
            if address != ROUTER:
                cls.lab.run("b", ["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
            cls.enterClassContext(servers.Unbound(
                cls.directory, certificate, addresses=(address,), ports=(53, 853, 443), command=cls.lab.command("b"),
                zones={"canary.example.": ZONE, "ech.example.": ECH_ZONE}, local_data=(f'identity: "{name}"', "hide-identity: no")))

    def setUp(self):
        self.canaries = self.write("canaries.yaml", CANARIES)
        self.config = self.write("tacet.yaml", json.dumps({
            "control": {"socket": os.path.join(self.directory, "none.sock")},
            "upstreams": [self.entry(f"https://{CLOUDFLARE}/dns-query"), self.entry(f"tls://{CLOUDFLARE}")]}))
        self.resolv_conf = self.write("resolv.conf", f"nameserver {ROUTER}\n")
        self.addCleanup(self.lab.set, up=True, drop_ports=())

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def doctor(self, *words):
        """The exit status and the findings by check."""
        inside = ["sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', self.resolv_conf, tacet.BINARY, "doctor",
                  "--config", self.config, "--canaries", self.canaries, *words]
        done = self.lab.run("a", ["unshare", "-m", *inside], capture_output=True, text=True, timeout=60, check=False)
        return done

    def findings(self, *words):
        done = self.doctor("--json", *words)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        return json.loads(done.stdout)["findings"]

    def severity(self, findings, check):
        return sorted({each["severity"] for each in findings if each["check"] == check})

    def nft(self, rules):
        subprocess.run(self.lab.command("b", "nft", "-f", "-"), input=rules, text=True, check=True)

    def captured(self, work):
        """What left for port 53 while `work` ran: DNS messages in hexadecimal, sorted; and what `work` returned."""
        opened = []

        def enter():
            scratch.enter_namespace(self.lab.namespace("a"))
            opened.append(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003)))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        with opened[0] as capture:
            capture.bind(("tuna", 0))
            result = work()
            capture.setblocking(False)
            packets = []
            with contextlib.suppress(BlockingIOError):
                while True:
                    packet, where = capture.recvfrom(65535)
                    if where[2] == socket.PACKET_OUTGOING:
                        packets.append(packet)
        return sorted(filter(None, map(message_in_clear, packets))), result

    def test_what_leaves_in_clear_is_what_the_report_lists_octet_for_octet(self):
        packets, done = self.captured(lambda: self.doctor("--json", "--only", "path"))
        listed = json.loads(done.stdout)["sent_in_clear"]
        self.assertGreater(len(packets), 20)
        self.assertLessEqual(len(packets), 60)
        self.assertEqual(packets, sorted(octets for each in listed for octets in each["sent"]))

    def test_an_honest_network_raises_no_alarm(self):
        found = self.findings("--only", "path,reach,net,clock")
        alarms = [each for each in found if each["severity"] in ("warning", "failure")]
        self.assertEqual(alarms, [])
        for check in ("path.nonserver", "path.identity", "path.race", "path.nxdomain", "path.ech", "reach", "net.ipv4"):
            self.assertEqual(self.severity(found, check), ["ok"], check)

    def test_a_redirection_of_port_53_is_an_interception(self):
        self.addCleanup(self.nft, "flush ruleset")
        self.nft("add table ip liar\nadd chain ip liar pre { type nat hook prerouting priority -100; }\n"
                 f"add rule ip liar pre udp dport 53 ip daddr != {ROUTER} dnat to {ROUTER}\n")
        found = self.findings("--only", "path")
        self.assertEqual(self.severity(found, "path.nonserver"), ["failure"])
        self.assertEqual(self.severity(found, "path.identity"), ["failure"])

    def test_a_dropped_port_is_named(self):
        self.lab.set(drop_ports=(853,))
        found = self.findings("--only", "reach")
        self.assertEqual(self.severity(found, "reach"), ["ok", "warning"])
        self.assertIn("this network blocks port 853", json.dumps(found))

    def test_without_a_network_nothing_is_a_failure_and_it_ends_in_time(self):
        self.lab.cut()
        found = self.findings("--only", "path,reach,net,tls,clock")
        self.assertEqual({each["severity"] for each in found} - {"unknown", "note"}, set())

    def test_the_times_of_every_way_are_a_table(self):
        done = self.doctor("--paths")
        self.assertEqual(done.returncode, 0, done.stderr)
        for way in (f"DoH to {CLOUDFLARE}:443", f"DoT to {CLOUDFLARE}:853"):
            self.assertRegex(done.stdout, rf"(?m)^{way} +\d+\.\d ms +\d+\.\d ms +20/20  FRA$")

    def test_a_rehearsal_sends_nothing_and_lists_every_server(self):
        before = self.lab.carried
        done = self.doctor("--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        for address in ("192.0.2.53:53", f"{CLOUDFLARE}:53", f"{QUAD9}:53", f"{ROUTER}:53"):
            self.assertIn(address, done.stdout)
        self.assertEqual(self.lab.carried, before)

    def test_a_redacted_report_has_no_address_and_no_name(self):
        done = self.doctor("--redact", "--all", "--only", "reach,who")
        for word in (CLOUDFLARE, QUAD9):
            self.assertNotIn(word, done.stdout)
        self.assertIn("(address)", done.stdout)


class Words(Case):
    def test_a_wrong_file_of_canaries_is_refused_with_its_line(self):
        path = os.path.join(self.directory, "wrong.yaml")
        with open(path, "w", encoding="ascii") as file:
            file.write("expires: 2099-01-01\nsigned: 7\n")
        done = tacet.run("doctor", "--canaries", path, "--dry-run")
        self.assertEqual(done.returncode, 3)
        self.assertIn("line 2", done.stderr)


if __name__ == "__main__":
    unittest.main()
