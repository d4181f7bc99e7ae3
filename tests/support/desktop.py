"""A desktop that browsers run on: its own network, /etc, /var/lib and homes, so that the machine of the test stays as it is.

    with Desktop(directory) as desktop, Site(desktop.enter_network) as site:
        desktop.succeed("tacet", "browser", "setup")
        site.greeting_of(desktop.chromium, "https://www.example.com/")     # the name in its ClientHello
"""
import base64
import ctypes
import os
import shutil
import socket
import ssl
import subprocess
import threading

import client_hello
import netlab
import scratch

# What an observer sees in place of the name of a site with ECH (public_name).
COVER = "cover.example.com"
_libc = ctypes.CDLL(None, use_errno=True)


def why_not(*programs):
    """Why no desktop can be made here; empty if one can. For unittest's skipIf."""
    packages = {"chromium": "chromium", "firefox-esr": "firefox-esr", "certutil": "libnss3-tools"}
    for program in programs:
        if not shutil.which(program):
            return f"needs {program}: apt-get install {packages.get(program, program)}"
    return netlab.why_not()


class Desktop:
    """`overlaid` are the directories whose changes stay within."""

    OVERLAID = ("/etc", "/var/lib", "/root", "/opt")
    # As on a machine with libnss-resolve. Chromium cannot do that by itself, so it asks through the C library.
    NSSWITCH = "hosts: files resolve [!UNAVAIL=return] dns"

    def __init__(self, directory):
        self._path = os.path.join(directory, scratch.unique_name("desktop"))
        self._holder = None
        self._processes = []

    def __enter__(self):
        os.mkdir(self._path)
        self._holder = scratch.start(["unshare", "--mount", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
        self._holder.stdout.readline()
        for directory in self.OVERLAID:
            layers = [os.path.join(self._path, directory.strip("/").replace("/", "-"), part) for part in ("upper", "work")]
            for layer in layers:
                os.makedirs(layer)
            options = f"lowerdir={directory},upperdir={layers[0]},workdir={layers[1]}"
            self.succeed("mount", "-t", "overlay", "overlay", "-o", options, directory)
        self.succeed("mount", "-t", "tmpfs", "tmpfs", "/run")  # no systemd, no D-Bus
        self.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.write("/etc/nsswitch.conf", self.NSSWITCH + "\n")
        # Browsers think that they are offline without a link, so there is one.
        for words in ("link set lo up", "link add eth0 type veth peer name eth1", "link set eth0 up", "link set eth1 up", "address add 192.0.2.1/24 dev eth0",
                      f"address add {Site.ADDRESS}/32 dev lo", "route add default via 192.0.2.254 dev eth0"):
            self.succeed("ip", *words.split())
        return self

    def __exit__(self, *_):
        for process in self._processes:
            scratch.end(process)
        scratch.end(self._holder)
        self._holder.stdout.close()

    def command(self, *words):
        """What runs `words` there."""
        return ["nsenter", f"--target={self._holder.pid}", "--mount", "--net", "--", *[str(word) for word in words]]

    def run(self, *words, **options):
        return subprocess.run(self.command(*words), capture_output=True, **{"timeout": 60, "text": True, **options})

    def succeed(self, *words, check=True, **options):
        """Its output. AssertionError if it fails."""
        done = self.run(*words, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def popen(self, *words, **options):
        process = scratch.start(self.command(*words), **options)
        self._processes.append(process)
        return process

    def enter_network(self):
        """Moves the calling thread into its network."""
        handle = os.open(f"/proc/{self._holder.pid}/ns/net", os.O_RDONLY)
        try:
            if _libc.setns(handle, 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(handle)

    def write(self, path, text):
        """A file of its own /etc or /var/lib."""
        self.succeed("sh", "-c", 'mkdir -p "$(dirname "$1")" && rm -f "$1" && printf %s "$2" >"$1"', "sh", path, text)

    def files(self):
        """Everything below its /etc and /var/lib/tacet: modes, owners, sizes and the hashes of the contents; without what other tests keep in
        /etc/netns meanwhile."""
        ours = "find /etc /var/lib/tacet -path /etc/netns -prune -o"
        found = self.succeed("sh", "-c", f"{ours} -printf '%p %y %m %u %g %l\\n' 2>/dev/null | sort; {ours} -type f -exec sha256sum {{}} + 2>/dev/null | sort")
        return found.splitlines()

    def chromium(self, url):
        """A new Chromium that opens `url`, with a new profile."""
        profile = os.path.join(self._path, scratch.unique_name("chromium"))
        return self._browser("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={profile}", url)

    def firefox(self, url):
        """A new Firefox that opens `url`, with a new profile."""
        profile = os.path.join(self._path, scratch.unique_name("firefox"))
        os.mkdir(profile)
        return self._browser("firefox-esr", "--headless", "--no-remote", "--profile", profile, url)

    def _browser(self, *words):
        home = os.path.join(self._path, scratch.unique_name("home"))
        os.mkdir(home)
        return self.popen("env", f"HOME={home}", *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Site:
    """A web site that reads greetings and hangs up: a context manager. `enter_network` moves the calling thread into its network."""

    ADDRESS, PORT = "192.0.2.80", 443

    def __init__(self, enter_network, address=ADDRESS):
        self._enter_network, self._address = enter_network, address
        self._names = []
        self._changed = threading.Condition()

    def __enter__(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise AssertionError("the site does not listen")
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Leaves its place to another; also a second time."""
        if self._thread.is_alive():
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join()
            self._socket.close()

    def _serve(self, ready):
        self._enter_network()
        self._socket = socket.create_server((self._address, self.PORT))
        ready.set()
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                self._read(client)

    def _read(self, client):
        client.settimeout(5)
        octets = b""
        try:
            while part := client.recv(65536):
                octets += part
                try:
                    hello = client_hello.read_client_hello(octets)
                except (ValueError, IndexError):
                    continue
                with self._changed:
                    self._names.append(hello.server_name)
                    self._changed.notify_all()
                return
        except OSError:
            pass

    def greeting_of(self, browser, url, within=90):
        """The server name in the first greeting that comes after `browser(url)` has started one; None if none comes in time."""
        with self._changed:
            self._names.clear()
        process = browser(url)
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._names, within)
                return self._names[0] if self._names else None
        finally:
            scratch.end(process)


class Impostor(Site):
    """A web site that proves by `certificate` who it is, on a Desktop. `asked` are the request lines that browsers send, which they do
    only once they trust it."""

    def __init__(self, desktop, certificate):
        super().__init__(desktop.enter_network)
        self.asked, self.greeted = [], 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.chain, certificate.key)

    def _read(self, client):
        self.greeted += 1
        client.settimeout(5)
        try:
            with self._context.wrap_socket(client, server_side=True) as stream:
                if line := stream.recv(4096).split(b"\r\n")[0].decode("latin-1"):
                    self.asked.append(line)
                stream.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        except OSError:
            pass


def zone_with_ech(origin, address):
    """A zone whose www offers ECH at `address`, with COVER in place of its name."""
    return (f"$ORIGIN {origin}\n@ 300 SOA ns1 hostmaster 1 3600 900 604800 60\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n"
            f"www 300 A {address}\ncover 300 A {address}\nwww 300 HTTPS 1 . alpn=h2 ech={ech_config()}\n")


def ech_config(cover=COVER):
    """An ECHConfigList (RFC 9849 §4) in base64, with one key of X25519 and `cover` as its public_name. Its private key is gone."""
    private = subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-outform", "DER"], capture_output=True, check=True).stdout
    public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"], input=private, capture_output=True, check=True).stdout
    key = public[-32:]
    suites = bytes.fromhex("00010001" "00010003")  # HKDF-SHA256 with AES-128-GCM, with ChaCha20Poly1305
    contents = bytes([7]) + b"\x00\x20" + _sized(key) + _sized(suites) + bytes([0, len(cover)]) + cover.encode() + b"\x00\x00"
    return base64.b64encode(_sized(b"\xfe\x0d" + _sized(contents))).decode()


def _sized(octets):
    return len(octets).to_bytes(2, "big") + octets
