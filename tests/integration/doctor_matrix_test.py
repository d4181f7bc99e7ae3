"""tacet doctor in many networks, honest ones and liars, alone and in pairs: each cheat gets its name, and nothing else does.

TACET_DOCTOR_RUNS: how often each network is judged (default 1). With words: runs only the networks whose names have one of them,
and prints what doctor says there.

    doctor_matrix_test.py injected portal
"""
import collections
import concurrent.futures
import contextlib
import os
import socket
import sys
import threading
import time
import unittest

import dns.message
import netlab
import pki
from case import Case
from doctor_networks import NETWORKS, own_resolver, redirected_to
from doctor_world import QUAD9, CanaryWorld, World

RUNS = int(os.environ.get("TACET_DOCTOR_RUNS", "1"))
GROUPS = "path,reach,who,net,tls,clock,self"
SYSTEM, MOZILLA = "/etc/ssl/certs/ca-certificates.crt", "/usr/share/ca-certificates/mozilla"


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Matrix(Case):
    """Some worlds work beside each other: doctor mostly waits."""

    WORLDS = 3

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.liars = {}
        for word in ("installed", "unknown", "portal"):
            folder = os.path.join(cls.directory, word)
            os.mkdir(folder)
            cls.liars[word] = pki.Pki(folder)
        mozilla = os.path.join(cls.directory, "mozilla")
        os.mkdir(mozilla)
        cls._copy((cls.pki.ca,), os.path.join(mozilla, "test.crt"))
        bundle = os.path.join(cls.directory, "bundle.crt")
        cls._copy((cls.pki.ca, cls.liars["installed"].ca), bundle)
        cls.binds = ((bundle, SYSTEM), (mozilla, MOZILLA))
        signed = CanaryWorld()
        cls.free = []
        for _ in range(cls.WORLDS):
            world = cls.enterClassContext(World(cls.directory, cls.pki, signed))
            world.liars = cls.liars
            cls.free.append(world)
        cls.lock = threading.Lock()

    @staticmethod
    def _copy(sources, target):
        with open(target, "wb") as out:
            for source in sources:
                with open(source, "rb") as file:
                    out.write(file.read())

    def judge(self, network, runs=RUNS, show=False):
        """The faults of each run, and how long each took."""
        with self.lock:
            world = self.free.pop()
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(world.forget_rules)
                for liar in network.liars:
                    liar(world, stack)
                results = []
                for _ in range(runs):
                    begun = time.monotonic()
                    findings = world.findings("--only", GROUPS, binds=self.binds, **network.how)
                    results.append((network.faults(findings), time.monotonic() - begun))
                    for each in findings if show else ():
                        print(f"{each['severity']:8} {each['check']:15} {each['seen']}  [{each['means']}]")
                return results
        finally:
            with self.lock:
                self.free.append(world)

    def test_a_network_leaves_no_trace_for_the_next_one(self):
        world, query = self.free[0], dns.message.make_query("id.server", "TXT", "CH")

        def name_of_quad9():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.bind(("0.0.0.0", 5353))  # always the same port
                client.settimeout(10)
                client.sendto(query.to_wire(), (QUAD9, 53))
                return dns.message.from_wire(client.recv(4096)).answer[0][0].strings[0].decode()

        names = []
        for liar in (own_resolver(53), redirected_to(53), own_resolver(53)):  # each makes the kernel look for translations
            liar(world, None)
            names.append(netlab.call(world.lab.namespace("a"), name_of_quad9))
            world.forget_rules()
        self.assertEqual(names, ["res1.fra", "home", "res1.fra"])

    def test_every_cheat_gets_its_name_and_nothing_else_does(self):
        wrong = []
        with concurrent.futures.ThreadPoolExecutor(self.WORLDS) as pool:
            judged = list(pool.map(lambda network: (network, self.judge(network)), NETWORKS))
        print()
        for network, results in judged:
            right = sum(not faults for faults, _ in results)
            print(f"{network.name:62} {right:3}/{len(results)}  slowest {max(seconds for _, seconds in results):.1f} s")
            kinds = collections.Counter("; ".join(faults) for faults, _ in results if faults)
            wrong += [f"{network.name}, {times} times: {faults}" for faults, times in kinds.items()]
        self.assertEqual(wrong, [], "\n".join(wrong))


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("Matrix"):
        Matrix.setUpClass()
        try:
            case = Matrix("test_every_cheat_gets_its_name_and_nothing_else_does")
            for chosen in NETWORKS:
                if any(word in chosen.name for word in sys.argv[1:]):
                    print(f"== {chosen.name}")
                    print(case.judge(chosen, show=True))
        finally:
            Matrix.tearDownClass()
            Matrix.doClassCleanups()
    else:
        unittest.main()
