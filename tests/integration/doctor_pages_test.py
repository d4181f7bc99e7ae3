"""tacet doctor reads pages: what Cloudflare's servers see of the asker, and what a portal shows."""
import sys
import unittest

import netlab
from case import Case
from doctor_world import CLOUDFLARE, ROUTER, CanaryWorld, Daemon, World


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Traces(Case):
    """dnsdist answers at /cdn-cgi/trace as Cloudflare's servers do."""

    PAGE = r"fl=1\nh=1.1.1.1\nip=203.0.113.7\ncolo=FRA\nloc=DE\ntls=TLSv1.3\nkex=X25519\nsni=off\nwarp={}\n"

    def findings(self, warp):
        world = self.enterContext(World(self.directory, self.pki, resolvers={CLOUDFLARE: "FRA"}))
        certificate = self.pki.named(f"IP:{CLOUDFLARE}")
        conf = world.write("tracing.conf", f"""setLocal("127.0.0.1:5399")
setSecurityPollSuffix("")
newServer({{address="{CLOUDFLARE}:53", healthCheckMode="up"}})
addDOHLocal("{CLOUDFLARE}:8443", "{certificate.chain}", "{certificate.key}", {{"/dns-query", "/cdn-cgi/trace"}})
getDOHFrontend(0):setResponsesMap({{newDOHResponseMapEntry("^/cdn-cgi/trace$", 200, "{self.PAGE.format(warp)}")}})
setACL({{"0.0.0.0/0"}})
""")
        dnsdist = Daemon(world, "dnsdist", ["dnsdist", "--supervised", "--disable-syslog", "-C", conf], lambda d: d.text().count("Listening on") >= 2)
        self.addCleanup(dnsdist.end)
        world.configure(world.entry(f"https://{CLOUDFLARE}:8443/dns-query"))
        return world.findings("--only", "who,warp")

    def test_what_the_site_sees_of_the_asker_is_shown(self):
        who = [each["seen"] for each in self.findings("off") if each["check"] == "who"]
        self.assertRegex(who[0], r"^1\.1\.1\.1 at FRA, \d+\.\d ms; its trace: FRA, sees 203\.0\.113\.7 \(DE\), TLSv1\.3 with X25519, SNI off, WARP off$")

    def test_warp_that_carries_the_traffic_is_told_without_its_interface(self):
        self.assertEqual([each["seen"] for each in self.findings("plus") if each["check"] == "warp"], ["warp=plus"])


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class PortalProbes(Case):
    """No upstream passes, and doctor fetches a page by plain HTTP."""

    def world(self):
        world = self.enterContext(World(self.directory, self.pki))
        world.lab.set(drop_ports=(443, 853))
        world.lab.run("b", ["ip", "addr", "add", "192.0.2.1/32", "dev", "lo"], check=True)  # of the page's host
        return world

    def serve(self, world, script):
        path = world.write("server.py", script)
        server = Daemon(world, "http", [sys.executable, path], lambda d: "ready" in d.text())
        self.addCleanup(server.end)

    HANDLER = """import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        {}
        self.end_headers()
        {}
server = http.server.HTTPServer(("", 80), Handler)
print("ready", flush=True)
server.serve_forever()
"""

    def portal(self, world, *words):
        return next(each for each in world.findings("--only", "path,reach,net", *words) if each["check"] == "net.portal")

    def test_the_true_page_is_no_portal(self):
        world = self.world()
        self.serve(world, self.HANDLER.format("self.send_response(200)", "self.wfile.write(b'all is open, says the page')"))
        self.assertEqual(self.portal(world)["severity"], "unknown")
        self.assertEqual(self.portal(world, "--portal-probe")["severity"], "ok")

    def test_a_redirection_is_a_portal_with_its_page(self):
        world = self.world()
        self.serve(world, self.HANDLER.format("self.send_response(302); self.send_header('Location', 'http://login.example/hotel')", ""))
        found = self.portal(world, "--portal-probe")
        self.assertEqual(found["severity"], "failure")
        self.assertIn("log in at http://login.example/hotel", found["remedy"])

    def test_a_rehearsal_names_the_page_and_the_question(self):
        told = self.world().doctor("--dry-run", "--portal-probe", "--only", "net").stdout
        self.assertIn(f"UDP to {ROUTER}:53: {CanaryWorld.NAMES[0]}. A", told)
        self.assertIn(f"GET http://{CanaryWorld.NAMES[0]}/nm", told)


if __name__ == "__main__":
    unittest.main()
