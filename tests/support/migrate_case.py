"""What every test of `tacet migrate --from` does with a file of another program."""
import base64
import pathlib
import textwrap

import dns.rcode
import scratch
import tacet
import yaml
from case import UnboundCase

PLAIN = "9.9.9.9"


def stamp(protocol, *fields):
    """sdns:// with these octets behind the protocol; each field gets its length."""
    octets = bytes([protocol]) + (b"\0" * 8 if protocol in (2, 3, 4) else b"")
    octets += b"".join(bytes([len(field)]) + field.encode() for field in fields)
    return "sdns://" + base64.urlsafe_b64encode(octets).decode().rstrip("=")


class Migrate(UnboundCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch.directory()))

    def file(self, text, name="given"):
        path = self.folder / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def run_migrate(self, program, *words):
        return tacet.run("migrate", "--from", program, *map(str, words))

    def migrate(self, program, *words):
        """(the configuration as a tree of texts, what was said); `check` leaves the file as it is."""
        done = self.run_migrate(program, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        path = self.folder / "migrated.yaml"
        path.write_text(done.stdout, encoding="utf-8")
        checked = tacet.run("check", "--config", path)
        self.assertEqual((checked.returncode, checked.stdout), (0, done.stdout), checked.stderr)
        return yaml.load(done.stdout, Loader=yaml.BaseLoader), done.stderr

    def refused(self, program, *words):
        done = self.run_migrate(program, *words)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def resolves(self, settings):
        """The migrated file as it is, but for the port, the control socket and the authority of the tests."""
        for upstream in settings["upstreams"]:
            upstream["ca_file"] = upstream["ca_file"] or self.pki.ca
        for key in ("listen", "control", "allow"):
            settings.pop(key)
        with tacet.Tacet(self.directory, **settings) as daemon:
            answer = daemon.ask("www.example.com", "A")
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
            self.assertTrue(answer.answer)

    def urls(self, settings):
        return [upstream["url"] for upstream in settings["upstreams"]]

    @property
    def dot(self):
        return self.upstream.dot_port

    @property
    def doh(self):
        return self.upstream.doh_port
