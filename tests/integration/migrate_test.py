"""`tacet migrate --from cloudflared`: what it writes is accepted by `check`, and what does not map is said."""
import json
import pathlib
import tempfile
import unittest

import tacet

DOH = "https://1.1.1.1/dns-query"


class Migrate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tacet-migrate-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def migrate(self, *words):
        """(the configuration, what was said); the configuration has gone through `check`, which leaves it as it is."""
        done = tacet.run("migrate", "--from", "cloudflared", *map(str, words))
        self.assertEqual(done.returncode, 0, done.stderr)
        file = self.folder / "migrated.yaml"
        file.write_text(done.stdout, encoding="utf-8")
        checked = tacet.run("check", "--config", str(file))
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.assertEqual(checked.stdout, done.stdout)
        return done.stdout, done.stderr

    def refused(self, *words):
        done = tacet.run("migrate", "--from", "cloudflared", *map(str, words))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def file(self, text):
        path = self.folder / "given"
        path.write_text(text, encoding="utf-8")
        return path

    def urls(self, yaml):
        return [json.loads(line.split("url: ")[1]) for line in yaml.splitlines() if "- url: " in line]


class Flags(Migrate):
    def test_the_usual_set_up_maps_wholly(self):
        yaml, said = self.migrate("--port", "5053", "--address", "127.0.0.1", "--upstream", DOH, "--upstream", "https://1.0.0.1/dns-query")
        self.assertIn('listen: ["127.0.0.1:5053"]', yaml)
        self.assertEqual(self.urls(yaml), [DOH, "https://1.0.0.1/dns-query"])
        self.assertEqual(yaml.count('operator: "cloudflare"'), 2)
        self.assertIn("bootstrap: []", yaml)
        self.assertEqual(said, "")

    def test_the_program_and_its_verb_may_stand_before_the_flags(self):
        self.assertEqual(self.migrate("/usr/local/bin/cloudflared", "proxy-dns", f"--upstream={DOH}", "--port=5053"),
                         self.migrate("--port", "5053", "--upstream", DOH))

    def test_what_is_not_said_is_as_in_cloudflared(self):
        yaml, said = self.migrate("--no-autoupdate")
        self.assertIn('# listen: ["127.0.0.1:53", "[::1]:53"]', yaml)
        self.assertEqual(self.urls(yaml), [DOH, "https://1.0.0.1/dns-query"])
        self.assertIn("--no-autoupdate: left out", said)

    def test_localhost_is_both_families(self):
        self.assertIn('listen: ["127.0.0.1:5053", "[::1]:5053"]', self.migrate("--port", "5053", "--address", "localhost")[0])

    def test_cloudflares_own_name_needs_no_lookup(self):
        yaml, said = self.migrate("--upstream", "https://cloudflare-dns.com/dns-query", "--bootstrap", DOH)
        self.assertIn('"2606:4700:4700::1111"', yaml)
        self.assertIn("bootstrap: []", yaml)
        self.assertIn("bootstrap: left out", said)

    def test_another_name_is_looked_up_at_the_bootstraps_address_and_that_is_said(self):
        yaml, said = self.migrate("--upstream", "https://dns.example.net/dns-query", "--bootstrap", "https://192.0.2.7/dns-query")
        self.assertIn('bootstrap: ["192.0.2.7:53"]', yaml)
        self.assertRegex(said, r"192\.0\.2\.7:53 in plain DNS.*dns\.example\.net")

    def test_without_a_bootstrap_another_name_is_looked_up_where_cloudflared_did(self):
        yaml, said = self.migrate("--upstream", "https://dns.example.net/dns-query")
        self.assertIn('bootstrap: ["1.1.1.1:53", "[2606:4700:4700::1111]:53"]', yaml)
        self.assertIn("plain DNS", said)

    def test_lists_may_be_given_with_commas(self):
        self.assertEqual(self.urls(self.migrate("--upstream", f"{DOH},https://1.0.0.1/dns-query")[0]), [DOH, "https://1.0.0.1/dns-query"])

    def test_everything_else_is_named(self):
        said = self.migrate("--max-upstream-conns", "5", "--metrics", "localhost:3000", "--frobnicate", "--loglevel", "debug")[1]
        for flag in ("--max-upstream-conns", "--metrics", "--frobnicate"):
            self.assertEqual(said.count(f"{flag}: left out: "), 1, said)
        self.assertNotIn("loglevel", said)

    def test_the_log_level_is_taken(self):
        self.assertIn("  level: debug\n", self.migrate("--loglevel", "debug")[0])
        self.assertIn("  level: error\n", self.migrate("--loglevel", "fatal")[0])

    def test_an_upstream_in_plaintext_is_left_out_with_the_reason(self):
        yaml, said = self.migrate("--upstream", "http://1.1.1.1/dns-query", "--upstream", DOH)
        self.assertEqual(self.urls(yaml), [DOH])
        self.assertIn('--upstream: "http://1.1.1.1/dns-query" left out', said)

    def test_nothing_is_written_if_no_upstream_is_left(self):
        self.assertIn("no encrypted upstream is left", self.refused("--upstream", "http://1.1.1.1/dns-query"))

    def test_listening_beyond_this_machine_is_pointed_out(self):
        yaml, said = self.migrate("--address", "0.0.0.0")
        self.assertIn('listen: ["0.0.0.0:53"]', yaml)
        self.assertIn("other machines", said)
        self.assertIn('allow: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"]', yaml)
        self.assertIn("allow: []", self.migrate("--port", "5053")[0])

    def test_what_cannot_be_meant_is_refused(self):
        for words, why in ((("--port", "0"), "--port"), (("--port", "70000"), "--port"), (("--address", "ns.example"), "--address"),
                           (("--upstream",), "--upstream lacks its value"), (("--port", "53", "extra"), '"extra"')):
            with self.subTest(words):
                self.assertIn(why, self.refused(*words))


class Files(Migrate):
    expected = [DOH, "https://dns.example.net/dns-query"]

    def assert_both(self, text):
        yaml, said = self.migrate(self.file(text))
        self.assertEqual(self.urls(yaml), self.expected)
        self.assertIn('listen: ["127.0.0.1:5053"]', yaml)
        self.assertIn('bootstrap: ["192.0.2.7:53"]', yaml)
        return said

    def test_config_yml(self):
        said = self.assert_both(
            f"tunnel: 6ff42ae2\nproxy-dns: true\nproxy-dns-port: 5053\nproxy-dns-address: 127.0.0.1\n"
            f"proxy-dns-upstream:\n  - {DOH}\n  - https://dns.example.net/dns-query\n"
            "proxy-dns-bootstrap: [https://192.0.2.7/dns-query]\n")
        self.assertIn("--tunnel: left out", said)

    def test_etc_default(self):
        self.assert_both(f'# for dns\nCLOUDFLARED_OPTS="--port 5053 --address 127.0.0.1 --upstream {DOH} '
                         '--upstream https://dns.example.net/dns-query --bootstrap https://192.0.2.7/dns-query"\n')

    def test_etc_default_with_continued_lines(self):
        self.assert_both(f"CLOUDFLARED_OPTS=--port 5053 --address 127.0.0.1 \\\n  --upstream {DOH} \\\n"
                         "  --upstream https://dns.example.net/dns-query --bootstrap https://192.0.2.7/dns-query\n")

    def test_a_systemd_unit(self):
        self.assert_both(
            "[Unit]\nDescription=DNS over HTTPS\n[Service]\nEnvironment=\"TUNNEL_DNS_PORT=5053\" TUNNEL_DNS_ADDRESS=127.0.0.1\n"
            f"ExecStart=/usr/local/bin/cloudflared proxy-dns $OPTS --upstream {DOH} \\\n"
            "  --upstream 'https://dns.example.net/dns-query' --bootstrap https://192.0.2.7/dns-query\nRestart=on-failure\n")

    def test_variables_of_a_container(self):
        said = self.assert_both(
            f"TUNNEL_DNS_PORT=5053\nexport TUNNEL_DNS_ADDRESS=127.0.0.1\nTUNNEL_DNS_UPSTREAM='{DOH},https://dns.example.net/dns-query'\n"
            "TUNNEL_DNS_BOOTSTRAP=https://192.0.2.7/dns-query\nTUNNEL_DNS_MAX_UPSTREAM_CONNS=0\nTZ=UTC\n")
        self.assertIn("--max-upstream-conns: left out", said)

    def test_a_compose_file_by_its_command(self):
        for command in (f"proxy-dns --port 5053 --upstream {DOH} --upstream https://dns.example.net/dns-query --bootstrap https://192.0.2.7/dns-query",
                        f"\n      - proxy-dns\n      - --port=5053\n      - --upstream\n      - {DOH},https://dns.example.net/dns-query\n"
                        "      - --bootstrap=https://192.0.2.7/dns-query",
                        f"[cloudflared, proxy-dns, --port, '5053', --upstream, '{DOH}', --upstream, 'https://dns.example.net/dns-query', "
                        "--bootstrap, 'https://192.0.2.7/dns-query']"):
            with self.subTest(command):
                self.assert_both("version: '3'\nservices:\n  web:\n    image: nginx\n    command: nginx -g 'daemon off;'\n    ports: [80:80]\n"
                                 f"  dns:\n    image: cloudflare/cloudflared:2024.1.0\n    command: {command}\n"
                                 "    ports: [\"127.0.0.1:5053:5053/udp\", \"127.0.0.1:5053:5053/tcp\"]\n")

    def test_a_compose_file_by_its_environment_and_where_the_machine_answers(self):
        for environment in (f"\n      TUNNEL_DNS_PORT: 53\n      TUNNEL_DNS_ADDRESS: 0.0.0.0\n      TUNNEL_DNS_UPSTREAM: {','.join(self.expected)}\n"
                            "      TUNNEL_DNS_BOOTSTRAP: https://192.0.2.7/dns-query",
                            f"\n      - TUNNEL_DNS_PORT=53\n      - TUNNEL_DNS_ADDRESS=0.0.0.0\n      - TUNNEL_DNS_UPSTREAM={','.join(self.expected)}\n"
                            "      - TUNNEL_DNS_BOOTSTRAP=https://192.0.2.7/dns-query"):
            for ports in ('["127.0.0.1:5053:53/udp"]', '[{target: 53, published: 5053, host_ip: 127.0.0.1}]'):
                with self.subTest(environment, ports=ports):
                    self.assert_both(f"services:\n  dns:\n    image: crazymax/cloudflared\n    environment:{environment}\n    ports: {ports}\n")

    def test_a_published_port_without_an_address_is_for_other_machines_too(self):
        yaml, said = self.migrate(self.file("services: {dns: {image: cloudflare/cloudflared, command: proxy-dns --port 5053, ports: ['53:5053/udp']}}\n"))
        self.assertIn('listen: ["0.0.0.0:53"]', yaml)
        self.assertIn("other machines", said)

    def test_a_kubernetes_manifest(self):
        self.assert_both("kind: Deployment\nspec: {template: {spec: {containers: [{name: dns, image: cloudflare/cloudflared, args: [proxy-dns], env: [\n"
                         "{name: TUNNEL_DNS_PORT, value: '5053'}, {name: TUNNEL_DNS_ADDRESS, value: 127.0.0.1}, "
                         f"{{name: TUNNEL_DNS_UPSTREAM, value: '{','.join(self.expected)}'}}, {{name: TUNNEL_DNS_BOOTSTRAP, value: 'https://192.0.2.7/dns-query'}}]}}]}}}}}}\n")

    def test_files_with_nothing_of_the_kind_are_refused(self):
        for text in ("", "\n", "[Service]\nExecStart=\n", "just words\n", "key=value\n", "a: 1\n", "- a\n", "port: 53\nupstream: [https://1.1.1.1/dns-query]\n",
                     "services: {web: {image: nginx, command: nginx -g daemon}}\n", "services: {t: {image: cloudflare/cloudflared, command: tunnel run}}\n",
                     "services: {a: {command: proxy-dns}, b: {command: proxy-dns}}\n", "tunnel: 6ff42ae2\ningress: []\n", "proxy-dns: false\n",
                     "[Service]\nExecStart=/usr/sbin/unbound -d -p --port 53\n", "[Service]\nExecStart=/usr/bin/cloudflared tunnel --no-autoupdate run\n",
                     "[Service]\nExecStart=/usr/bin/cloudflared --config /etc/cloudflared/config.yml\n",
                     "server:\n    interface: 127.0.0.1\n    port: 53\n", "server=1.1.1.1\nport=53\n", "\x7fELF\x02\0\0CLOUDFLARED_OPTS=--port 53\n",
                     "upstreams: [{url: 'tls://1.1.1.1'}]\nlisten: [127.0.0.1]\n", '{"dns": {"port": 53}}\n'):
            with self.subTest(text):
                self.assertIn("given: ", self.refused(self.file(text)))
        self.assertIn("cannot be read", self.refused("/nonexistent/config.yml"))
        self.assertIn("larger than 1 MiB", self.refused("/dev/zero"))


if __name__ == "__main__":
    unittest.main()
