"""Certificates as people get them: Debian's certbot, an ACME server (pebble), and a tacet that uses certbot's own files.

Needs pebble and certbot, which packaging/install-packages.sh does not install:
    apt-get install --no-install-recommends pebble certbot
"""
import json
import os
import shutil
import socket
import ssl
import subprocess
import unittest

import pki
import scratch
from case import UnboundCase
from servers import Unbound

NAME = "dns.example.net"
ZONE = "$ORIGIN example.net.\n@ 60 SOA ns1 h 1 3600 900 604800 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\ndns 60 A 127.0.0.1\n"


@unittest.skipUnless(shutil.which("pebble") and shutil.which("certbot"), "needs pebble and certbot")
class Acme(UnboundCase):
    def setUp(self):
        self.folder = self.enterContext(scratch.directory("acme"))
        self.api, self.management, self.http = (scratch.free_port(["127.0.0.1"]) for _ in range(3))
        self.names = self.enterContext(Unbound(self.folder, self.pki.good(), zones={"example.net.": ZONE}))
        good = self.pki.good()
        with open(f"{self.folder}/pebble.json", "w", encoding="ascii") as file:
            json.dump({"pebble": {"listenAddress": f"127.0.0.1:{self.api}", "managementListenAddress": f"127.0.0.1:{self.management}", "certificate": good.chain,
                                  "privateKey": good.key, "httpPort": self.http, "tlsPort": 0, "ocspResponderURL": ""}}, file)
        log = self.enterContext(open(f"{self.folder}/pebble.log", "wb"))
        self.child("pebble", "-config", f"{self.folder}/pebble.json", "-dnsserver", f"127.0.0.1:{self.names.plain_port}",
                   env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}, stdout=log, stderr=log)
        scratch.eventually(lambda: self.answers(self.api), 20)

    @staticmethod
    def answers(port):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    def certbot(self, *words):
        folders = [part for word in ("config", "work", "logs") for part in (f"--{word}-dir", f"{self.folder}/{word}")]
        done = subprocess.run(["certbot", *words, "--non-interactive", "--standalone", "--http-01-port", str(self.http), "--http-01-address", "127.0.0.1",
                               "--server", f"https://127.0.0.1:{self.api}/dir", *folders],
                              env={**os.environ, "REQUESTS_CA_BUNDLE": self.pki.ca}, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def shown(self, port):
        """The serial number and the issuer of the certificate that a client over TLS sees, once it has verified it."""
        roots = f"{self.folder}/roots.pem"
        fetched = subprocess.run(["curl", "-sS", "--cacert", self.pki.ca, f"https://127.0.0.1:{self.management}/roots/0"], capture_output=True, check=True, timeout=20)
        with open(roots, "wb") as file:
            file.write(fetched.stdout)
        context = ssl.create_default_context(cafile=roots)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 15), server_hostname=NAME) as client:
            certificate = client.getpeercert()
            return certificate["serialNumber"], str(certificate["issuer"])

    def test_certbot_gets_a_certificate_and_its_renewal_is_used_without_a_restart(self):
        self.certbot("certonly", "--domain", NAME, "--agree-tos", "--register-unsafely-without-email")
        live = f"{self.folder}/config/live/{NAME}"
        own = pki.Certificate(f"{live}/fullchain.pem", f"{live}/privkey.pem")
        port = scratch.free_port(["127.0.0.1"])
        daemon = self.tacet(self.upstream.doh_url(), tls={"listen": [f"127.0.0.1:{port}"], "certificate": own.chain, "key": own.key})
        first, issuer = self.shown(port)
        self.assertIn("Pebble", issuer)
        process = daemon.process.pid
        self.certbot("renew", "--force-renewal", "--no-random-sleep-on-renew")
        daemon.await_log("have changed and were read again", within=120)  # only root can watch certbot's folder, so it takes up to a minute
        second, _ = self.shown(port)
        self.assertNotEqual(first, second)
        self.assertEqual(daemon.process.pid, process)


if __name__ == "__main__":
    unittest.main()
