"""The real binary under test.

    with Tacet(directory, upstreams=[{"url": unbound.doh_url(), "ca_file": pki.ca}]) as tacet:
        tacet.ask("www.example.com", "A")          # dnspython, UDP
        tacet.dig("www.example.com", "+tcp")       # text
        tacet.verb("status", "--json")             # another process, same configuration
"""
import contextlib
import json
import os
import re
import socket
import subprocess
import time

import dns.exception
import dns.message
import dns.query
import dnsclient
import sanitizer
import scratch

BINARY = os.environ.get("TACET_BINARY", "tacet")
CPUCLOCK_SCHED = 2  # linux/posix-timers.h: the kind of a process's CPU clock; the rest of the clock's number is the process
# For a verb that is to go by the built-in configuration: without these words it reads the machine's own file, if there is one.
BUILT_IN = ("--config", os.devnull)
# Workers of every daemon whose test does not say how many.
WORKERS = os.environ.get("TACET_WORKERS", "")
# Backstops: a busy machine is no fault.
STARTS_WITHIN = 60.0 * sanitizer.PATIENCE
STOPS_WITHIN = 30.0 * sanitizer.PATIENCE


class Tacet:
    """Writes a configuration, runs the daemon and waits until it is ready.

    `settings` are configuration keys as they stand in YAML; `listen` and `control` get free values unless given.
    `command` goes before the binary, e.g. namespace.command(); then the default port is safe to use.
    `stop()` asserts exit code 0; leaving the block stops it too, and complains if it had come to another end.
    """

    def __init__(self, directory, *, address="127.0.0.1", command=(), arguments=(), environment=None, **settings):
        self.directory = os.path.join(directory, scratch.unique_name("tacet"))
        os.mkdir(self.directory)
        self._command, self._arguments, self._environment = list(command), list(arguments), environment or {}
        self.address = address
        self.port = 53 if command else scratch.free_port([address])
        settings.setdefault("listen", [f"{scratch.url_host(address)}:{self.port}"])
        settings.setdefault("control", {"socket": os.path.join(self.directory, "control.sock")})
        settings.setdefault("log", {"level": "info"})
        settings.setdefault("dnssec", {"mode": "off"})  # the upstreams of most tests have no root
        if WORKERS:
            settings.setdefault("workers", int(WORKERS))
        self.settings = settings
        self.config = os.path.join(self.directory, "tacet.yaml")
        self.process = None
        self.ready_after = None
        self.write()

    def write(self):
        """Writes `settings` to the configuration file, which start() and verb() name. A reload never reads half of it."""
        with open(f"{self.config}.new", "w", encoding="utf-8") as file:
            json.dump(self.settings, file, indent=2)  # JSON is YAML
        os.replace(file.name, self.config)

    @property
    def server(self):
        """(address, port), for sockets."""
        return self.address, self.port

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        if not self.process:
            return
        if kind is not None:
            scratch.end(self.process)
        elif self.process.poll() is None:
            self.stop()
        elif self.process.returncode != 0:
            raise AssertionError(f"tacet had ended with {self.process.returncode}:\n{self.log()}")
        if found := sanitizer.reports(self.log()):
            raise AssertionError(f"{found}\n{self.log()}")

    def start(self):
        """Starts it; returns when it said READY=1. AssertionError with its log if it does not."""
        path = os.path.join(self.directory, "notify.sock")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(self._path("stderr"), "ab") as log:
            notify.bind(path)
            os.chmod(path, 0o777)  # as systemd's: who was started as root is root no more when it is ready
            notify.settimeout(0.05)
            begun = time.monotonic()
            self.process = scratch.start([*self._command, BINARY, "run", "--config", self.config, *self._arguments],
                                         stdout=log, stderr=log, env={**os.environ, **self._environment, "NOTIFY_SOCKET": path})
            try:
                self._await_ready(notify, begun)
            except BaseException:
                scratch.end(self.process)
                raise
            self.ready_after = time.monotonic() - begun

    def _await_ready(self, notify, begun):
        while time.monotonic() < begun + STARTS_WITHIN:
            try:
                if b"READY=1" in notify.recv(4096).split(b"\n"):
                    return
            except TimeoutError:
                pass
            if self.process.poll() is not None:
                raise AssertionError(f"tacet ended with {self.process.returncode} before it was ready:\n{self.log()}")
        raise AssertionError(f"tacet was not ready within {STARTS_WITHIN} s:\n{self.log()}")

    def stop(self):
        """SIGTERM. AssertionError unless it exits with 0 in time. Returns the seconds it took."""
        begun = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            scratch.end(self.process, 0)
            raise AssertionError(f"tacet did not stop within {STOPS_WITHIN} s of SIGTERM:\n{self.log()}") from None
        if code != 0:
            raise AssertionError(f"tacet ended with {code}:\n{self.log()}")
        return time.monotonic() - begun

    def log(self):
        """All it has written to stderr and stdout."""
        if not os.path.exists(self._path("stderr")):
            return ""
        with open(self._path("stderr"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def log_lines(self, pattern):
        """The log lines in which the regular expression is found."""
        return [line for line in self.log().splitlines() if re.search(pattern, line)]

    def await_log(self, pattern, within=30.0):
        """The first log line with `pattern`, as soon as there is one."""
        return scratch.eventually(lambda: self.log_lines(pattern), within, lambda: f"a log line with {pattern!r} in\n{self.log()}")[0]

    # --- asking ------------------------------------------------------------------------------------------------------

    def ask(self, name, kind="A", *, tcp=False, timeout=15.0, **options):
        """The response as a dns.message; `options` as in dnsclient.query."""
        return self.exchange(dnsclient.query(name, kind, **options), tcp=tcp, timeout=timeout)

    def exchange(self, query, *, tcp=False, timeout=15.0):
        send = dns.query.tcp if tcp else dns.query.udp
        try:
            return send(query, self.address, port=self.port, timeout=timeout)
        except dns.exception.Timeout:
            raise AssertionError(f"no answer within {timeout} s to\n{query}\n{self.log()}") from None

    def dig(self, *words):
        """dig's output."""
        return self._client("dig", f"@{self.address}", "-p", str(self.port), "+tries=1", "+timeout=5", *words)

    def kdig(self, *words):
        """kdig's output."""
        return self._client("kdig", f"@{self.address}", "-p", str(self.port), "+retry=0", "+time=5", *words)

    def _client(self, *words):
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, timeout=20)
        return done.stdout + done.stderr

    def verb(self, *words, timeout=20):
        """Runs `tacet VERB … --config FILE` beside the daemon: the finished process with its text."""
        return subprocess.run([*self._command, BINARY, *words, "--config", self.config], capture_output=True, text=True, timeout=timeout)

    def control(self, request, timeout=12):
        """The octets that the control socket answers a request such as "GET /status" with; none if it just closes."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(timeout)
            client.connect(self.settings["control"]["socket"])
            answer = b""
            with contextlib.suppress(ConnectionError):
                client.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                while octets := client.recv(65536):
                    answer += octets
            return answer

    def status(self):
        """`tacet status --json`, decoded."""
        done = self.verb("status", "--json")
        if done.returncode != 0:
            raise AssertionError(f"tacet status: {done.returncode}\n{done.stdout}{done.stderr}\n{self.log()}")
        return json.loads(done.stdout)

    # --- what it costs -----------------------------------------------------------------------------------------------

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def resident_octets(self):
        return self._proc_status("VmRSS") * 1024

    def data_octets(self):
        """What RLIMIT_DATA bounds."""
        return self._proc_status("VmData") * 1024

    def peak_octets(self):
        """The most that was resident since the start, or since "5" was written to /proc/PID/clear_refs."""
        return self._proc_status("VmHWM") * 1024

    def threads(self):
        return self._proc_status("Threads")

    def open_descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def upstream_sockets(self, *ports):
        """How many TCP connections it has to any of these ports, in any state that has an owner."""
        done = subprocess.run([*self._command, "ss", "-Htnp"], capture_output=True, text=True, check=True)
        mine = [line.split() for line in done.stdout.splitlines() if f"pid={self.process.pid}," in line]
        return sum(1 for fields in mine if int(fields[4].rpartition(":")[2]) in ports)

    def _proc_status(self, key):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{key}:\s+(\d+)", file.read(), re.MULTILINE).group(1))

    def _path(self, name):
        return os.path.join(self.directory, name)


def cpu_seconds(pid):
    """User and system time of all threads of a process, seconds; /proc tells it in hundredths only."""
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def run(*words, timeout=20):
    """The binary with these words, to its end."""
    return subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=timeout)
