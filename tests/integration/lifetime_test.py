"""Starting and stopping: ready when it says so, clear about why not, and nobody's answer is lost at the end."""
import errno
import itertools
import os
import signal
import socket
import subprocess
import threading
import unittest

import dns.message
import dns.rrset
import dnsclient
import netlab
import sanitizer
import scratch
import servers
import tacet
from case import Case, UnboundCase
from fake_upstream import ADDRESS, Behaviour
from tacet import Tacet


class Stopping(Case):
    def in_flight_is_answered_on(self, sent):
        fake = self.fake(lambda _: Behaviour(delay=0.3))
        daemon = self.tacet(fake.doh_url())
        queries = [dnsclient.query(f"last{number}.example.com") for number in range(50)]
        with dnsclient.TcpClient(daemon.server) as client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            client.send(*(query.to_wire() for query in queries[:25]))
            datagrams.connect(daemon.server)
            datagrams.settimeout(3)
            for query in queries[25:]:
                datagrams.send(query.to_wire())
            scratch.eventually(lambda: len(fake.questions()) == 50, what=lambda: f"50 queries at the upstream, not {len(fake.questions())}")
            daemon.process.send_signal(sent)
            answers = client.receive_messages(25) + [dns.message.from_wire(datagrams.recv(65535)) for _ in range(25)]
        self.assertEqual({answer.question[0].name for answer in answers}, {query.question[0].name for query in queries})
        for answer in answers:
            self.assertEqual(dnsclient.addresses(answer), [ADDRESS])
        self.assertEqual(daemon.process.wait(3), 0)

    def test_sigterm_answers_what_is_in_flight_and_exits_with_0(self):
        self.in_flight_is_answered_on(signal.SIGTERM)

    def test_sigint_does_the_same(self):
        self.in_flight_is_answered_on(signal.SIGINT)

    def test_a_client_that_has_not_read_its_answers_yet_gets_all_that_was_begun(self):
        def lengthen(response):
            response.answer = [dns.rrset.from_text("large.example.com.", 300, "IN", "TXT", *(f"{number:03d}" + "x" * 250 for number in range(230)))]
            response.request_payload = 65535
        daemon = self.tacet(self.fake(lambda _: Behaviour(value=lengthen)).dot_url())
        wire = dnsclient.query("large.example.com", "TXT").to_wire()
        self.assertGreater(len(daemon.exchange(dns.message.from_wire(wire), tcp=True).to_wire()), 60000)
        before, count = daemon.status()["queries"]["tcp"], 300  # in one segment; 18 MB of answers: more than the kernel takes
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(10)
            client.connect(daemon.server)
            client.sendall((len(wire).to_bytes(2, "big") + wire) * count)
            begun = scratch.settled(lambda: daemon.status()["queries"]["tcp"] - before, what="the number of answers")
            self.assertIn(begun, range(1, count))
            daemon.process.send_signal(signal.SIGTERM)
            octets = b"".join(iter(lambda: client.recv(1 << 20), b""))
        answers = 0
        while octets:
            size = int.from_bytes(octets[:2], "big")
            self.assertGreaterEqual(len(octets), 2 + size, f"answer {answers + 1} of {begun} is cut off")
            answers, octets = answers + 1, octets[2 + size:]
        self.assertEqual(answers, begun)
        self.assertEqual(daemon.process.wait(10), 0)

    def test_what_is_never_answered_does_not_hold_the_end_up_for_long(self):
        fake = self.fake(lambda _: Behaviour("drop"))
        daemon = self.tacet(fake.dot_url())
        with dnsclient.TcpClient(daemon.server) as client:
            client.send(dnsclient.query("never.example.com").to_wire())
            scratch.eventually(lambda: fake.received, what="the query at the upstream")
            self.assertLess(daemon.stop(), 4)  # less than the deadline of the query

    def test_it_stops_cleanly_in_the_middle_of_a_flood(self):
        upstream = self.unbound()
        daemon = self.tacet(upstream.doh_url())
        stop, answered = threading.Event(), []

        def flood(seed):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.connect(daemon.server)
                client.settimeout(0.05)
                number = 0
                while not stop.is_set():
                    number += 1
                    name = "www.example.com" if number % 2 else f"x{seed}-{number}.many.example.com"
                    try:
                        client.send(dnsclient.query(name).to_wire())
                        answered.append(client.recv(65535))
                    except OSError:
                        pass

        threads = [threading.Thread(target=flood, args=(seed,)) for seed in range(4)]
        try:
            for thread in threads:
                thread.start()
            scratch.eventually(lambda: len(answered) > 300, within=60, what="a flood")
            daemon.stop()
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def test_it_frees_its_addresses_so_that_it_can_be_started_again_at_once(self):
        upstream = self.unbound()
        daemon = self.tacet(upstream.doh_url())
        with dnsclient.TcpClient(daemon.server) as client:
            client.send(dnsclient.query("www.example.com").to_wire())
            client.receive()
            daemon.stop()
            daemon.start()
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        self.assertTrue(daemon.status())


def reply_sockets(address, port):
    """UDP sockets of an address that are connected to themselves."""
    with open("/proc/net/udp6" if ":" in address else "/proc/net/udp", encoding="ascii") as table:
        ends = [line.split()[1:3] for line in table if ":" in line.split()[0]]
    return sum(local == remote and local.endswith(f":{port:04X}") for local, remote in ends)


class Starting(UnboundCase):
    def test_it_is_ready_quickly_even_without_any_upstream(self):
        daemon = self.tacet(f"https://127.0.0.1:{scratch.free_port()}/dns-query")
        self.assertLess(daemon.ready_after, 4)  # less than the deadline of a query to it

    def second(self, address):
        config = os.path.join(self.directory, scratch.unique_name("second"))
        with open(config, "w", encoding="ascii") as file:
            file.write(f'listen: ["{address}"]\nallow: [192.0.2.0/24]\ncontrol: {{socket: ""}}\nupstreams: [{{url: "{self.upstream.doh_url()}", ca_file: "{self.pki.ca}"}}]\n')
        return tacet.run("run", "--config", config)

    def test_an_address_in_use_is_a_clear_fault_that_names_the_holder(self):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as holder:
                holder.bind(("127.0.0.1", 0))
                if kind == socket.SOCK_STREAM:
                    holder.listen()
                address = f"127.0.0.1:{holder.getsockname()[1]}"
                done = self.second(address)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(address, done.stderr)
                self.assertRegex(done.stderr, r"(?i)in use")
                self.assertIn(str(os.getpid()), done.stderr)
                self.assertIn("python3", done.stderr)

    def test_a_second_copy_on_the_same_address_does_not_start(self):
        for workers in (1, 2):
            daemon = self.tacet(self.upstream.doh_url(), workers=workers)
            done = self.second(f"127.0.0.1:{daemon.port}")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(str(daemon.process.pid), done.stderr)
            self.assertIn("tacet", done.stderr)
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])

    def test_nobody_takes_a_share_of_its_queries_by_asking_to_share(self):
        """Sockets that reply only are let in by SO_REUSEADDR, and by the end of the start nobody else is."""
        options = {1: (socket.SO_REUSEADDR, socket.SO_REUSEPORT), 3: (socket.SO_REUSEADDR,)}
        for workers, address in itertools.product(options, ("127.0.0.1", "::1")):
            daemon = self.tacet(self.upstream.doh_url(), workers=workers, address=address)
            for option in options[workers]:
                with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as intruder:
                    intruder.setsockopt(socket.SOL_SOCKET, option, 1)
                    with self.assertRaises(OSError, msg=f"{workers} workers, option {option}") as refused:
                        intruder.bind((address, daemon.port))
                    self.assertEqual(refused.exception.errno, errno.EADDRINUSE)
            self.assertEqual(reply_sockets(address, daemon.port), workers)

    def test_each_of_many_clients_is_answered_whichever_socket_it_meets(self):
        for workers, address in itertools.product((1, 3), ("127.0.0.1", "::1", "0.0.0.0")):
            daemon = self.tacet(self.upstream.doh_url(), workers=workers, address=address, allow=["127.0.0.0/8"])
            server = ("127.0.0.1" if address == "0.0.0.0" else address, daemon.port)
            for _ in range(150):  # each from a port of its own
                dnsclient.exchange_udp(server, dnsclient.query("www.example.com").to_wire(), timeout=2)
            self.assertEqual(daemon.status()["queries"]["udp"], 150)

    def test_a_missing_configuration_file_is_named(self):
        done = tacet.run("run", "--config", "/nonexistent/tacet.yaml")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/nonexistent/tacet.yaml", done.stderr)

    def test_addresses_and_upstreams_can_be_given_as_words(self):
        port = scratch.free_port()
        environment = {**os.environ, "SSL_CERT_FILE": self.pki.ca}
        process = self.child(tacet.BINARY, "run", *tacet.BUILT_IN, "--listen", f"127.0.0.1:{port}", "--upstream", self.upstream.doh_url(), "--upstream",
                             self.upstream.dot_url(), env=environment, stderr=subprocess.DEVNULL)
        query = dnsclient.query("localhost").to_wire()  # needs no upstream, so no trust in the test authority

        def answers():
            if process.poll() is not None:
                raise AssertionError(f"ended with {process.returncode}")
            return self._asked(("127.0.0.1", port), query)

        self.assertEqual(dnsclient.addresses(scratch.eventually(answers, what="an answer")), ["127.0.0.1"])
        process.terminate()
        self.assertEqual(process.wait(3), 0)

    @staticmethod
    def _asked(server, wire):
        try:
            answer = dnsclient.exchange_udp(server, wire, 0.2)
        except ConnectionRefusedError:
            return None
        return answer and dns.message.from_wire(answer)

    @unittest.skipIf(netlab.why_not(), netlab.why_not())
    def test_the_default_addresses_are_served_and_a_missing_family_is_no_warning(self):
        for has_ipv6 in (True, False):
            namespace = self.enterContext(netlab.Namespace())
            if not has_ipv6:
                namespace.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"], check=True)
            daemon = self.tacet_by_default(namespace)
            for address in ("127.0.0.1", "::1") if has_ipv6 else ("127.0.0.1",):
                done = namespace.run(["dig", f"@{address}", "+tries=1", "+time=3", "+short", "localhost"], capture_output=True, text=True)
                self.assertIn("127.0.0.1", done.stdout, daemon.log())
            self.assertEqual(daemon.log_lines(r"warn.*::1"), [], daemon.log())
            daemon.stop()

    def tacet_by_default(self, namespace):
        """No `listen` in its configuration."""
        daemon = Tacet(self.directory, command=namespace.command(), upstreams=[{"url": self.upstream.doh_url()}])
        del daemon.settings["listen"]
        daemon.write()
        return self.enterContext(daemon)

    @unittest.skipIf(netlab.why_not(), netlab.why_not())
    def test_an_address_that_comes_later_is_served_from_then_on_and_the_others_at_once(self):
        for workers, late in itertools.product((1, 2), ("10.9.8.7", "fd09::7")):
            with self.subTest(workers=workers, late=late):
                namespace = self.enterContext(netlab.Namespace())
                daemon = self.tacet(self.upstream.doh_url(), command=namespace.command(), workers=workers, listen=["127.0.0.1", late], allow=[f"{late}"])
                self.assertIn("127.0.0.1", self.dug(namespace, "127.0.0.1"), daemon.log())
                self.assertEqual(len(daemon.log_lines(f"warn.*{late}.*no such address now")), 1, daemon.log())
                for _ in range(2):  # and a bridge that goes and comes back
                    for words in (("add", "br-late", "type", "bridge"), ("set", "br-late", "up")):
                        namespace.run(["ip", "link", *words], check=True)
                    namespace.give("br-late", late)
                    for option in ("+notcp", "+tcp"):
                        self.assertIn("127.0.0.1", self.dug(namespace, late, option), daemon.log())
                    namespace.run(["ip", "link", "delete", "br-late"], check=True)
                self.assertIn("127.0.0.1", self.dug(namespace, "127.0.0.1"), daemon.log())
                daemon.stop()

    @staticmethod
    def dug(namespace, address, *options):
        return namespace.run(["dig", f"@{address}", "+tries=2", "+time=3", "+short", *options, "localhost"], capture_output=True, text=True).stdout

    def test_a_port_that_is_taken_for_a_while_is_waited_for_under_a_service_manager(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            holder.bind(("127.0.0.1", 0))
            notify = os.path.join(self.directory, scratch.unique_name("notify"))
            manager.bind(notify)
            os.chmod(notify, 0o777)
            port = holder.getsockname()[1]
            log = os.path.join(self.directory, scratch.unique_name("waiting"))
            with open(log, "wb") as file:
                self.child(tacet.BINARY, "run", *tacet.BUILT_IN, "--listen", f"127.0.0.1:{port}", "--socket", "", "--upstream", self.upstream.doh_url(),
                           env={**os.environ, "NOTIFY_SOCKET": notify, "SSL_CERT_FILE": self.pki.ca}, stderr=file)

            def said():
                with open(log, encoding="utf-8") as file:
                    return "Waiting for it" in file.read()

            scratch.eventually(said, what="word of the port")
            holder.close()
            manager.settimeout(10)
            while b"READY=1" not in manager.recv(4096):
                pass

    def test_what_will_not_work_until_somebody_acts_has_a_status_of_its_own(self):
        broken = os.path.join(self.directory, scratch.unique_name("broken"))
        texts = ["bogus: 1\n", "upstreams: [{url: 'tls://192.0.2.1', ca_file: /nonexistent/ca.pem}]\n"]
        if not sanitizer.BUILT_WITH:  # such a build keeps its user
            texts.append("user: no-such-user\n")
        for text in texts:
            with open(broken, "w", encoding="ascii") as file:
                file.write(f'listen: ["127.0.0.1:{scratch.free_port()}"]\ncontrol: {{socket: ""}}\n' + text)
            self.assertEqual(tacet.run("run", "--config", broken).returncode, 78, text)
        self.assertEqual(tacet.run("run", "--config", "/nonexistent").returncode, 78)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind(("127.0.0.1", 0))
            self.assertEqual(self.second(f"127.0.0.1:{holder.getsockname()[1]}").returncode, 1)

    def test_signals_that_mean_nothing_change_nothing(self):
        daemon = self.tacet(self.upstream.doh_url())
        for sent in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO):
            daemon.process.send_signal(sent)
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS], sent)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
