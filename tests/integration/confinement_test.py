"""What the running daemon has given up, and that it lacks nothing: upstreams, bundles, hosts and networks still change under it."""
import os
import pwd
import re
import shutil
import signal
import sys
import unittest

import dns.rcode
import dnsclient
import netlab
import pki
import scratch
import servers
import tacet
from case import Case, UnboundCase

_ROOT = os.geteuid() == 0
_SANITIZED = "address" in os.environ.get("TACET_SANITIZE", "") or "thread" in os.environ.get("TACET_SANITIZE", "")
_MEANS = ("no_new_privs", "capabilities", "seccomp", "landlock")

# Becomes its arguments, behind a filter that refuses capset(): x86-64's 126, arm64's 91.
_WITHOUT_CAPSET = """
import ctypes, os, platform, struct, sys
number = 126 if platform.machine() == "x86_64" else 91
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(code)))
assert ctypes.CDLL(None, use_errno=True).prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execve(int(sys.argv[1]), sys.argv[2:], os.environ)
"""


def _children(daemon):
    """The processes that it has started."""
    with open(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def _threads(process):
    """What the kernel says of each thread of a daemon, or of the process with a number: {"Uid": ["65534", …], "Seccomp": ["2"], …}."""
    folder = f"/proc/{process if isinstance(process, int) else process.process.pid}/task"
    found = []
    for thread in os.listdir(folder):
        with open(f"{folder}/{thread}/status", encoding="ascii", errors="replace") as file:
            found.append({key: value.split() for key, value in (line.split(":", 1) for line in file)})
    return found


@unittest.skipIf(_SANITIZED, "a sanitizer needs what is given up")
class Confined(UnboundCase):
    def test_every_thread_is_confined_as_the_kernel_and_status_say(self):
        daemon = self.tacet(self.upstream.doh_url(), workers=2)
        daemon.ask("www.example.com")
        threads = _threads(daemon)
        self.assertGreaterEqual(len(threads), 4)  # main, control, two workers
        user = pwd.getpwnam("nobody").pw_uid if _ROOT else os.geteuid()
        for thread in threads:
            self.assertEqual(thread["Uid"], [str(user)] * 4)
            self.assertEqual((thread["NoNewPrivs"], thread["Seccomp"]), (["1"], ["2"]))
            for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(thread[kind][0], 16), 0, kind)
        confinement = daemon.status()["confinement"]
        self.assertEqual({name for name in _MEANS if confinement[name]["on"]}, set(_MEANS))
        self.assertEqual(confinement["user"], "nobody" if _ROOT else str(user))
        text = daemon.verb("status").stdout
        self.assertRegex(text, r"(?m)^confined  as user \S+; by no_new_privs, capabilities, seccomp, landlock \(version \d+\)$")

    @unittest.skipUnless(_ROOT, "needs root")
    def test_as_the_unit_starts_it_nothing_reads_like_a_fault(self):
        """With the unit's user, capability and refusal of capset(), which the kernel reports by EPERM."""
        log, config = (os.path.join(self.directory, scratch.unique_name(word)) for word in ("log", "unit"))
        run = os.path.join(self.directory, scratch.unique_name("run"))
        os.mkdir(run)
        os.chown(run, 65534, 65534)
        port, path = scratch.free_port(), os.path.join(run, "control.sock")
        with open(config, "w", encoding="ascii") as file:
            file.write(f'listen: ["127.0.0.1:{port}"]\ncontrol: {{socket: {path}}}\n')
        # By its descriptor: this user may not enter every directory that a checkout is in.
        with open(log, "wb") as file, open(tacet.BINARY, "rb") as binary:
            self.child("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--inh-caps=-all,+net_bind_service",
                       "--ambient-caps=-all,+net_bind_service", "--bounding-set=-all,+net_bind_service",
                       sys.executable, "-c", _WITHOUT_CAPSET, binary.fileno(), "tacet", "run", "--config", config, stderr=file,
                       pass_fds=[binary.fileno()])
        scratch.eventually(lambda: tacet.run("status", "--socket", path).returncode == 0, what="its start")
        with open(log, encoding="ascii") as file:
            self.assertNotRegex(file.read(), "capset|without|not permitted")
        self.assertIn("capabilities (all but the one for ports below 1024", tacet.run("status", "--socket", path).stdout)

    @unittest.skipUnless(_ROOT, "needs root")
    def test_root_s_groups_are_left_as_well(self):
        daemon = self.tacet(self.upstream.doh_url())
        nobody = pwd.getpwnam("nobody")
        for thread in _threads(daemon):
            self.assertEqual(thread["Gid"], [str(nobody.pw_gid)] * 4)
            self.assertEqual(thread["Groups"], [str(nobody.pw_gid)])

    def test_the_key_turns_it_off_and_status_says_so(self):
        daemon = self.tacet(self.upstream.doh_url(), confine=False)
        for thread in _threads(daemon):
            self.assertEqual((thread["NoNewPrivs"], thread["Seccomp"]), (["0"], ["0"]))
        confinement = daemon.status()["confinement"]
        for name in _MEANS:
            self.assertEqual(confinement[name], {"on": False, "detail": "configured by `confine: false`"})
        self.assertIn("not by no_new_privs (configured by `confine: false`)", daemon.verb("status").stdout)

    @unittest.skipUnless(_ROOT, "needs root")
    def test_root_that_stays_root_has_no_privileges_left(self):
        daemon = self.tacet(self.upstream.doh_url(), user="root")
        for thread in _threads(daemon):
            self.assertEqual((thread["Uid"], int(thread["CapPrm"][0], 16)), (["0"] * 4, 0))
        self.assertEqual(daemon.status()["confinement"]["user"], "root")
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])

    def test_a_user_that_is_not_there_is_a_clear_fault(self):
        config = os.path.join(self.directory, scratch.unique_name("user"))
        with open(config, "w", encoding="ascii") as file:
            file.write(f'listen: ["127.0.0.1:{scratch.free_port()}"]\nuser: no-such-user\n')
        done = tacet.run("run", "--config", config)
        self.assertEqual(done.returncode, 78)
        self.assertIn('user: there is no user "no-such-user" on this machine: name one that is there', done.stderr)

    @unittest.skipUnless(_ROOT, "needs root")
    def test_a_bundle_that_the_new_user_cannot_read_is_a_clear_fault(self):
        bundle = os.path.join(self.directory, scratch.unique_name("bundle"))
        shutil.copy(self.pki.ca, bundle)
        os.chmod(bundle, 0o600)
        config = os.path.join(self.directory, scratch.unique_name("unreadable"))
        with open(config, "w", encoding="ascii") as file:
            file.write(f'listen: ["127.0.0.1:{scratch.free_port()}"]\nuser: nobody\ncontrol: {{socket: ""}}\n'
                       f'upstreams: [{{url: "{self.upstream.doh_url()}", ca_file: "{bundle}"}}]\n')
        done = tacet.run("run", "--config", config)
        self.assertEqual(done.returncode, 78)
        self.assertIn("goes on as user nobody", done.stderr)
        self.assertIn(f"{bundle}: the file cannot be read: Permission denied", done.stderr)


    def private_folder(self, owner):
        folder = os.path.join(self.directory, scratch.unique_name("private"))
        os.mkdir(folder, 0o700)
        os.chown(folder, owner, owner)
        return folder

    @unittest.skipUnless(_ROOT, "needs root")
    def test_files_that_only_root_can_read_are_opened_by_root_and_the_resolver_is_nobody(self):
        folder = self.private_folder(4711)  # neither root's nor nobody's
        bundle, hosts = shutil.copy(self.pki.ca, folder), os.path.join(folder, "hosts")
        upstream = {"url": self.upstream.doh_url(), "ca_file": bundle}
        daemon = self.tacet(upstream, hosts={"file": hosts}, environment={"WATCHDOG_USEC": "400000"})  # it keeps house five times a second
        self.assertIn(f"user nobody may not read {bundle}: the process that opens files stays root for it", daemon.log())
        for thread in _threads(daemon):
            self.assertEqual((thread["Uid"], int(thread["CapPrm"][0], 16)), ([str(pwd.getpwnam("nobody").pw_uid)] * 4, 0))
        [opener] = _children(daemon)
        [thread] = _threads(opener)
        self.assertEqual((thread["Uid"], int(thread["CapPrm"][0], 16)), (["0"] * 4, 1 << 2))  # reading what is others', and nothing else
        self.assertEqual((thread["NoNewPrivs"], thread["Seccomp"]), (["1"], ["2"]))
        confinement = daemon.status()["confinement"]
        self.assertEqual(confinement["user"], "nobody")
        self.assertEqual([confinement[name]["on"] for name in _MEANS], [True] * len(_MEANS))
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        with open(hosts, "w", encoding="ascii") as file:
            file.write("192.0.2.1 box.example.com\n")
        scratch.eventually(lambda: dnsclient.addresses(daemon.ask("box.example.com")) == ["192.0.2.1"], what=daemon.log)
        other = os.path.join(folder, "other.pem")
        os.rename(bundle, other)
        daemon.settings.update(upstreams=[{**upstream, "ca_file": other}])
        daemon.write()
        done = daemon.verb("reload")
        self.assertEqual(done.returncode, 0, done.stderr + daemon.log())
        self.assertEqual(dnsclient.addresses(daemon.ask("a.many.example.com")), ["192.0.2.7"], daemon.log())

    @unittest.skipUnless(_ROOT, "needs root")
    def test_root_that_was_told_no_user_stays_root_if_another_could_not_write_its_files_and_has_no_privileges_left(self):
        log = os.path.join(self.private_folder(0), "queries.log")
        daemon = self.tacet(self.upstream.doh_url(), query_log={"to": log})
        self.assertIn(f"stays root: user nobody may not use {os.path.dirname(log)}", daemon.log())
        for thread in _threads(daemon):
            self.assertEqual((thread["Uid"], int(thread["CapPrm"][0], 16)), (["0"] * 4, 0))
        confinement = daemon.status()["confinement"]
        self.assertEqual(confinement["user"], "root")
        self.assertEqual([confinement[name]["on"] for name in _MEANS], [True] * len(_MEANS))
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])

    @unittest.skipUnless(_ROOT, "needs root")
    def test_root_stays_root_for_files_that_another_could_not_read_if_no_process_is_apart(self):
        bundle = shutil.copy(self.pki.ca, self.private_folder(4711))
        daemon = self.tacet({"url": self.upstream.doh_url(), "ca_file": bundle}, confine=False)
        self.assertIn(f"stays root: user nobody may not use {bundle}", daemon.log())
        self.assertEqual(_children(daemon), [])
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])


class Unhindered(Case):
    """The same daemon through everything that changes under it."""

    def test_it_resolves_over_doh_and_dot(self):
        upstream = self.unbound()
        for url in (upstream.doh_url(), upstream.dot_url()):
            daemon = self.tacet(url)
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS], daemon.log())
            self.assertEqual(dnsclient.addresses(daemon.ask("a.many.example.com", tcp=True)), ["192.0.2.7"])

    def test_its_bootstrap_server_and_zones_are_asked(self):
        upstream = self.unbound(local_data=['local-data: "dns.test. 60 A 127.0.0.1"', 'local-data: "nas.lan. 60 A 192.0.2.99"'])
        plain = f"127.0.0.1:{upstream.plain_port}"
        url = upstream.doh_url("dns.test")
        daemon = self.tacet(self.entry(url), bootstrap=[plain], forward={"lan": [plain]})
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS], daemon.log())
        self.assertEqual(dnsclient.addresses(daemon.ask("nas.lan")), ["192.0.2.99"], daemon.log())

    def test_a_bundle_that_is_replaced_is_read_again(self):
        folder = os.path.join(self.directory, scratch.unique_name("bundle"))
        os.mkdir(folder)
        bundle = os.path.join(folder, "ca.pem")
        other = os.path.join(folder, "other")
        os.mkdir(other)
        foreign = pki.Pki(other)
        shutil.copy(foreign.ca, bundle)
        upstream = self.unbound()
        urls = (upstream.doh_url(), upstream.dot_url())
        entries = [{"url": url, "ca_file": bundle} for url in urls]
        daemon = self.tacet(*entries, environment={"WATCHDOG_USEC": "400000"})  # it keeps house five times a second
        self.assertEqual(daemon.ask("www.example.com").rcode(), dns.rcode.SERVFAIL)
        shutil.copy(self.pki.ca, bundle + ".new")
        os.rename(bundle + ".new", bundle)
        daemon.await_log(re.escape(bundle) + " has changed and was read again")
        scratch.eventually(lambda: dnsclient.addresses(daemon.ask("www.example.com")) == [servers.ADDRESS], within=60,
                           what=lambda: f"an answer by the new authority\n{daemon.log()}")

    def test_a_hosts_file_that_is_replaced_is_read_again(self):
        folder = os.path.join(self.directory, scratch.unique_name("etc"))
        os.mkdir(folder)
        hosts = os.path.join(folder, "hosts")
        for address in ("192.0.2.1", "192.0.2.2"):
            scratch.replace_file(hosts, f"{address} box.example.com\n")
            if address == "192.0.2.1":
                daemon = self.tacet(self.unbound().doh_url(), hosts={"file": hosts})
            scratch.eventually(lambda: dnsclient.addresses(daemon.ask("box.example.com")) == [address], what=daemon.log)

    def test_a_configuration_that_is_replaced_is_reloaded(self):
        first, second = self.unbound(), self.unbound()
        daemon = self.tacet(first.doh_url())
        daemon.settings.update(upstreams=[self.entry(second.dot_url())], hosts={"file": ""})
        os.rename(daemon.config, daemon.config + ".old")
        daemon.write()
        done = daemon.verb("reload")
        self.assertEqual(done.returncode, 0, done.stderr + daemon.log())
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS], daemon.log())
        self.assertEqual((first.count("www.example.com."), second.count("www.example.com.")), (0, 1))

    def test_a_reload_may_name_files_that_are_elsewhere(self):
        daemon = self.tacet(self.unbound().doh_url())
        folder = os.path.join(self.directory, scratch.unique_name("elsewhere"))
        os.mkdir(folder)
        hosts = os.path.join(folder, "hosts")
        for address in ("192.0.2.1", "192.0.2.2"):
            scratch.replace_file(hosts, f"{address} box.example.com\n")
            if address == "192.0.2.1":
                daemon.settings.update(hosts={"file": hosts})
                daemon.write()
                done = daemon.verb("reload")
                self.assertEqual(done.returncode, 0, done.stderr)
            scratch.eventually(lambda: dnsclient.addresses(daemon.ask("box.example.com")) == [address], what=daemon.log)

    @unittest.skipIf(_SANITIZED, "a sanitizer needs what is given up")
    def test_it_serves_on_without_the_process_that_opens_files_and_a_reload_says_that_it_is_gone(self):
        daemon = self.tacet(self.unbound().doh_url())
        [opener] = _children(daemon)
        os.kill(opener, signal.SIGKILL)
        done = daemon.verb("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the process that opens files for tacet has ended", done.stderr)
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])

    @unittest.skipIf(_SANITIZED, "a sanitizer needs what is given up")
    def test_the_process_that_opens_files_ends_with_it_however_it_ends(self):
        daemon = self.tacet(self.unbound().doh_url())
        for end in (daemon.stop, lambda: (daemon.process.kill(), daemon.process.wait())):
            [opener] = _children(daemon)
            end()
            scratch.eventually(lambda opener=opener: not os.path.exists(f"/proc/{opener}"), what="its end")
            daemon.start()

    @unittest.skipIf(netlab.why_not(), netlab.why_not())
    def test_another_network_is_noticed_and_used(self):
        lab = self.enterContext(netlab.Lab())
        upstream = self.unbound(addresses=("10.9.0.2",), command=lab.command("b"))
        daemon = self.tacet(upstream.dot_url(), upstream.doh_url(), command=lab.command("a"))
        self.assertIn(servers.ADDRESS, daemon.dig("www.example.com", "+short"), daemon.log())
        lab.readdress("a", "10.9.0.7", "fd09::7")
        daemon.await_log("the network has changed")
        self.assertIn("192.0.2.7", daemon.dig("a.many.example.com", "+short"), daemon.log())

    def test_its_control_socket_is_its_starter_s_and_makes_way_for_the_next(self):
        path = os.path.join(self.directory, scratch.unique_name("run"), "control.sock")
        daemon = self.tacet(self.unbound().doh_url(), control={"socket": path})
        for _ in range(2):
            self.assertTrue(daemon.status())
            for file in (path, os.path.dirname(path)):
                self.assertEqual(os.stat(file).st_uid, os.geteuid())
            daemon.stop()
            self.assertEqual(daemon.verb("status").returncode, 1)
            daemon.start()


if __name__ == "__main__":
    unittest.main()
