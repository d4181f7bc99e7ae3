"""`tacet install` on whole machines: a Debian 12 that systemd boots, with the real managers of DNS, behind a router that logs.

machines_trixie_test has the same in Debian 13."""
import functools
import json
import re
import shutil
import subprocess
import time
import unittest

import debian
import desktop
import doctor_world
import machine
import scratch
import servers
from machine_case import MachineCase, numbers
from query_stream import QueryStream

_RESOLVED_ON_PORT_53 = "[Resolve]\nDNSStubListenerExtra=127.0.0.1\n"

_OLD_ANSWER = "192.0.2.99"
_OLD_PROGRAM = f"#!/bin/sh\nexec /usr/sbin/dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --port=53 --listen-address=127.0.0.1 --bind-interfaces --address=/#/{_OLD_ANSWER}\n"
_OLD_UNIT = """\
[Unit]
Description=DNS over HTTPS proxy

[Service]
ExecStart=/usr/local/bin/cloudflared proxy-dns --address 127.0.0.1 --port 53 --upstream {upstream}

[Install]
WantedBy=multi-user.target
"""


class Machines(MachineCase):
    # --- the managers ------------------------------------------------------------------------------------------------

    def test_systemd_resolved(self):
        self.with_resolved()
        self.live("systemd-resolved")

    def test_systemd_resolved_whose_own_file_names_a_server(self):
        self.with_resolved()
        self.machine.write("etc/systemd/resolved.conf", f"[Resolve]\nDNS={machine.Router.ADDRESS}\nDomains={machine.Router.DOMAIN}\n")
        self.live("systemd-resolved")

    def test_systemd_resolved_beside_a_plain_file(self):
        self.with_packages("systemd-resolved", "libnss-resolve")
        self.with_a_hand_made_file()
        self.live("plain and systemd-resolved")

    def test_systemd_resolved_beside_the_file_of_network_manager(self):
        self.with_packages("systemd-resolved", "libnss-resolve")
        self.machine.write("etc/NetworkManager/conf.d/dns.conf", "[main]\ndns=default\nrc-manager=symlink\n")
        self.machine.write("etc/resolv.conf", "")
        self.live("NetworkManager and systemd-resolved")

    def test_network_manager(self):
        self.live("NetworkManager")

    def test_network_manager_whose_search_domains_change(self):
        self.boot()
        self.install()
        for domain in ("lab.example.net", ""):
            self.machine.run("nmcli", "connection", "modify", "Wired connection 1", "ipv4.dns-search", domain, "ipv4.dns-options", "timeout:3" if domain else "")
            self.machine.run("nmcli", "connection", "up", "Wired connection 1")
            lines = [f"search {machine.Router.DOMAIN} lab.example.net", "options timeout:3"] if domain else [f"search {machine.Router.DOMAIN}"]
            wanted = sorted([*lines, "nameserver 127.0.0.1"])
            scratch.eventually(lambda wanted=wanted: sorted(self.resolv_conf()) == wanted, 30, lambda: f"{self.resolv_conf()}", 0.2)
        self.assert_nothing_leaks()

    def resolv_conf(self):
        return [line for line in self.machine.run("cat", "/etc/resolv.conf").splitlines() if line and not line.startswith("#")]

    def test_resolvconf(self):
        self.with_packages("resolvconf")
        self.without_network_manager()
        self.live("resolvconf")

    def test_openresolv(self):
        self.with_packages("openresolv")
        self.without_network_manager()
        self.live("openresolv")

    def test_a_plain_file_that_the_dhcp_client_writes(self):
        self.without_network_manager()
        before = self.boot()
        self.install()
        self.machine.run(*self.ANOTHER_LEASE)
        self.assert_nothing_leaks()
        self.reboot()
        self.assert_nothing_leaks()
        self.uninstall(before)

    # --- the package's end --------------------------------------------------------------------------------------------

    def test_purging_the_package_brings_back_the_dns_before_it_and_leaves_nothing(self):
        self.with_resolved()
        before = self.boot()
        self.install()
        self.machine.run("dpkg", "--purge", "tacet")
        scratch.eventually(lambda: self.asked("after"), 30, "the router's DNS server in use again", 0.5)
        accounts = re.compile("etc/g(roup|shadow)-?$")  # they had the group tacet

        def of_others(snapshot):
            return {path: facts for path, facts in snapshot.items() if "tacet" not in path and not accounts.match(path) and facts[1] is not None}

        self.assert_same(of_others(self.machine.snapshot()), of_others(before))
        self.assertNotIn("tacet", (self.machine.root / "etc/group").read_text(encoding="utf-8"))
        others = ("tmp", "var/lib/dpkg", "var/lib/apt", "var/log/journal")
        left = (str(path.relative_to(self.machine.root)) for path in self.machine.root.rglob("*tacet*"))
        self.assertEqual([path for path in left if not path.startswith(others)], [])

    # --- another program's service -----------------------------------------------------------------------------------

    def test_takeover_from_a_service_that_holds_port_53(self):
        """Debian has no cloudflared, so dnsmasq answers under its name, and its unit has cloudflared's words."""
        self.with_packages("dnsmasq-base")
        self.without_network_manager()
        self.machine.write("etc/network/interfaces", "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet static\n address 10.77.0.40/24\n")
        self.machine.write("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:3\n")
        shutil.copy(self.pki.ca, self.machine.root / "usr/local/share/ca-certificates/test.crt")
        debian.System.at(self.machine.root).run("update-ca-certificates")
        self.machine.write("usr/local/bin/cloudflared", _OLD_PROGRAM, 0o755)
        self.machine.write("etc/systemd/system/cloudflared.service", _OLD_UNIT.format(upstream=self.upstream.doh_url()))
        for unit in ("sockets.target.wants/tacet.socket", "multi-user.target.wants/tacet.service"):
            (self.machine.root / "etc/systemd/system" / unit).unlink()  # as if the package came later
        self.machine.boot()
        self.machine.run("systemctl", "enable", "--now", "cloudflared.service")
        scratch.eventually(lambda: _OLD_ANSWER in self.look_up("before.many.example.com"), 30, self.machine.console, 0.2)
        before = self.machine.snapshot()
        self.machine.attempt("systemctl", "start", "tacet.service")  # what the package does; the port is taken
        self.assertIn(_OLD_ANSWER, self.look_up("beside.many.example.com"))

        said, lost = self.losses_during(lambda: self.machine.run("tacet", "takeover"))
        self.assertEqual(lost, [], "tacet starts beside the old service, which stops when it has no queries any more")
        self.assertIn("192.0.2.7", self.look_up("taken.many.example.com"))
        self.assertEqual([self.machine.attempt("systemctl", "is-active", unit).stdout for unit in ("cloudflared.service", "tacet.service")],
                         ["inactive\n", "active\n"])
        self.reboot()

        back = said.rpartition("To go back: ")[2].strip()
        _, lost = self.losses_during(lambda: self.machine.run("sh", "-c", back))
        self.assertLess(max(lost, default=0) - min(lost, default=0), 2)  # a client waits for longer before it asks again
        scratch.eventually(lambda: _OLD_ANSWER in self.look_up("back.many.example.com"), 30, self.machine.console, 0.2)
        kept = {path: facts for path, facts in before.items() if not path.startswith("etc/systemd/system/tacet.service.wants")}  # tacet's own
        self.assert_same(self.machine.snapshot(), kept)

    def losses_during(self, work):
        """What `work` returns, and when the queries were asked that had no answer; DNS at port 53 answers before it and after it."""
        with QueryStream(("127.0.0.1", 53), rate=50, namespace=self.router.client.name) as stream:
            scratch.eventually(lambda: len(stream.asked) > 25, 30, "some queries", 0.05)
            result = work()
            done = len(stream.asked)
            scratch.eventually(lambda: len(stream.asked) > done + 50, 30, "some more queries", 0.05)
        lost = [asked.asked_at for asked in stream.asked if asked.answered_at is None]
        away = max(lost, default=0) - min(lost, default=0)
        print(f"\n{len(lost)} of {len(stream.asked)} queries lost, in {away * 1000:.0f} ms")
        return result, lost

    # --- what doctor says --------------------------------------------------------------------------------------------

    def honest_internet(self):
        """Public resolvers by plain DNS, DoT and DoH, whose zones are signed; and the network's own. What doctor then needs."""
        signed = doctor_world.CanaryWorld()
        public = (doctor_world.CLOUDFLARE, doctor_world.QUAD9)
        router = self.enterContext(machine.Router(self.directory, dns_port=0))
        for address in public:
            subprocess.run(router.command("ip", "address", "add", f"{address}/32", "dev", "lo"), check=True)
        certificate = self.pki.named(*(f"IP:{address}" for address in public))
        for address in (*public, machine.Router.ADDRESS):
            self.unbound(certificate=certificate, addresses=(address,), ports=(53, 853, 443), command=router.command(), zones=signed.texts,
                         resolving=True, local_data=(f'identity: "fra.{address}"', "hide-identity: no"))
        self.machine = self.enterContext(machine.Machine(self.directory, self.system.root, router.client))
        self.trust_as_public(self.pki.ca)
        self.machine.write("etc/tacet/tacet.yaml", f"upstreams: [{{url: https://{public[0]}/dns-query}}, {{url: tls://{public[1]}}}]\ndnssec: {{trust_anchors: {json.dumps(signed.anchors())}}}\n")
        self.machine.write("root/canaries.yaml", doctor_world.canaries_text())

    def trust_as_public(self, authority):
        """Makes it one of those that Mozilla trusts, which doctor tells from one that an administrator has added."""
        shutil.copy(authority, self.machine.root / "usr/share/ca-certificates/mozilla/Test.crt")
        with open(self.machine.root / "etc/ca-certificates.conf", "a", encoding="ascii") as file:
            file.write("mozilla/Test.crt\n")
        debian.System.at(self.machine.root).run("update-ca-certificates")

    def test_where_all_is_well_doctor_says_one_green_sentence(self):
        """With nothing on the machine but Debian's minimum, a manager of DNS, and the package."""
        managers = {"a plain file": self.without_network_manager, "NetworkManager": lambda: None, "systemd-resolved": self.with_resolved}
        for name, manage in managers.items():
            with self.subTest(manager=name):
                self.honest_internet()
                manage()
                self.machine.boot()
                canary = doctor_world.CanaryWorld.NAMES[0]
                scratch.eventually(lambda canary=canary: "192.0.2.1" in self.look_up(canary), 60, self.machine.console, 0.5)
                self.machine.run("tacet", "install")
                done = self.machine.attempt("script", "--quiet", "--return", "--command", "tacet doctor --canaries /root/canaries.yaml 2>/dev/null", "/dev/null",
                                            stdin=subprocess.DEVNULL)
                self.assertEqual((done.returncode, done.stdout), (0, "\033[32mAll is well: names go out encrypted, and nothing interferes.\n\033[0m"),
                                 self.machine.attempt("tacet", "doctor", "--canaries", "/root/canaries.yaml", "--all").stdout)

    # --- browsers ---------------------------------------------------------------------------------------------------

    def greeting(self, name):
        """The name in the greeting of a new Chromium that opens a page of `name`."""
        def start(url):
            chromium = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir=/tmp/profile{next(numbers)}", url]
            return self.machine.popen("env", "HOME=/root", *chromium)

        enter = functools.partial(scratch.enter_namespace, self.router.name)
        with desktop.Site(enter, machine.Router.ADDRESS) as site:
            greeted = site.greeting_of(start, f"https://{name}/")
        scratch.eventually(lambda: "chromium" not in self.machine.run("sh", "-c", "cat /proc/[0-9]*/comm 2>/dev/null || true"), 10,
                           "the end of Chromium: one that lives on greets the next site, by settings that are over")
        return greeted

    def test_chromium_shows_a_cover_from_browser_setup_to_its_undo_or_the_packages_removal(self):
        self.with_packages("systemd-resolved", "libnss-resolve", "chromium")
        self.with_a_hand_made_file()  # Chromium cannot do what nsswitch.conf says, so it asks through the C library
        zones = {servers.ORIGIN: servers.ZONE, "hidden.co.uk.": desktop.zone_with_ech("hidden.co.uk.", machine.Router.ADDRESS)}
        upstream = self.unbound(addresses=(machine.Router.ADDRESS,), command=self.router.command(), zones=zones)
        self.machine.write("etc/tacet/tacet.yaml", f"upstreams: [{{url: {upstream.dot_url()}, ca_file: /etc/tacet/authority.pem}}]\n")
        before = self.boot()
        self.machine.run("tacet", "install")
        self.assertEqual(self.greeting("www.hidden.co.uk"), "www.hidden.co.uk")
        self.assertIn("run systemctl restart tacet.service\n", self.machine.run("tacet", "browser", "setup"))
        status = self.machine.run("tacet", "browser", "status")
        self.assertRegex(status, r"(?m)^listener +answers at ")
        self.assertRegex(status, r"(?m)^certificate +ends on .*; tacet-browser.timer renews it$")
        self.assertRegex(status, r"(?m)^Chromium +policy in place, authority trusted$")
        self.greeting("www.hidden.co.uk")  # its address is in the cache and its key is not, so the key may come too late for this visit
        self.assertEqual(self.greeting("www.hidden.co.uk"), desktop.COVER)
        self.machine.run("systemctl", "start", "tacet-browser.service")  # as the timer does
        self.assertIn("nothing to do", self.machine.run("tacet", "browser", "setup"))
        self.machine.run("tacet", "browser", "undo")
        self.assertEqual(self.greeting("www.hidden.co.uk"), "www.hidden.co.uk")
        self.uninstall(before)
        self.machine.run("tacet", "browser", "setup")
        self.machine.run("dpkg", "--remove", "tacet")
        self.assertFalse((self.machine.root / "etc/chromium/policies/managed/tacet.json").exists())
        self.assertNotIn("https:", (self.machine.root / "etc/tacet/tacet.yaml").read_text(encoding="utf-8").replace("https://", ""))

    # --- what goes wrong --------------------------------------------------------------------------------------------

    def stream(self):
        """Of a name that tacet answers by itself: what is lost is lost by its sockets, and not on the way to the upstream."""
        return QueryStream(("127.0.0.1", 53), rate=100, namespace=self.router.client.name, name=lambda _: "localhost")

    def show(self, what):
        return self.machine.run("systemctl", "show", "--value", f"--property={what}", "tacet.service").strip()

    def starts(self):
        """How often systemd has started the service since the machine was booted."""
        return self.machine.run("journalctl", "--boot", "--unit=tacet.service", "--output=cat").count("Starting tacet")

    def test_eighty_kills_in_a_row_lose_no_query_that_waits(self):
        """A query that the killed process has already read dies with it. That takes a kill within the microseconds of an answer, or
        within a pause of the process on a busy machine. What waits in the sockets is answered."""
        self.boot()
        self.machine.run("systemctl", "is-active", "tacet.socket")
        self.look_up("www.many.example.com")
        kills = []
        with self.stream() as stream:
            for _ in range(80):
                killed, began = self.show("MainPID"), time.time()
                self.machine.run("systemctl", "kill", "--signal=KILL", "tacet.service")
                kills.append((began - 0.05, time.time()))
                scratch.eventually(lambda killed=killed: self.show("MainPID") not in (killed, "0"), 10, self.journal)
        self.assertGreater(len(stream.asked), 80)
        self.assertEqual(stream.dropped_here, 0)
        lost = [asked for asked in stream.failures() if asked.rcode is None]
        at_a_kill = [asked for asked in lost if any(began <= asked.asked_at <= ended for began, ended in kills)]
        self.assertEqual((len(stream.failures()) - len(lost), len(lost) - len(at_a_kill)), (0, 0), f"of {len(stream.asked)}\n{self.journal()}")
        self.assertLessEqual(len(at_a_kill), 2, f"of {len(stream.asked)}\n{self.journal()}")
        self.install()

    def journal(self):
        return self.machine.run("journalctl", "--boot", "--unit=tacet.service", "--unit=tacet.socket", "--lines=60")

    def test_as_the_unit_runs_it_it_is_confined_by_all_means_and_still_reads_what_changes(self):
        self.boot()
        self.assertRegex(self.machine.run("tacet", "status"), r"(?m)^confined  .*; by no_new_privs, capabilities .*, seccomp, landlock \(version \d+\)$")
        self.machine.write("etc/hosts.new", "192.0.2.1 box.example.com other.example.com\n")
        (self.machine.root / "etc/hosts.new").rename(self.machine.root / "etc/hosts")
        scratch.eventually(lambda: "/etc/hosts: 2 names" in self.journal(), what=self.journal)
        (self.machine.root / "etc/tacet/authority.pem").rename(self.machine.root / "etc/tacet/renamed.pem")
        configuration = (self.machine.root / "etc/tacet/tacet.yaml").read_text(encoding="utf-8")
        self.machine.write("etc/tacet/tacet.yaml", configuration.replace("authority.pem", "renamed.pem"))
        self.machine.run("systemctl", "reload", "tacet.service")
        self.assertIn("reload: changed upstreams", self.journal())
        self.install()

    def test_a_broken_configuration_costs_nothing_and_dns_is_back_once_it_is_mended(self):
        self.boot()
        self.install()
        sound = (self.machine.root / "etc/tacet/tacet.yaml").read_text(encoding="utf-8")
        for mend in ("the next query", "systemctl restart"):
            with self.subTest(mended_by=mend):
                self.machine.write("etc/tacet/tacet.yaml", sound + "cache: {max_ttl: -1}\n")
                self.machine.attempt("systemctl", "restart", "tacet.service")
                starts, began = self.starts(), time.monotonic()
                with self.stream():
                    time.sleep(12)  # what is counted is what happens in a time
                took = time.monotonic() - began
                self.assertLessEqual(self.starts() - starts, took / 3 + 1, self.journal())
                for words in ("status=78/CONFIG", "cache.max_ttl"):
                    self.assertIn(words, self.journal())
                self.machine.write("etc/tacet/tacet.yaml", sound)
                if mend == "systemctl restart":
                    self.machine.run("systemctl", "restart", "tacet.service")
                scratch.eventually(lambda: "192.0.2.7" in self.look_up("mended.many.example.com"), 30, self.journal, 0.2)
                self.machine.run("systemctl", "is-active", "tacet.service", "tacet.socket")
                self.assert_nothing_leaks()

    # --- what is refused ---------------------------------------------------------------------------------------------

    def test_a_link_that_claims_every_name_is_refused_with_what_to_do(self):
        self.with_resolved()
        self.boot()
        self.machine.run("nmcli", "connection", "modify", "Wired connection 1", "ipv4.dns-search", "~.")
        self.machine.run("nmcli", "connection", "up", "Wired connection 1")
        before = self.machine.snapshot()
        done = self.machine.attempt("tacet", "install")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"go on asking {machine.Router.ADDRESS} (of eth0)", done.stderr)
        self.assert_same(self.machine.snapshot(), before)
        advice = re.search("To end this: (.*) [(]for a VPN", done.stderr).group(1)
        links = json.loads(self.machine.attempt("tacet", "doctor", "--only", "host", "--json").stdout)["findings"]
        self.assertEqual([each["remedy"] for each in links if each["check"] == "host.links"], [re.search("To end this: (.*?[)])", done.stderr).group(1)])
        self.machine.run("sh", "-c", advice.replace("sudo ", ""))
        self.install()

    def test_another_resolver_on_the_port_is_not_taken_for_tacet(self):
        self.with_resolved()
        self.boot()
        self.machine.run("systemctl", "stop", "tacet.socket", "tacet.service")
        self.machine.write("etc/systemd/resolved.conf", _RESOLVED_ON_PORT_53)
        self.machine.run("systemctl", "restart", "systemd-resolved")
        before = self.machine.snapshot()
        scratch.eventually(lambda: self.look_up("www.example.com"), 30, "resolved, with the link's server", 0.5)
        done = self.machine.attempt("tacet", "install")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("nothing shows that it is tacet", done.stderr)
        self.assert_same(self.machine.snapshot(), before)

    def test_a_service_that_is_not_enabled_is_warned_of(self):
        self.boot()
        self.assertEqual(self.machine.attempt("tacet", "install").stderr, "")
        self.machine.run("tacet", "uninstall")
        self.machine.run("systemctl", "disable", "tacet.socket", "tacet.service")
        self.assertIn("systemctl enable tacet.service", self.machine.attempt("tacet", "install").stderr)


if __name__ == "__main__":
    unittest.main()
