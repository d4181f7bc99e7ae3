"""Real proxies from Debian, and a network in which going past them would work but be seen.

    with ProxyLab() as lab:        # tacet in lab.client, the proxy in lab.middle at lab.PROXY, the upstream in lab.server
        with Microsocks(lab, directory) as proxy:
            proxy.url()            # socks5://10.73.0.1:PORT
"""
import os

import netlab
import scratch


class ProxyLab:
    """Three namespaces in a row. The middle one also forwards packets, so that a direct connection reaches the server."""

    PROXY, CLIENT, SERVER, NAME = "10.73.0.1", "10.73.0.2", "10.9.0.2", "dns.test"
    DEVICE = "lab0"  # the client's

    def __enter__(self):
        self._stack = []
        # Programs that look names up read this file there; nobody else knows the name.
        for word, files in (("client", {}), ("middle", {"hosts": f"127.0.0.1 localhost\n{self.SERVER} {self.NAME}\n"}), ("server", {})):
            place = netlab.Namespace(word, files).__enter__()
            setattr(self, word, place)
            self._stack.append(place)
        try:
            self._link(self.client, self.DEVICE, self.CLIENT, self.middle, "lab1", self.PROXY)
            self._link(self.server, "lab0", self.SERVER, self.middle, "lab2", "10.9.0.1")
            self.client.run(["ip", "route", "add", "default", "via", self.PROXY], check=True)
            self.server.run(["ip", "route", "add", "default", "via", "10.9.0.1"], check=True)
            self.middle.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for place in self._stack:
            place.__exit__()

    @staticmethod
    def _link(one, device, address, other, far, far_address):
        one.run(["ip", "link", "add", device, "type", "veth", "peer", "name", far, "netns", other.name], check=True)
        for place, name, own in ((one, device, address), (other, far, far_address)):
            place.run(["ip", "addr", "add", f"{own}/24", "dev", name], check=True)
            place.run(["ip", "link", "set", name, "up"], check=True)


class Proxy:
    """Base of the proxies. start() and stop() keep the port."""

    scheme = "socks5"

    def __init__(self, lab, directory, credentials=""):
        self.lab, self.credentials = lab, credentials
        self.port = scratch.free_port()
        self.directory = os.path.join(directory, scratch.unique_name(type(self).__name__.lower()))
        os.mkdir(self.directory)
        os.chmod(self.directory, 0o777)
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def url(self, credentials=None):
        user = self.credentials if credentials is None else credentials
        return f"{self.scheme}://{user + '@' if user else ''}{self.lab.PROXY}:{self.port}"

    def start(self):
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self._process = self.lab.middle.popen(self.command(), stdout=log, stderr=log)
        scratch.eventually(self.is_ready, what=lambda: f"the proxy's readiness\n{self.log()}")

    def stop(self):
        if self._process:
            scratch.end(self._process)
            self._process = None

    def is_ready(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"the proxy ended with {self._process.returncode}:\n{self.log()}")
        listening = self.lab.middle.run(["ss", "-Hltn", f"sport = :{self.port}"], capture_output=True, text=True)
        return bool(listening.stdout)

    def log(self):
        with open(os.path.join(self.directory, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def command(self):
        raise NotImplementedError


class Microsocks(Proxy):
    def command(self):
        user, _, password = self.credentials.partition(":")
        login = ["-u", user, "-P", password] if user else []
        return ["microsocks", "-i", self.lab.PROXY, "-p", str(self.port), *login]


class Tinyproxy(Proxy):
    """`only` is a port: it connects to no other."""

    scheme = "http"

    def __init__(self, lab, directory, credentials="", only=None):
        super().__init__(lab, directory, credentials)
        self._only = only

    def command(self):
        lines = [f"Port {self.port}", f"Listen {self.lab.PROXY}", "Timeout 60", "MaxClients 200"]
        if self.credentials:
            lines.append("BasicAuth " + self.credentials.replace(":", " "))
        if self._only:
            lines.append(f"ConnectPort {self._only}")
        return ["tinyproxy", "-d", "-c", self.write("tinyproxy.conf", "\n".join(lines) + "\n")]


class Dante(Proxy):
    """Its users are the machine's: `credentials` name one that can log in there."""

    def command(self):
        method = "username" if self.credentials else "none"
        return ["danted", "-f", self.write("danted.conf", f"""logoutput: stderr
internal: {self.lab.PROXY} port = {self.port}
external: lab2
socksmethod: {method}
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
""")]


class Squid(Proxy):
    """`only` is a port: it connects to no other. With credentials it answers 407 to a request without them."""

    scheme = "http"

    def __init__(self, lab, directory, credentials="", only=None):
        super().__init__(lab, directory, credentials)
        self._only = only

    def command(self):
        lines = [f"http_port {self.lab.PROXY}:{self.port}", f"pid_filename {self.directory}/pid", "cache deny all", "access_log none",
                 f"cache_log {self.directory}/cache.log", f"coredump_dir {self.directory}", "shutdown_lifetime 0 seconds"]
        if self.credentials:
            words = self.credentials.replace(":", " ")
            check = self.write("check", f'#!/bin/sh\nwhile read -r line; do [ "$line" = "{words}" ] && echo OK || echo ERR; done\n')
            os.chmod(check, 0o755)
            lines += [f"auth_param basic program {check}", "auth_param basic realm proxy", "acl known proxy_auth REQUIRED", "http_access deny !known"]
        if self._only:
            lines += [f"acl narrow port {self._only}", "http_access deny CONNECT !narrow"]
        return ["squid", "-N", "-f", self.write("squid.conf", "\n".join([*lines, "http_access allow all"]) + "\n")]


class Tor(Proxy):
    """Without a network behind it: it takes connections, tells of them at its control port, and never makes a circuit."""

    def __init__(self, lab, directory):
        super().__init__(lab, directory)
        self.control_port = scratch.free_port()

    def command(self):
        return ["tor", "-f", self.write("torrc", f"""DataDirectory {self.directory}/data
SocksPort {self.lab.PROXY}:{self.port}
SocksPolicy accept *
ControlPort 127.0.0.1:{self.control_port}
CookieAuthentication 0
""")]
