"""`tacet migrate --from` for the resolvers that can forward in plain DNS, too, and for samples as they are packaged."""
import os
import subprocess
import unittest

import pki
from migrate_case import PLAIN, Migrate, stamp


class Smartdns(Migrate):
    def test_resolves_with_its_encrypted_servers_and_names_the_plain_ones(self):
        settings, said = self.migrate("smartdns", self.file(f"""\
            # dns server bind
            bind 127.0.0.1:6053 -no-cache
            bind-tcp 127.0.0.1:6053
            cache-size 16384
            rr-ttl-min 60
            log-level warn
            ca-file {self.pki.ca}
            server {PLAIN}
            server 192.168.1.1 -group office -exclude-default-group
            server-tls 127.0.0.1:{self.dot} -host-name {pki.NAME} -spki-pin abcd=
            server-https https://dns.quad9.net/dns-query # a comment
            nameserver /corp.example/office
            address /ads.example/#
            new-thing yes
            """))
        self.assertEqual(settings["listen"], ["127.0.0.1:6053"])
        self.assertEqual(self.urls(settings), [f"tls://{pki.NAME}:{self.dot}", "https://dns.quad9.net/dns-query"])
        self.assertEqual(settings["forward"], {"corp.example": ["192.168.1.1:53"]})
        self.assertEqual((settings["cache"]["min_ttl"], settings["log"]["level"]), ("60", "warn"))
        for words in (f'line 8: server: "{PLAIN}" left out: plain DNS', "line 4: cache-size: left out", "line 2: bind -no-cache: left out",
                      "server-tls -spki-pin: left out", "line 13: address: left out", "line 14: new-thing: left out: tacet does not know it",
                      "the names of corp.example go to 192.168.1.1:53 in clear, as before"):
            self.assertIn(words, said)
        self.resolves(settings)

    def test_only_plain_servers_leave_nothing(self):
        self.assertIn("no encrypted upstream is left", self.refused("smartdns", self.file(f"bind :53\nserver {PLAIN}\n")))
        self.assertIn("no setting of smartdns", self.refused("smartdns", self.file("hello: world\n")))


class Dnsproxy(Migrate):
    def test_its_file_resolves(self):
        settings, said = self.migrate("dnsproxy", self.file(f"""\
            ---
            bootstrap:
              - "8.8.8.8:53"
            listen-addrs:
              - "127.0.0.1"
            listen-ports:
              - 5353
            max-go-routines: 0
            ratelimit: 20
            refuse-any: true
            udp-buf-size: 0
            cache: true
            cache-size: 4194304
            cache-min-ttl: 30
            upstream:
              - "tls://127.0.0.1:{self.dot}"
              - "1.1.1.1:53"
              - "h3://dns.google/dns-query"
              - "[/corp.example/lan/]192.168.1.1"
              - "[/example.org/]8.8.8.8"
              - "{stamp(2, "", "", "doh.example", "/q")}"
            timeout: '10s'
            """))
        self.assertEqual(settings["listen"], ["127.0.0.1:5353"])
        self.assertEqual(self.urls(settings), [f"tls://127.0.0.1:{self.dot}", "https://dns.google/dns-query", "https://doh.example/q"])
        self.assertEqual(settings["forward"], {"corp.example": ["192.168.1.1:53"], "lan": ["192.168.1.1:53"]})
        self.assertEqual((settings["limits"]["rate"], settings["bootstrap"]), ("20", ["8.8.8.8:53"]))
        for words in ('line 17: upstream: "1.1.1.1:53" left out:', "plain DNS would send every name in plaintext",
                      'line 20: upstream: "example.org" left out: 8.8.8.8:53 is outside of the local network',
                      "line 13: cache-size: left out", "line 8: max-go-routines: left out"):
            self.assertIn(words, said)
        self.resolves(settings)

    def test_flags_and_a_compose_file_give_the_same(self):
        flags = ["-u", "https://dns.quad9.net/dns-query", "-l", "127.0.0.1", "-p", "5353", "--cache", "--insecure"]
        compose = self.file("services:\n  dns:\n    image: adguard/dnsproxy:latest\n    command: " + " ".join(flags) + "\n")
        self.assertEqual(self.migrate("dnsproxy", compose), self.migrate("dnsproxy", *flags))
        self.assertIn("--insecure".lstrip("-") + ": left out: tacet always checks", self.migrate("dnsproxy", *flags)[1])

    def test_a_server_whose_address_nobody_knows_is_left_out(self):
        said = self.refused("dnsproxy", "-u", "tls://dns.unknown.example", "-l", "127.0.0.1")
        self.assertIn("dns.unknown.example left out: tacet must know its addresses", said)

    def test_debians_other_dnsproxy_is_told_apart(self):
        self.assertIn("another program, which speaks plain DNS only",
                      self.refused("dnsproxy", self.file("authoritative\t127.0.0.1\nrecursive\t127.0.0.1\nlisten 53\n")))


class UnboundForward(Migrate):
    def test_resolves_with_its_forwarders_over_tls_and_reads_what_it_includes(self):
        self.file(f"""\
            forward-zone:
                name: "."
                forward-tls-upstream: yes
                forward-first: yes
                forward-addr: 127.0.0.1@{self.dot}#{pki.NAME}   # the test's
                forward-addr: 9.9.9.9@853
            """, "forward.conf")
        settings, said = self.migrate("unbound-forward", self.file(f"""\
            include-toplevel: "{self.folder}/forw*.conf"
            server:
                interface: 127.0.0.1@5353
                interface: ::1
                port: 5354
                access-control: 192.168.1.0/24 allow
                access-control: 0.0.0.0/0 refuse
                tls-cert-bundle: "{self.pki.ca}"
                cache-min-ttl: 60
                private-address: 192.168.0.0/16
                private-domain: "plex.direct."
                msg-cache-size: 64m
                local-data: "box.lan. A 192.168.1.2"
            forward-zone:
                name: "corp.example"
                forward-addr: 192.168.1.1
            remote-control:
                control-enable: yes
            """))
        self.assertEqual(settings["listen"], ["127.0.0.1:5353", "[::1]:5354"])
        self.assertEqual(self.urls(settings), [f"tls://{pki.NAME}:{self.dot}", "tls://9.9.9.9:853"])
        self.assertEqual((settings["rebind"], settings["allow"]), ({"protect": "true", "allow": ["plex.direct"]}, ["192.168.1.0/24"]))
        self.assertEqual(settings["forward"], {"corp.example": ["192.168.1.1:53"]})
        for words in ("forward-first: left out: tacet never asks", "line 12: server.msg-cache-size: left out",
                      "line 7: access-control: left out", "has no name (#NAME), so unbound does not check its certificate",
                      "remote-control: left out"):
            self.assertIn(words, said)
        settings["rebind"] = {}  # the test's answers are private addresses
        self.resolves(settings)

    def test_plain_forwarders_are_named_and_left_out(self):
        said = self.refused("unbound-forward", self.file(f'forward-zone:\n  name: "."\n  forward-addr: {PLAIN}\n'))
        self.assertIn(f'line 3: forward-addr: "{PLAIN}" left out: plain DNS', said)

    def test_a_recursive_unbound_has_nothing_to_migrate(self):
        self.assertIn("There is nothing to migrate", self.refused("unbound-forward", self.file("server:\n  interface: 127.0.0.1\n")))


@unittest.skipUnless(os.environ.get("TACET_PACKAGED_SAMPLES"), "fetches packages: ctest -L long")
class Packaged(Migrate):
    """The vendors' own samples, as Debian packages them."""

    def sample(self, package, path):
        os.chmod(self.folder, 0o755)
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=self.folder, check=True)
        subprocess.run(["dpkg-deb", "-x", next(self.folder.glob("*.deb")), self.folder / "root"], check=True)
        return self.folder / "root" / path

    def test_stubby(self):
        settings, said = self.migrate("stubby", self.sample("stubby", "etc/stubby/stubby.yml"))
        self.assertGreaterEqual(len(settings["upstreams"]), 3)
        self.assertNotIn("does not know it", said)
        settings["upstreams"] = [{"url": self.upstream.dot_url(), "ca_file": self.pki.ca}]
        self.resolves(settings)

    def test_smartdns(self):
        settings, said = self.migrate("smartdns", self.sample("smartdns", "etc/smartdns/smartdns.conf"))
        self.assertIn("tacet asks its default, Cloudflare", said)
        self.assertNotIn("does not know it", said)
        settings["upstreams"] = [{"url": self.upstream.dot_url(), "ca_file": self.pki.ca}]
        self.resolves(settings)

    def test_unbound_as_packaged_resolves_by_itself(self):
        self.assertIn("There is nothing to migrate", self.refused("unbound-forward", self.sample("unbound", "etc/unbound/unbound.conf")))

    def test_dnsproxy_of_debian_is_another_program(self):
        self.assertIn("another program", self.refused("dnsproxy", self.sample("dnsproxy", "etc/dnsproxy.conf")))
