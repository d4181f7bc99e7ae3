"""Debian's knotd: an authoritative server that speaks DNS over QUIC and over TLS, with the zone of servers.py."""
import os
import shutil

import scratch
import server_process
import servers

PROGRAM = shutil.which("knotd", path=os.environ.get("PATH", "") + ":/usr/sbin") or "knotd"

_CONFIGURATION = """server:
    rundir: "{dir}"
    pidfile: "{dir}/knotd.pid"
    listen: [ {plain} ]
    listen-quic: [ {quic} ]
    listen-tls: [ {tls} ]
    key-file: "{key}"
    cert-file: "{chain}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    quic-idle-close-timeout: {idle}
control:
    listen: "{dir}/knot.sock"
database:
    storage: "{dir}"
log:
  - target: stderr
    any: info
zone:
  - domain: {origin}
    file: "{dir}/zone"
    zonefile-load: whole
    zonefile-sync: -1
    journal-content: none
"""


def why_not():
    """Why there is no knotd; empty if there is one. For unittest's skipIf."""
    return "" if os.path.exists(PROGRAM) else "needs Debian's knot"


class Knot(server_process.ServerProcess):
    """A context manager. Its ports stay the same over stop() and start(). `idle`: seconds until it closes an idle connection."""

    def __init__(self, directory, certificate, *, addresses=("127.0.0.1",), command=(), idle=30, zone=servers.ZONE, ports=None):
        super().__init__(directory, "knotd")
        self._command = [*command, PROGRAM, "-c", self._path("knot.conf")]
        self.addresses = addresses
        self.plain_port, self.quic_port, self.tls_port = ports or tuple(scratch.free_port(() if command else addresses) for _ in range(3))
        with open(self._path("zone"), "w", encoding="ascii") as file:
            file.write(zone)
        with open(self._path("knot.conf"), "w", encoding="ascii") as file:
            file.write(_CONFIGURATION.format(
                dir=self._dir, plain=self._listen(self.plain_port), quic=self._listen(self.quic_port), tls=self._listen(self.tls_port),
                key=certificate.key, chain=certificate.chain, idle=idle, origin=servers.ORIGIN))

    def _listen(self, port):
        return ", ".join(f"{address}@{port}" for address in self.addresses)

    def _end(self):
        """At once, as a machine that is gone: it says no goodbye."""
        self._process.kill()
        self._process.wait()

    def _is_ready(self):
        said = self.log()[self._output_before:]
        return "server started" in said and "loaded" in said

    def quic_url(self, host=None):
        return f"quic://{scratch.url_host(host or self.addresses[0])}:{self.quic_port}"

    def tls_url(self, host=None):
        return f"tls://{scratch.url_host(host or self.addresses[0])}:{self.tls_port}"

    def cpu_seconds(self):
        with open(f"/proc/{self._process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
