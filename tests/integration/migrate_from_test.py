"""`tacet migrate --from` for resolvers whose servers are all encrypted: the files have the shape of the vendors' samples, the
result resolves over loopback, and what does not map is said line by line."""
import textwrap

import pki
from migrate_case import PLAIN, Migrate, stamp


class Stubby(Migrate):
    def sample(self, more=""):
        return self.file(f"""\
            # A comment with a #
            resolution_type: GETDNS_RESOLUTION_STUB
            dns_transport_list:
              - GETDNS_TRANSPORT_TLS
            tls_authentication: GETDNS_AUTHENTICATION_REQUIRED
            tls_query_padding_blocksize: 128
            edns_client_subnet_private : 1
            round_robin_upstreams: 1
            idle_timeout: 10000
            tls_ca_file: {self.pki.ca}
            listen_addresses:
              - 127.0.0.1@5453
              - 0::1@5453
            upstream_recursive_servers:
            ## the test's
              - address_data: 127.0.0.1
                tls_auth_name: "{pki.NAME}"
                tls_port: {self.dot}
                tls_pubkey_pinset:
                  - digest: "sha256"
                    value: 62lKu9HsDVbyiPenApnc4sfmSYTHOVfFgL3pyB+cBL4=
            """ + textwrap.dedent(more))

    def test_resolves_with_its_servers(self):
        settings, said = self.migrate("stubby", self.sample())
        self.assertEqual(settings["listen"], ["127.0.0.1:5453", "[::1]:5453"])
        self.assertEqual(self.urls(settings), [f"tls://{pki.NAME}:{self.dot}"])
        self.assertEqual(settings["upstreams"][0]["addresses"], ["127.0.0.1"])
        self.assertIn("line 8: round_robin_upstreams: left out:", said)
        self.assertIn('the pinned key of "127.0.0.1" is left out', said)
        self.resolves(settings)

    def test_the_addresses_of_one_name_come_together_and_a_server_without_a_name_is_asked_by_its_address(self):
        settings, said = self.migrate("stubby", self.file("""\
            listen_addresses: [127.0.0.1]
            dns_transport_list: [GETDNS_TRANSPORT_TLS, GETDNS_TRANSPORT_UDP]
            tls_authentication: GETDNS_AUTHENTICATION_NONE
            upstream_recursive_servers:
              - {address_data: 145.100.185.15, tls_auth_name: dnsovertls.sinodun.com}
              - {address_data: "2001:610:1:40ba:145:100:185:15", tls_auth_name: dnsovertls.sinodun.com}
              - {address_data: 9.9.9.9}
              - {address_data: 192.0.2.7, tls_pubkey_pinset: [{digest: sha256, value: abc=}]}
            strange_key: 1
            """))
        self.assertEqual(self.urls(settings), ["tls://dnsovertls.sinodun.com", "tls://9.9.9.9"])
        self.assertEqual(settings["upstreams"][0]["addresses"], ["145.100.185.15", "2001:610:1:40ba:145:100:185:15"])
        for words in ("line 2: dns_transport_list: GETDNS_TRANSPORT_UDP left out: it sends every name in plaintext",
                      "line 3: tls_authentication: left out: tacet always checks",
                      '"192.0.2.7" left out: it is known by its key only', "line 9: strange_key: left out: tacet does not know it"):
            self.assertIn(words, said)

    def test_another_file_is_refused(self):
        self.assertIn("it is no stubby.yml", self.refused("stubby", self.file("listen: 1\n")))
        self.assertIn("give its name (stubby.yml)", self.refused("stubby", "-C", "file"))
        self.assertIn("cannot be read", self.refused("stubby", self.folder / "none"))


class DnscryptProxy(Migrate):
    def test_resolves_with_the_list_that_it_keeps(self):
        self.file(f"""\
            # public-resolvers

            ## first
            Words about it.
            {stamp(2, "127.0.0.1", "", f"{pki.NAME}:{self.doh}", "/dns-query")}

            ## second
            {stamp(3, f"127.0.0.1:{self.dot}", "", pki.NAME)}

            ## third
            {stamp(1, "192.0.2.1")}
            """, "public-resolvers.md")
        settings, said = self.migrate("dnscrypt-proxy", self.file("""\
            # Empty listen_addresses to use systemd socket activation
            listen_addresses = []
            server_names = ['first', "second",  # two
              'third', 'unheard-of']
            bootstrap_resolvers = ['9.9.9.11:53', '8.8.8.8:53']
            cache_min_ttl = 2400
            cache_size = 4096
            log_level = 3

            [query_log]
              file = '/var/log/dnscrypt-proxy/query.log'
            [nx_log]
            [sources]
              [sources.'public-resolvers']
              urls = ['https://raw.example/v3/public-resolvers.md', 'https://other.example/v3/public-resolvers.md']
              cache_file = 'public-resolvers.md'
              minisign_key = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3'
              refresh_delay = 73
              prefix = ''
            [anonymized_dns]
            routes = [ { server_name='*', via=['anon-a', 'anon-b'] } ]
            """))
        self.assertEqual(settings["listen"], ["127.0.2.1:53"])
        self.assertEqual(self.urls(settings), [f"https://{pki.NAME}:{self.doh}/dns-query", f"tls://{pki.NAME}:{self.dot}"])
        self.assertEqual((settings["cache"]["min_ttl"], settings["log"]["level"], settings["bootstrap"]), ("2400", "warn", []))
        for words in ("line 2: listen_addresses: it is empty", "it speaks DNSCrypt, which tacet does not",
                      'line 4: server_names: "unheard-of" left out', "line 7: cache_size: left out", "line 10: query_log: left out",
                      "anonymized_dns: left out", "bootstrap: left out: all upstreams have addresses"):
            self.assertIn(words, said)
        self.assertNotIn("nx_log", said)
        self.resolves(settings)

    def test_knows_the_usual_names_by_itself_and_says_the_date_of_its_list(self):
        settings, said = self.migrate("dnscrypt-proxy", self.file("""\
            server_names = ['cloudflare', 'quad9-doh-ip4-port443-filter-pri', 'scaleway-fr']
            listen_addresses = ['127.0.0.1:5300', '[::1]:5300']
            """))
        self.assertEqual(self.urls(settings), ["https://cloudflare-dns.com/dns-query", "https://dns.quad9.net/dns-query"])
        self.assertEqual([upstream["operator"] for upstream in settings["upstreams"]], ["cloudflare", "quad9"])
        self.assertIn('"scaleway-fr" left out: tacet does not know this server (its list is of 20', said)

    def test_a_stamp_of_its_own_counts_and_a_plain_one_is_named_and_left_out(self):
        settings, said = self.migrate("dnscrypt-proxy", self.file(f"""\
            listen_addresses = ['127.0.0.1:53']
            [static]
              [static.'mine']
              stamp = '{stamp(2, "[2001:db8::1]", "", "doh.example", "/q")}'
              [static.'open']
              stamp = '{stamp(0, PLAIN)}'
            """))
        self.assertEqual(self.urls(settings), ["https://doh.example/q"])
        self.assertEqual(settings["upstreams"][0]["addresses"], ["2001:db8::1"])
        self.assertIn("it is a plain DNS server", said)

    def test_without_names_it_keeps_our_default_and_says_so(self):
        settings, said = self.migrate("dnscrypt-proxy", self.file("listen_addresses = ['127.0.0.1:53']\n"))
        self.assertEqual(self.urls(settings)[0], "https://cloudflare-dns.com/dns-query")
        self.assertIn("so dnscrypt-proxy chooses from its public lists; tacet asks its default", said)

    def test_broken_toml_is_refused_with_its_line(self):
        for text, words in (("server_names = ['a\n", "line 1: a quote is open"), ("a = 1\nserver_names = ['a'", "line 2: the text ends too early"),
                            ("a = 1 2\n", "line 1: something stands behind the value"), ("= 1\n", "a name is missing"),
                            ("a = 1\na = 2\n", "a key stands twice"), ("a = " + "[" * 40 + "\n", "nested too deep")):
            self.assertIn(words, self.refused("dnscrypt-proxy", self.file(text)))


class HttpsDnsProxy(Migrate):
    def test_openwrts_file_resolves(self):
        settings, said = self.migrate("https-dns-proxy", self.file(f"""\
            config main 'config'
            \toption canary_domains_icloud '1'
            \toption dnsmasq_config_update '*'
            \tlist force_dns_port '53'
            \toption listen_addr '127.0.0.1'

            config https-dns-proxy
            \toption bootstrap_dns '1.1.1.1,1.0.0.1'
            \toption resolver_url 'https://127.0.0.1:{self.doh}/dns-query'
            \toption listen_port '5053'
            \toption ca_certs_file '{self.pki.ca}'

            config https-dns-proxy
            \toption bootstrap_dns '8.8.8.8,8.8.4.4'
            \toption resolver_url 'https://dns.google/dns-query'
            \toption listen_port '5054'
            """))
        self.assertEqual(settings["listen"], ["127.0.0.1:5053"])
        self.assertEqual(self.urls(settings), [f"https://127.0.0.1:{self.doh}/dns-query", "https://dns.google/dns-query"])
        self.assertIn("line 3: dnsmasq_config_update: left out: belongs to the router", said)
        self.assertIn("line 15: resolver_url: its own port is left out", said)
        self.resolves(settings)

    def test_a_unit_and_the_flags_give_the_same(self):
        flags = ["-a", "127.0.0.1", "-p", "5053", "-b", "1.1.1.1,8.8.8.8", "-r", "https://doh.example/dns-query", "-4", "-v", "-v"]
        unit = self.file("[Service]\nExecStart=/usr/sbin/https_dns_proxy \\\n  " + " ".join(flags) + "\n")
        self.assertEqual(self.migrate("https-dns-proxy", unit), self.migrate("https-dns-proxy", *flags))
        settings, said = self.migrate("https-dns-proxy", *flags)
        self.assertEqual(settings["bootstrap"], ["1.1.1.1:53", "8.8.8.8:53"])
        self.assertIn("bootstrap: tacet asks 1.1.1.1:53 and 8.8.8.8:53 in plain DNS, only for the address of doh.example", said)

    def test_a_compose_file_is_translated_or_refused(self):
        compose = "services:\n  {}:\n    image: ghcr.io/x/https-dns-proxy:latest\n    command: {}\n"
        settings, _ = self.migrate("https-dns-proxy", self.file(compose.format("dns", "-r https://dns.quad9.net/dns-query -a 127.0.0.1")))
        self.assertEqual(self.urls(settings), ["https://dns.quad9.net/dns-query"])
        self.assertIn("no container in it runs https_dns_proxy",
                      self.refused("https-dns-proxy", self.file("services:\n  web:\n    image: nginx\n")))
        self.assertIn("the container has no flags in it",
                      self.refused("https-dns-proxy", self.file("services:\n  dns:\n    image: x/https-dns-proxy\n")))

    def test_another_file_and_another_flag_are_refused(self):
        self.assertIn("no section", self.refused("https-dns-proxy", self.file("hello\n")))
        self.assertIn('"--nonsense" is no flag', self.refused("https-dns-proxy", "--nonsense"))
        self.assertIn("-r lacks its value", self.refused("https-dns-proxy", "-r"))
