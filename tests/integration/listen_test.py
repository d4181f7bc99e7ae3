"""Where queries are answered: addresses that are not there yet, and those that somebody forgot."""
import json
import os
import pwd
import socket
import subprocess
import sys
import unittest

import dns.message
import dns.query
import dnsclient
import netlab
import scratch
import servers
import tacet
from case import Case

ADDRESSES = ("10.7.7.1", "fd77::1")

# Becomes the daemon, with the sockets of tacet.socket; 78 is IPV6_FREEBIND (linux/in6.h).
_HOLD = """
import os, socket, sys
sockets = []
for address in ("127.0.0.1", "::1"):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        sockets.append(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind))
        if ":" in address:
            sockets[-1].setsockopt(socket.IPPROTO_IPV6, 78, 1)
        sockets[-1].bind((address, 53))
        if kind == socket.SOCK_STREAM:
            sockets[-1].listen()
for place, opened in enumerate(sockets):
    os.dup2(opened.fileno(), 20 + place)
for place in range(4):
    os.dup2(20 + place, 3 + place)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="4")
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Absent(Case):
    def setUp(self):
        if netlab.why_not():
            self.skipTest(netlab.why_not())
        self.place = self.enterContext(netlab.Namespace())
        self.upstream = self.unbound(command=self.place.command())

    def ask(self, server, send):
        """The addresses in a response from one of this machine's addresses."""
        return dnsclient.addresses(self.place.call(lambda: send(dnsclient.query("www.example.com"), server, timeout=5)))

    def test_a_missing_address_does_not_stop_the_others_and_is_served_when_it_comes(self):
        daemon = self.tacet(self.upstream.dot_url(), command=self.place.command(), allow=["10.7.7.0/24"],
                            listen=["127.0.0.1:53", "10.7.7.1:53", "[fd77::1]:53"])
        self.assertEqual(self.ask("127.0.0.1", dns.query.udp), [servers.ADDRESS])
        self.assertEqual(daemon.status()["listen_absent"], ["10.7.7.1:53", "[fd77::1]:53"])
        self.assertIn("nobody can ask there: 10.7.7.1:53, [fd77::1]:53", daemon.verb("status").stdout)
        for address in ADDRESSES:
            shown = scratch.url_host(address).replace("[", r"\[").replace("]", r"\]") + ":53"
            self.assertEqual(len(daemon.log_lines(f"warn.*{shown}: this machine has no such address now")), 1)
            self.place.give("lo", address)
            daemon.await_log(f"{shown} is there now, and served")
            for send in (dns.query.udp, dns.query.tcp):
                self.assertEqual(self.ask(address, send), [servers.ADDRESS], f"{address}\n{daemon.log()}")
        self.assertEqual(daemon.status()["listen_absent"], [])
        self.place.run(["ip", "addr", "del", "10.7.7.1/24", "dev", "lo"], check=True)
        scratch.eventually(lambda: len(daemon.log_lines(r"warn.*10.7.7.1:53: this machine has no such address now")) == 2, what="a word that it is gone")
        self.assertEqual(self.ask("127.0.0.1", dns.query.udp), [servers.ADDRESS])
        self.place.give("lo", "10.7.7.1")
        self.assertEqual(self.ask("10.7.7.1", dns.query.tcp), [servers.ADDRESS])

    def test_where_ipv6_is_off_the_defaults_address_of_it_is_no_fault(self):
        self.place.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"], check=True)
        for opened_by in ([], [sys.executable, "-c", _HOLD]):  # tacet itself, a service manager
            daemon = tacet.Tacet(self.directory, upstreams=[self.entry(self.upstream.dot_url())], command=[*self.place.command(), *opened_by])
            del daemon.settings["listen"]
            daemon.write()
            with daemon:
                self.assertEqual(self.ask("127.0.0.1", dns.query.udp), [servers.ADDRESS])
                status = tacet.run("status", "--json", "--config", daemon.config)
                self.assertEqual(json.loads(status.stdout)["listen_absent"], [], status.stderr)
                self.assertEqual(daemon.log_lines("warn.*(::1|IPv6)"), [], daemon.log())

    def test_it_starts_with_nothing_but_an_address_that_is_still_to_come(self):
        self.tacet(self.upstream.dot_url(), command=self.place.command(), allow=["10.7.7.0/24"], listen=["10.7.7.1:53"], workers=3)
        self.place.give("lo", "10.7.7.1")
        self.assertEqual(self.ask("10.7.7.1", dns.query.udp), [servers.ADDRESS])
        self.assertEqual(self.ask("10.7.7.1", dns.query.tcp), [servers.ADDRESS])

    def test_a_port_that_somebody_else_has_is_a_fault_though_the_address_is_missing(self):
        def hold():
            holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            holder.bind(("0.0.0.0", 53))
            self.addCleanup(holder.close)

        self.place.call(hold)
        path = os.path.join(self.directory, "held.yaml")
        with open(path, "w", encoding="ascii") as file:
            json.dump({"listen": ["127.0.0.1:5353", "10.7.7.1:53"], "allow": ["10.7.7.0/24"], "control": {"socket": ""}}, file)
        done = self.place.run([tacet.BINARY, "run", "--config", path], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("10.7.7.1:53 is in use by", done.stderr)

    def test_the_program_that_serves_a_socket_is_named_and_not_the_service_manager_that_holds_it_too(self):
        script = """
import os, shutil, socket, subprocess, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 5302))
shutil.copy("/bin/sleep", sys.argv[1] + "/server")
server = subprocess.Popen([sys.argv[1] + "/server", "60"], pass_fds=[udp.fileno()])
done = subprocess.run(sys.argv[2:], capture_output=True, text=True)
server.kill()
assert os.getpid() == 1 and f"127.0.0.1:5302 is in use by server (pid {server.pid})" in done.stderr, done.stderr
"""
        run = [tacet.BINARY, "run", "--listen", "127.0.0.1:5302", "--socket", os.path.join(self.directory, "never.sock"), *tacet.BUILT_IN]
        words = ["unshare", "--fork", "--pid", "--kill-child", "--mount-proc", sys.executable, "-c", script, self.directory, *run]
        done = self.place.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def refusal(self, listen, *user):
        words = [*user, tacet.BINARY, "run", "--listen", listen, "--socket", os.path.join(self.directory, "never.sock"), *tacet.BUILT_IN]
        done = self.place.run(words, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_says_which_program_holds_the_port_or_as_one_who_may_not_see_that_its_user_and_how_to_see_it(self):
        uid = pwd.getpwnam("daemon").pw_uid
        hold = "import signal, socket; s = socket.socket(socket.%s, socket.%s); s.bind((%r, 5301)); s.type == socket.SOCK_STREAM and s.listen(); print(flush=True); signal.pause()"
        as_service = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        # Another address of the same port is not in the way, as systemd-resolved's is not.
        # Where TCP alone is held, tacet has bound UDP before it finds out, and must not name itself.
        for user, family, kind, address in ((4343, "AF_INET", "SOCK_DGRAM", "127.0.0.53"), (uid, "AF_INET", "SOCK_STREAM", "127.0.0.1"), (4242, "AF_INET6", "SOCK_DGRAM", "::1")):
            holder = self.child(*self.place.command(), "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", sys.executable, "-c",
                                hold % (family, kind, address), stdout=subprocess.PIPE)
            self.addCleanup(holder.stdout.close)
            holder.stdout.readline()
        for listen, words in (("127.0.0.1:5301", "user daemon"), ("[::1]:5301", "the user with the number 4242")):
            seen = self.refusal(listen, *as_service)
            self.assertIn(f"{listen} is in use by a program of {words} (`sudo ss -lntup 'sport = :5301'` shows which)", seen)
        self.assertRegex(self.refusal("[::1]:5301"), rf"\[::1\]:5301 is in use by python3\S* \(pid {holder.pid}\): stop it")

    def test_check_warns_of_what_is_missing_and_of_ipv4_that_is_left_out(self):
        path = os.path.join(self.directory, "checked.yaml")
        for listen, warning in ((["127.0.0.1", "10.7.7.1"], "warning: listen: this machine has no 10.7.7.1:53 now"),
                                (["[::]:53"], 'warning: listen: [::]:53 is IPv6 only, and IPv4 is not served: add "0.0.0.0:53"'),
                                (["[::]:53", "0.0.0.0:53"], ""),
                                (["127.0.0.1", "[::1]"], "warning: allow: has no effect while others reach no address under listen")):
            with open(path, "w", encoding="ascii") as file:
                json.dump({"listen": listen, "allow": ["10.7.7.0/24"]}, file)
            done = self.place.run([tacet.BINARY, "check", "--config", path], capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stderr.count("\n"), 1 if warning else 0, done.stderr)
            self.assertIn(warning, done.stderr)

    def test_ipv6_alone_is_said_to_be_ipv6_alone(self):
        for listen, told in ((["[::]:53"], 1), (["[::]:53", "0.0.0.0:53"], 0)):
            daemon = self.tacet(self.upstream.dot_url(), command=self.place.command(), allow=["10.7.7.0/24"], listen=listen)
            said = daemon.log_lines(r'warn.*\[::\]:53 is IPv6 only, and IPv4 is not served: add "0.0.0.0:53"')
            self.assertEqual(len(said), told, daemon.log())
            daemon.stop()


if __name__ == "__main__":
    unittest.main()
