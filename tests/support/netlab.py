#!/usr/bin/env python3
"""Two network namespaces joined by a link whose delay, loss, families, ports and addresses are yours to set.

Needs root and iproute2, not the kernel's netem: the link is a pair of TUN devices and a process of its own carries the
packets (so that a busy test does not delay them). As a library:

    with Lab(delay=0.010, loss=0.01, jitter=0.03) as lab:        # one-way seconds, one-way probability, most seconds of extra delay
        server = lab.popen("b", ["unbound", "-d", "-c", "u.conf"])      # b is 10.9.0.2 / fd09::2
        client = lab.popen("a", ["tacet", "run", "--config", "t.yaml"]) # a is 10.9.0.1 / fd09::1
        lab.cut(); lab.heal(); lab.set(delay=0.05, v6=False, drop_ports=(853,)); lab.readdress("a", "10.9.0.7", "fd09::7")

Everything the lab starts is ended, and both namespaces are removed, when the block is left. Should the test be killed,
its children die with it and the next Lab removes the namespaces.

    netlab.py DELAY_MS LOSS [COMMAND…]     runs COMMAND (default: the addresses of a) in namespace a
"""
import concurrent.futures
import fcntl
import heapq
import itertools
import mmap
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import threading
import time

import scratch

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_MAX_PORTS = 8
# What the test sets and the carrier reads, and (last two) the carrier counts: one page of shared memory.
_SETTINGS = struct.Struct(f"ddd???H{_MAX_PORTS}H")
_COUNTS, _COUNTS_AT = struct.Struct("QQ"), 512


def why_not():
    """Why labs cannot run here; empty if they can. For unittest's skipIf."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if not shutil.which("ip"):
        return "needs iproute2"
    if not os.path.exists("/dev/net/tun"):
        return "needs /dev/net/tun"
    return ""


def _ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def give(namespace, device, address, prefix=None):
    """Gives a device that is up an address of its own, usable when this returns. The kernel makes the route to one of IPv6 in its own time."""
    v6 = ":" in address
    _ip("-n", namespace, "addr", "add", f"{address}/{prefix or (64 if v6 else 24)}", "dev", device, *(["nodad"] if v6 else []))
    if v6:
        scratch.eventually(lambda: _ip("-n", namespace, "-6", "route", "show", "table", "local", address, "dev", device), what=f"a route to {address}")


def call(namespace, work):
    """What `work()` returns or raises, called inside: sockets that it makes are there."""
    outcome = concurrent.futures.Future()

    def enter():  # a namespace is a property of a thread, so a throw-away thread enters it
        scratch.enter_namespace(namespace)
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return outcome.result()


class Namespace:
    """One namespace with loopback up. `files` are private /etc files in it: {"resolv.conf": text}."""

    def __init__(self, word="ns", files=None):
        self.name = scratch.unique_name(word)
        self._files = files or {}
        self._processes = []

    def __enter__(self):
        _remove_leftovers()
        _ip("netns", "add", self.name)
        try:
            _ip("-n", self.name, "link", "set", "lo", "up")
            if self._files:
                os.makedirs(f"/etc/netns/{self.name}")
            for name, text in self._files.items():
                with open(f"/etc/netns/{self.name}/{name}", "w", encoding="ascii") as file:
                    file.write(text)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self._processes:
            scratch.end(process)
        _remove(self.name)

    def command(self, *words):
        """What runs `words` inside."""
        return ["ip", "netns", "exec", self.name, *words]

    def popen(self, command, **kwargs):
        process = scratch.start(self.command(*command), **kwargs)
        self._processes.append(process)
        return process

    def run(self, command, **kwargs):
        return subprocess.run(self.command(*command), **kwargs)

    def give(self, device, address, prefix=None):
        """As give() does."""
        give(self.name, device, address, prefix)

    def call(self, work):
        """As call() does."""
        return call(self.name, work)


def _remove(name):
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)
    try:
        os.rmdir("/etc/netns")  # only if it is ours, that is empty
    except OSError:
        pass


def _remove_leftovers():
    if os.path.isdir("/run/netns"):
        for name in filter(scratch.owner_is_gone, os.listdir("/run/netns")):
            _remove(name)


class Lab:
    """Two namespaces, "a" and "b", and the link."""

    SIDES = {"a": ("10.9.0.1", "fd09::1"), "b": ("10.9.0.2", "fd09::2")}

    def __init__(self, word="lab", delay=0.0, loss=0.0, jitter=0.0, seed=1):
        self._word, self._seed = word, seed
        self._settings = {"delay": delay, "loss": loss, "jitter": jitter, "up": True, "v4": True, "v6": True, "mtu": 65535, "drop_ports": ()}

    def __enter__(self):
        self._sides, self._tuns, self._carrier = {}, {}, None
        self._shared = os.memfd_create("netlab")
        os.ftruncate(self._shared, mmap.PAGESIZE)
        self._page = mmap.mmap(self._shared, mmap.PAGESIZE)
        self.set()
        try:
            for side, addresses in self.SIDES.items():
                self._sides[side] = Namespace(self._word + side).__enter__()
                self._tuns[side] = _tun(self.namespace(side), f"tun{side}")
                _ip("-n", self.namespace(side), "link", "set", f"tun{side}", "up", "txqueuelen", "2000")
                self._address(side, *addresses)
                self._route(side)
            descriptors = (self._tuns["a"], self._tuns["b"], self._shared)
            self._carrier = scratch.start([sys.executable, os.path.abspath(__file__), "--carry", *descriptors, self._seed], pass_fds=descriptors)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for side in self._sides.values():
            side.__exit__()
        if self._carrier:
            self._carrier.kill()
            self._carrier.wait()
        self._page.close()
        for descriptor in (*self._tuns.values(), self._shared):
            os.close(descriptor)

    def namespace(self, side):
        return self._sides[side].name

    def command(self, side, *words):
        return self._sides[side].command(*words)

    def popen(self, side, command, **kwargs):
        return self._sides[side].popen(command, **kwargs)

    def run(self, side, command, **kwargs):
        return self._sides[side].run(command, **kwargs)

    def set(self, **changes):
        """delay, loss, jitter (each packet by itself, so they overtake each other), v4, v6 (False: that family is black-holed), mtu (larger packets are lost, and nobody is told), drop_ports (TCP and UDP, either direction)."""
        self._settings.update(changes)
        now = self._settings
        ports = (*now["drop_ports"], *[0] * _MAX_PORTS)[:_MAX_PORTS]
        _SETTINGS.pack_into(self._page, 0, now["delay"], now["loss"], now["jitter"], now["up"], now["v4"], now["v6"], now["mtu"], *ports)

    def cut(self):
        """Every packet is lost; nobody is told (no RST, no ICMP, the devices stay up)."""
        self.set(up=False)

    def heal(self):
        self.set(up=True)

    def down(self, side):
        """The device goes down: routes vanish, and everybody there is told (netlink)."""
        _ip("-n", self.namespace(side), "link", "set", f"tun{side}", "down")

    def up(self, side, v4=None, v6=None):
        """After down(): the device is back, with its old addresses or new ones."""
        _ip("-n", self.namespace(side), "link", "set", f"tun{side}", "up")
        self.readdress(side, v4 or self.SIDES[side][0], v6 or self.SIDES[side][1])

    def readdress(self, side, v4, v6):
        """What roaming to another network does: the old addresses are gone, new ones are there."""
        for family in ("-4", "-6"):
            _ip("-n", self.namespace(side), family, "addr", "flush", "dev", f"tun{side}", "scope", "global")
        self._address(side, v4, v6)
        self._route(side)

    @property
    def carried(self):
        return _COUNTS.unpack_from(self._page, _COUNTS_AT)[0]

    @property
    def dropped(self):
        return _COUNTS.unpack_from(self._page, _COUNTS_AT)[1]

    def _address(self, side, v4, v6):
        for address in (v4, v6):
            give(self.namespace(side), f"tun{side}", address)

    def _route(self, side):
        for family in ("-4", "-6"):
            _ip("-n", self.namespace(side), family, "route", "replace", "default", "dev", f"tun{side}")


def _tun(namespace, device):
    """A TUN device inside `namespace`, its file descriptor here."""
    def make():
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", device.encode(), _IFF_TUN | _IFF_NO_PI))
        return descriptor

    return call(namespace, make)


def _ports(packet):
    """Source and destination port of a TCP or UDP packet, else nothing."""
    if packet[0] >> 4 == 4:
        protocol, at = packet[9], (packet[0] & 15) * 4
    else:
        protocol, at = packet[6], 40
    return struct.unpack_from("!HH", packet, at) if protocol in (6, 17) and len(packet) >= at + 4 else ()


class Carrier:
    """Moves packets between the two devices until it is killed. Reads its settings from the shared page for each packet."""

    def __init__(self, a, b, shared, seed):
        self._other = {a: b, b: a}
        self._page = mmap.mmap(shared, mmap.PAGESIZE)
        self._random = random.Random(seed)
        self._queue, self._order = [], itertools.count()
        self._carried = self._dropped = 0

    def run(self):
        while True:
            wait = max(0.0, self._queue[0][0] - time.monotonic()) if self._queue else 1.0
            for descriptor in select.select(list(self._other), [], [], wait)[0]:  # poll() would round up to a millisecond
                self._drain(descriptor)
            self._deliver()
            _COUNTS.pack_into(self._page, _COUNTS_AT, self._carried, self._dropped)

    def _drain(self, descriptor):
        delay, _, jitter = _SETTINGS.unpack_from(self._page)[:3]
        for _ in range(64):
            try:
                packet = os.read(descriptor, 65536)
            except OSError:
                return
            if not packet or self._is_lost(packet):
                self._dropped += 1
                continue
            heapq.heappush(self._queue, (time.monotonic() + delay + (jitter and jitter * self._random.random()), next(self._order), self._other[descriptor], packet))

    def _is_lost(self, packet):
        _, loss, _, up, v4, v6, mtu, *ports = _SETTINGS.unpack_from(self._page)
        if not up or not (v4 if packet[0] >> 4 == 4 else v6) or len(packet) > mtu:
            return True
        return any(port and port in ports for port in _ports(packet)) or self._random.random() < loss

    def _deliver(self):
        while self._queue and self._queue[0][0] <= time.monotonic():
            _, _, out, packet = heapq.heappop(self._queue)
            try:
                if not _SETTINGS.unpack_from(self._page)[3]:
                    raise OSError("the link is cut")
                os.write(out, packet)
                self._carried += 1
            except OSError:
                self._dropped += 1


if __name__ == "__main__":
    if sys.argv[1] == "--carry":
        Carrier(*map(int, sys.argv[2:6])).run()
    with Lab(delay=float(sys.argv[1]) / 1000, loss=float(sys.argv[2])) as shown:
        sys.exit(shown.run("a", sys.argv[3:] or ["ip", "addr"]).returncode)
