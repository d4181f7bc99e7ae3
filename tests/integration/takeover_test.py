"""`tacet takeover` with a stand-in for systemctl: the old service holds the port, a real tacet takes it."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

import dns.rcode
import dnsclient
import netlab
import pki
import scratch
import tacet
from case import UnboundCase
from service_stand_in import StandIn

# Holds the port by UDP and TCP and answers nobody; says READY=1 as a service does.
OLD_PROGRAM = """
import os, signal, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
u = socket.socket(family, socket.SOCK_DGRAM); u.bind((sys.argv[2], int(sys.argv[1])))
t = socket.socket(family); t.bind((sys.argv[2], int(sys.argv[1]))); t.listen()
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
"""
# A resolver without a service: it holds port 53 and says so in its file.
STRAY = """\
#!/usr/bin/python3
import os, socket, sys
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 53))
open(sys.argv[0] + ".new", "w").write(str(os.getpid()))
os.rename(sys.argv[0] + ".new", sys.argv[0] + ".pid")
u.recv(1)
"""
COMPOSE = """\
services:
  dns:
    image: cloudflare/cloudflared:2025.11.1
    command: proxy-dns --port 5053 --upstream https://1.1.1.1/dns-query
    ports: ["127.0.0.1:53:5053/udp", "127.0.0.1:53:5053/tcp"]
"""


@unittest.skipUnless(os.geteuid() == 0, "it changes services, so it wants root")
class Takeover(UnboundCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch.directory()))
        self.units = StandIn(self.folder)
        self.addCleanup(self.units.stop_all)
        self.port = scratch.free_port(["127.0.0.1"])
        self.config = self.folder / "etc" / "tacet.yaml"
        self.config.parent.mkdir()
        self.config.write_text("workers: 1\n")
        self.socket = self.folder / "control.sock"
        self.units.unit("tacet.service", "[Service]\nExecStart=/usr/bin/tacet run\n",
                        run=[tacet.BINARY, "run", "--config", self.config, "--socket", self.socket])
        self.units.unit("tacet.socket", "[Socket]\nListenDatagram=127.0.0.1:53\n", enabled=True)

    def old_service(self, upstream_port, address="127.0.0.1"):
        settings = self.folder / "stubby.yml"
        settings.write_text(f"""\
listen_addresses: ["{address}@{self.port}"]
tls_ca_file: {self.pki.ca}
upstream_recursive_servers:
  - {{address_data: 127.0.0.1, tls_auth_name: {pki.NAME}, tls_port: {upstream_port}}}
round_robin_upstreams: 1
""")
        self.units.unit("stubby.service", f"[Service]\nExecStart=/usr/bin/stubby -C {settings}\n", enabled=True,
                        run=[sys.executable, "-c", OLD_PROGRAM, self.port, address])
        subprocess.run(["systemctl", "start", "stubby.service"], env=self.units.environment, check=True)
        (self.units.place / "calls").unlink()

    def takeover(self, *words):
        """With a /run of its own: what it tells systemd there must not reach this machine's."""
        own_run = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh"]
        return subprocess.run([*own_run, tacet.BINARY, "takeover", "--config", self.config, "--socket", self.socket, *words],
                              env=self.units.environment, capture_output=True, text=True, timeout=100, check=False)

    def assert_as_before(self):
        self.assertTrue(self.units.is_active("stubby.service") and self.units.is_enabled("stubby.service"))
        self.assertFalse(self.units.is_active("tacet.service") or self.units.is_enabled("tacet.service"))
        self.assertTrue(self.units.is_enabled("tacet.socket"))
        self.assertEqual(self.config.read_text(), "workers: 1\n")

    def test_takes_over_address_port_and_upstreams_and_then_disables_the_old_service(self):
        self.old_service(self.upstream.dot_port)
        done = self.takeover()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout + self.units.log("tacet.service"))
        self.assertIn("stubby.service is a service of stubby", done.stdout)
        self.assertIn("round_robin_upstreams: left out", done.stdout)
        self.assertIn(f"tacet answers at 127.0.0.1:{self.port}", done.stdout)
        self.assertEqual(self.units.calls(), ["daemon-reload", "stop tacet.socket tacet.service", "start tacet.socket", "restart tacet.service",
                                              "stop stubby.service", "disable --now tacet.socket", "daemon-reload",
                                              "disable stubby.service", "enable tacet.service"])
        self.assertFalse(self.units.is_active("stubby.service") or self.units.is_enabled("stubby.service"))
        answer = dnsclient.exchange_udp(("127.0.0.1", self.port), dnsclient.query("www.example.com").to_wire())
        self.assertEqual(dnsclient.header(answer)[1] & 15, dns.rcode.NOERROR)
        self.assertEqual((self.config.parent / "tacet.yaml.before-takeover").read_text(), "workers: 1\n")
        self.assertIn(f"To go back: systemctl disable tacet.service && mv {self.config}.before-takeover {self.config}"
                      " && systemctl enable stubby.service && systemctl stop tacet.service && systemctl start stubby.service\n", done.stdout)

    def test_if_both_cannot_have_the_address_the_old_service_stops_before_tacet_starts(self):
        self.old_service(self.upstream.dot_port, "::")
        done = self.takeover()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout + self.units.log("tacet.service"))
        self.assertEqual(self.units.calls()[:3], ["stop stubby.service", "disable --now tacet.socket", "restart tacet.service"])

    def test_a_rehearsal_changes_nothing(self):
        self.old_service(self.upstream.dot_port)
        done = self.takeover("--dry-run")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f'  | listen: ["127.0.0.1:{self.port}"]', done.stdout)
        self.assertEqual(self.units.calls(), [])
        self.assert_as_before()

    def test_with_dead_upstreams_the_old_service_never_stops(self):
        self.old_service(scratch.free_port(["127.0.0.1"]))
        done = self.takeover()
        self.assertEqual(done.returncode, 1)
        self.assertIn("its upstreams do not answer tacet", done.stderr)
        self.assertEqual(self.units.calls(), [])
        self.assert_as_before()

    def test_if_tacet_does_not_start_everything_is_put_back(self):
        self.old_service(self.upstream.dot_port)
        (self.units.place / "tacet.service.run").write_text('["false"]')
        done = self.takeover()
        self.assertEqual(done.returncode, 1)
        self.assertIn("everything is as it was", done.stderr)
        self.assert_as_before()

    def test_if_nobody_answers_where_the_old_service_did_everything_is_put_back(self):
        self.old_service(self.upstream.dot_port)
        elsewhere = scratch.free_port(["127.0.0.1"])
        (self.units.place / "tacet.service.run").write_text(json.dumps([sys.executable, "-c", OLD_PROGRAM, str(elsewhere), "127.0.0.1"]))
        done = self.takeover()
        self.assertEqual(done.returncode, 1)
        self.assertIn("everything is as it was", done.stderr)
        self.assert_as_before()

    def test_it_names_the_services_if_several_could_be_meant_and_takes_the_one_that_is_named(self):
        self.old_service(self.upstream.dot_port)
        self.units.unit("cloudflared-dns.service", "[Service]\nExecStart=/usr/local/bin/cloudflared proxy-dns --port 5053 --address 127.0.0.1\n", active=True)
        self.units.unit("cloudflared.service", "[Service]\nExecStart=/usr/bin/cloudflared tunnel run\n", active=True)
        done = self.takeover("--dry-run")
        self.assertEqual(done.returncode, 1)
        self.assertIn("several services could be meant: cloudflared-dns.service, stubby.service", done.stderr)
        named = self.takeover("--dry-run", "--unit", "cloudflared-dns.service")
        self.assertEqual(named.returncode, 0, named.stderr)
        self.assertIn('listen: ["127.0.0.1:5053"]', named.stdout)

    def test_the_addresses_of_a_socket_unit_count(self):
        settings = self.folder / "dnscrypt-proxy.toml"
        settings.write_text("listen_addresses = []\nserver_names = ['cloudflare']\n")
        self.units.unit("dnscrypt-proxy.service", f"[Service]\nExecStart=/usr/sbin/dnscrypt-proxy -config {settings}\n", active=True)
        self.units.unit("dnscrypt-proxy.socket", "[Socket]\nListenStream=127.0.3.1:53\nListenDatagram=127.0.3.1:53\n", active=True)
        done = self.takeover("--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('  | listen: ["127.0.3.1:53"]\n', done.stdout)

    def test_a_machine_without_a_configuration_gets_one_and_loses_it_again_if_tacet_does_not_start(self):
        self.old_service(self.upstream.dot_port)
        (self.units.place / "tacet.service.run").write_text('["false"]')
        self.config.unlink()
        self.config.parent.rmdir()
        done = self.takeover()
        self.assertIn("everything is as it was", done.stderr)
        self.assertFalse(self.config.exists())
        self.assertTrue(self.units.is_active("stubby.service"))

    def test_without_such_a_service_it_says_what_it_looked_for(self):
        self.units.unit("nginx.service", "[Service]\nExecStart=/usr/sbin/nginx\n", active=True)
        self.assertIn("no running service of cloudflared proxy-dns", self.takeover().stderr)
        self.assertIn("systemd knows no unit none.service", self.takeover("--unit", "none.service").stderr)

    def stray(self, *starter):
        """A cloudflared that no service runs, in a network of its own; with `starter`, below what these words start."""
        network = self.enterContext(netlab.Namespace())
        program = self.folder / "cloudflared"
        program.write_text(STRAY)
        program.chmod(0o755)
        command = [program, "proxy-dns", "--upstream", "https://1.1.1.1/dns-query", "--port", "53"]
        if starter:
            run = self.folder / "cloudflared.d" / "run"
            run.parent.mkdir()
            run.write_text(f"#!/bin/sh\nexec {' '.join(map(str, command))}\n")
            run.chmod(0o755)
            command = [*starter, run.parent]
        network.popen(list(map(str, command)))
        scratch.eventually((self.folder / "cloudflared.pid").exists, 20, "the stray resolver")
        self.addCleanup(os.kill, int((self.folder / "cloudflared.pid").read_text()), signal.SIGKILL)  # before its starter ends
        done = subprocess.run(network.command(tacet.BINARY, "takeover", "--config", str(self.config)), env=self.units.environment, capture_output=True, text=True)
        self.assertEqual((done.returncode, self.units.calls(), self.config.read_text()), (1, [], "workers: 1\n"))
        return done.stderr

    @unittest.skipIf(netlab.why_not(), netlab.why_not())
    def test_of_a_resolver_that_no_service_runs_it_says_what_it_is_and_what_to_do(self):
        said = self.stray()
        self.assertRegex(said, r"cloudflared has 127\.0\.0\.1:53 \(pid \d+, started by hand\)")
        self.assertIn(f"tacet migrate --from cloudflared proxy-dns --upstream https://1.1.1.1/dns-query --port 53 >{self.config}", said)
        self.assertRegex(said, r"(?m)^3\. Stop it: kill \d+")

    @unittest.skipIf(netlab.why_not(), netlab.why_not())
    def test_of_a_resolver_that_a_supervisor_keeps_it_says_how_the_supervisor_stops_it(self):
        runsv = self.folder / "runsv"
        runsv.write_text('#!/bin/sh\ncd "$1" && ./run\n')  # as runit's does, but for what nobody asks here
        runsv.chmod(0o755)
        said = self.stray(runsv)
        self.assertIn("started by runit", said)
        self.assertIn(f"3. Stop it: sv down {self.folder}/cloudflared.d\n", said)

    def test_a_takeover_that_was_cut_short_can_be_repeated_and_the_first_configuration_is_kept(self):
        self.old_service(self.upstream.dot_port)
        self.units.die_at("start tacet.socket")
        self.assertEqual(self.takeover().returncode, -signal.SIGKILL)
        self.assertTrue(self.units.is_active("stubby.service"))
        done = self.takeover()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout + self.units.log("tacet.service"))
        self.assertEqual((self.config.parent / "tacet.yaml.before-takeover").read_text(), "workers: 1\n")
        self.assertFalse(self.units.is_active("stubby.service") or self.units.is_enabled("stubby.service"))

    def test_for_a_compose_file_it_prints_what_to_do_and_changes_nothing(self):
        compose = self.folder / "docker-compose.yml"
        compose.write_text(COMPOSE)
        done = self.takeover(compose)
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ('listen: ["127.0.0.1:53"]', "https://1.1.1.1/dns-query", "docker compose up", f"Write this into {self.config}"):
            self.assertIn(words, done.stdout)
        self.assertEqual((compose.read_text(), self.config.read_text(), self.units.calls()), (COMPOSE, "workers: 1\n", []))
        compose.write_text("services: {web: {image: nginx}}\n")
        self.assertEqual(self.takeover(compose).returncode, 1)


if __name__ == "__main__":
    unittest.main()
