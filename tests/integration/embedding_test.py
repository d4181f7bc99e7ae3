"""A program that uses what is installed of the library, and nothing else: it is compiled, linked, and answers."""
import os
import pathlib
import shlex
import subprocess
import unittest

import dns.exception
import dns.message
import dns.query
import dnsclient
import scratch
import servers
from case import UnboundCase

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "embedding.cpp")


class Embedding(UnboundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix = os.path.join(cls.directory, "prefix")
        cls.run_well(os.environ["TACET_CMAKE"], "--install", os.environ["TACET_BUILD"], "--component", "development", "--prefix", cls.prefix)
        found = {**os.environ, "PKG_CONFIG_PATH": os.path.join(cls.prefix, "lib", "pkgconfig")}
        cls.flags = shlex.split(cls.run_well("pkg-config", "--cflags", "--libs", "tacet", env=found))
        cls.program = os.path.join(cls.directory, "embedding")
        cls.compile(PROGRAM, "-o", cls.program, *cls.flags)

    @staticmethod
    def run_well(*command, **options):
        done = subprocess.run(command, capture_output=True, text=True, **options)
        if done.returncode != 0:
            raise AssertionError(f"{command}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @classmethod
    def compile(cls, *words):
        return cls.run_well(*shlex.split(os.environ["TACET_COMPILE"]), "-std=c++23", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *words)

    def answer(self, port, name):
        """What the program says; nothing while it does not listen yet."""
        try:
            return dnsclient.addresses(dns.query.udp(dnsclient.query(name), "127.0.0.1", port=port, timeout=1))
        except (OSError, dns.exception.Timeout):
            return []

    def test_it_answers_by_itself_and_by_its_upstream_and_ends_when_told(self):
        hosts = pathlib.Path(self.directory, "hosts")
        hosts.write_text("192.0.2.77 printer.example\n", encoding="ascii")
        port = scratch.free_port()
        process = scratch.start([self.program, port, self.upstream.doh_port, self.pki.ca, hosts], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(scratch.end, process)
        scratch.eventually(lambda: self.answer(port, "printer.example") == ["192.0.2.77"], what="an answer of the hosts file")
        scratch.eventually(lambda: self.answer(port, "www.example.com") == [servers.ADDRESS], what="an answer of the upstream")
        errors = process.communicate("", timeout=20)[1]
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn(f"serves 127.0.0.1:{port}", errors)

    def test_every_installed_header_can_be_included_alone(self):
        headers = sorted(path.relative_to(self.prefix).as_posix().removeprefix("include/") for path in pathlib.Path(self.prefix, "include").rglob("*.hpp"))
        self.assertIn("tacet/server.hpp", headers)
        for header in headers:
            alone = os.path.join(self.directory, "alone.cpp")
            pathlib.Path(alone).write_text(f"#include <{header}>\n", encoding="ascii")
            self.compile("-fsyntax-only", alone, f"-I{self.prefix}/include")


if __name__ == "__main__":
    unittest.main()
