"""Memory that cannot be had for a while: the daemon lives, says so once, goes on answering what it has, and afterwards all is as before.

tests/faults/scarce_memory.cpp fails every n-th allocation of the whole process, libraries included, for as long as a test says so.
"""
import contextlib
import mmap
import os
import resource
import signal
import struct
import threading
import time
import unittest

import dns.exception
import dns.rcode
import dnsclient
import sanitizer
import scratch
import servers
from case import UnboundCase
from query_stream import QueryStream, new_name
from tacet import BINARY

SCARCE_MEMORY = os.environ.get("TACET_SCARCE_MEMORY") or os.path.join(os.path.dirname(BINARY), "tests", "faults", "libscarce_memory.so")
KEPT = "www.example.com"
MIB = 1 << 20
# Each n in turn: everything fails, whole operations fail, one step in the middle of one does.
EVERY = (1, 2, 3, 5, 7, 11, 20, 50, 100, 300)


class Scarcity:
    """The switch: while `every` is n, every n-th allocation fails; or all from the n-th on."""

    def __init__(self, directory):
        self.path = os.path.join(directory, scratch.unique_name("scarce"))
        with open(self.path, "wb") as file:
            file.write(bytes(32))
        os.chmod(self.path, 0o666)
        with open(self.path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), 32)

    def set(self, every, *, lasting=False):
        struct.pack_into("=Q", self._page, 24, lasting)
        struct.pack_into("=QQ", self._page, 0, every, 0)

    def asked(self):
        """Allocations since set()."""
        return struct.unpack_from("=Q", self._page, 8)[0]

    def failed(self):
        return struct.unpack_from("=Q", self._page, 16)[0]

    def environment(self):
        preloaded = {"LD_PRELOAD": SCARCE_MEMORY, "TACET_SCARCE": self.path}
        if "address" in sanitizer.BUILT_WITH:
            preloaded["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:alloc_dealloc_mismatch=0:allocator_may_return_null=1"
        return preloaded


class Clients:
    """What is asked meanwhile, beside two steady streams: TCP, the control socket, reloads."""

    def __init__(self, daemon):
        self._daemon, self._over = daemon, threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(work,), daemon=True) for work in (self._tcp, self._verbs)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, work):
        while not self._over.is_set():
            work()

    def _tcp(self):
        try:
            with dnsclient.TcpClient(self._daemon.server, timeout=0.3) as client:
                for name in (KEPT, new_name(), new_name()):
                    client.send(dnsclient.query(name).to_wire())
                client.receive_messages(3)
        except (OSError, EOFError, TypeError, AssertionError, dns.exception.DNSException):
            pass

    def _verbs(self):
        self._daemon.verb("status", "--json")
        self._daemon.verb("reload")
        self._daemon.process.send_signal(signal.SIGHUP)


IDLE = 1.0  # seconds in which nobody asks, so that a daemon that spins shows


class Scarce(UnboundCase):
    def daemon_with_switch(self, *urls, **settings):
        scarcity = Scarcity(self.directory)
        settings = {"exposure": {"mode": "active"}, "workers": 1, **settings}
        daemon = self.tacet(*urls, environment=scarcity.environment(), **settings)
        self.assertEqual(dnsclient.addresses(daemon.ask(KEPT)), [servers.ADDRESS])
        return daemon, scarcity

    def live_through(self, daemon, scarcity, every, seconds=0.8):
        """A time in which every n-th allocation fails. Kept names are answered all the while."""
        before = scarcity.failed()
        with QueryStream(daemon.server, rate=100), QueryStream(daemon.server, rate=50, name=lambda _: KEPT) as kept, Clients(daemon):
            scarcity.set(every)
            time.sleep(seconds)
            scarcity.set(0)
            self.assertIsNone(daemon.process.poll(), daemon.log())
        self.assertGreater(scarcity.failed(), before, "nothing was refused, so nothing was tested")
        self.assertEqual(kept.failures(), [], daemon.log())

    def all_is_well(self, daemon):
        """As if nothing had been: new names are answered within two seconds, a reload is done, and nothing waits for ever."""
        deadline = time.monotonic() + 2 * sanitizer.PATIENCE
        for tcp in (False, True) * 5:
            while dnsclient.addresses(daemon.ask(new_name(), tcp=tcp)) != ["192.0.2.7"]:
                self.assertLess(time.monotonic(), deadline, f"new names are not answered\n{daemon.log()}")
        scratch.eventually(lambda: self.waiting(daemon) == 0, 8, lambda: f"nothing that waits: {daemon.status()}\n{daemon.log()}", every=0.2)
        self.assertEqual(daemon.verb("reload").returncode, 0, daemon.log())

    @staticmethod
    def waiting(daemon):
        status = daemon.status()
        return status["pending"] + sum(upstream["outstanding"] for upstream in status["upstreams"])

    def nothing_is_left_behind(self, daemon, descriptors, resident):
        scratch.eventually(lambda: daemon.status()["tcp_clients"] == 0, 15, lambda: f"no TCP client: {daemon.status()}", every=0.2)
        self.assertLessEqual(daemon.open_descriptors(), descriptors + 12)  # four lanes may be open, two descriptors each over DoH
        busy = daemon.cpu_seconds()
        time.sleep(IDLE)
        self.assertLess(daemon.cpu_seconds() - busy, 0.1 * IDLE * sanitizer.PATIENCE, "it spins")
        if not sanitizer.BUILT_WITH:
            self.assertLess(daemon.resident_octets() - resident, 8 * MIB)
        reloads = len(daemon.log_lines("reload: "))  # each was asked for
        self.assertLessEqual(len(daemon.log_lines("out of memory: ")), 2, daemon.log())  # one a minute
        self.assertLessEqual(len(daemon.log().splitlines()) - reloads, 40, daemon.log())

    def sweep(self, *urls, **settings):
        daemon, scarcity = self.daemon_with_switch(*urls, **settings)
        self.all_is_well(daemon)
        descriptors, resident = daemon.open_descriptors(), daemon.resident_octets()
        for every in EVERY:
            self.live_through(daemon, scarcity, every)
            self.all_is_well(daemon)
        self.nothing_is_left_behind(daemon, descriptors, resident)

    def test_it_lives_through_a_time_without_memory_over_dot(self):
        self.sweep(self.upstream.dot_url())

    def test_it_lives_through_a_time_without_memory_over_doh(self):
        self.sweep(self.upstream.doh_url())

    def test_with_a_query_log_zones_and_two_workers_as_well(self):
        log = os.path.join(self.directory, scratch.unique_name("queries"))
        zones = {"many.example.com": [f"127.0.0.1:{self.upstream.plain_port}"]}
        daemon, scarcity = self.daemon_with_switch(self.upstream.dot_url(), self.upstream.doh_url(), workers=2, user="root",
                                                   forward=zones, query_log={"to": log})
        for every in (1, 4, 40, 200):
            self.live_through(daemon, scarcity, every)
            self.all_is_well(daemon)

    def test_who_cannot_be_answered_is_told_so_and_a_reload_keeps_the_former_configuration(self):
        daemon, scarcity = self.daemon_with_switch(self.upstream.dot_url(), workers=2)
        daemon.settings["cache"] = {"min_ttl": 60}
        daemon.write()
        scarcity.set(1)
        answer = daemon.ask(new_name())
        status, reload = daemon.verb("status"), daemon.verb("reload")
        scarcity.set(0)
        self.assertEqual((answer.rcode(), dnsclient.ede(answer)), (dns.rcode.SERVFAIL, (14, "")))
        self.assertNotEqual(status.returncode, 0)
        self.assertNotEqual(reload.returncode, 0)
        self.assertEqual(daemon.log_lines("reload: changed"), [])
        self.all_is_well(daemon)
        self.assertTrue(daemon.log_lines("reload: changed cache"), daemon.log())

    def test_a_reload_that_finds_no_memory_at_one_of_its_last_steps_forgets_no_answer(self):
        daemon, scarcity = self.daemon_with_switch(self.upstream.dot_url())
        scarcity.set(1 << 60)
        self.assertEqual(daemon.verb("reload").returncode, 0)
        whole, refused, done = scarcity.asked(), 0, 0
        for nth in range(max(1, whole - 300), whole + 20, int(sanitizer.PATIENCE)):
            scarcity.set(nth)
            if daemon.verb("reload").returncode == 0:
                done += 1
            else:
                refused += 1
            scarcity.set(0)
            self.assertGreaterEqual(daemon.status()["cache"]["entries"], 1, daemon.log())
        self.assertTrue(refused and done, f"{refused} were refused, {done} were done: the last steps were not met")

    def test_whatever_of_a_request_memory_lasts_for_the_next_finds_everything_in_order(self):
        """Each request over the control socket, with memory that ends at each of its allocations in turn."""
        daemon, scarcity = self.daemon_with_switch(self.upstream.dot_url(), workers=2)
        for request in ("POST /reload", "GET /status", "GET /metrics", "GET /cache", f"GET /explain?name={KEPT}", f"POST /flush?name={new_name()}",
                        "GET /exposure", f"GET /exposure/explain?name={new_name()}", "POST /exposure/clear", "POST /log-level?level=info"):
            scarcity.set(1 << 60)
            self.assertIn(b" 200 ", daemon.control(request))
            whole = scarcity.asked()
            for nth in range(1, whole + 1, int(sanitizer.PATIENCE)):
                scarcity.set(nth, lasting=True)
                daemon.control(request)
                scarcity.set(0)
                self.assertIsNone(daemon.process.poll(), f"{request} {nth}\n{daemon.log()}")
            self.assertIn(b" 200 ", daemon.control(request), daemon.log())
        self.all_is_well(daemon)

    def test_a_worker_may_have_no_memory_for_any_step_of_its_first_query_by_tcp(self):
        query = dnsclient.query(KEPT).to_wire()

        def ask(daemon):
            with dnsclient.TcpClient(daemon.server, timeout=5) as client:
                client.send(query)
                with contextlib.suppress(OSError, EOFError, TypeError):  # it may be turned away
                    return client.receive()

        daemon, scarcity = self.daemon_with_switch(self.upstream.dot_url())
        scarcity.set(1 << 60)
        self.assertTrue(ask(daemon))
        whole = scarcity.asked()
        daemon.stop()
        for nth in range(1, whole + 1, int(sanitizer.PATIENCE)):  # a fresh daemon each time: a first query is the first only once
            daemon, scarcity = self.daemon_with_switch(self.upstream.dot_url())
            scarcity.set(nth, lasting=True)
            ask(daemon)
            scarcity.set(0)
            self.assertIsNone(daemon.process.poll(), f"{nth}\n{daemon.log()}")
            self.assertTrue(ask(daemon), daemon.log())
            daemon.stop()

    def test_it_ends_in_order_while_memory_is_scarce(self):
        daemon, scarcity = self.daemon_with_switch(self.upstream.doh_url())
        scarcity.set(2)
        daemon.stop()

    @sanitizer.unless_built_with_one("its memory is the sanitizer's")
    def test_it_lives_at_a_limit_of_the_kernels(self):
        """RLIMIT_DATA: what was in use when the limit came stays, and not a page more can be written to."""
        daemon = self.tacet(self.upstream.dot_url(), workers=1, user="root", cache={"size": "256MiB"})
        self.assertEqual(dnsclient.addresses(daemon.ask(KEPT)), [servers.ADDRESS])
        # With a table of the least size, which cannot grow then, the new names between two queries would evict the kept one.
        for _ in range(200):
            daemon.ask(new_name())
        self.all_is_well(daemon)
        pid = daemon.process.pid
        resource.prlimit(pid, resource.RLIMIT_DATA, (daemon.data_octets(), resource.RLIM_INFINITY))
        with QueryStream(daemon.server, rate=2000), QueryStream(daemon.server, rate=50, name=lambda _: KEPT) as kept:
            daemon.await_log("out of memory: ", within=20)
            enough = len(kept.asked) + 50
            scratch.eventually(lambda: len(kept.asked) >= enough, what="queries without memory")
        self.assertIsNone(daemon.process.poll(), daemon.log())
        self.assertEqual(kept.failures(), [], daemon.log())
        resource.prlimit(pid, resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.all_is_well(daemon)


if __name__ == "__main__":
    unittest.main()
