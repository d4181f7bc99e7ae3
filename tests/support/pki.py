"""A certification authority to throw away, and the good and bad server certificates that tests need."""
import datetime
import os
import subprocess
from collections import namedtuple

Certificate = namedtuple("Certificate", "chain key")  # paths of PEM files

NAME = "dns.test"
_SETTINGS = """
[ca]
default_ca = here
[here]
dir = {dir}
new_certs_dir = {dir}
database = {dir}/index
serial = {dir}/serial
default_md = sha256
unique_subject = no
policy = any
[any]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
"""


class Pki:
    """One P-256 authority in `directory`; `ca` is the PEM file a client should trust."""

    def __init__(self, directory, extra_addresses=()):
        self._dir = os.path.join(directory, "pki")
        self._sans = [f"DNS:{NAME}", "DNS:localhost", "IP:127.0.0.1", "IP:::1", *(f"IP:{a}" for a in extra_addresses)]
        self._named = 0
        os.mkdir(self._dir)
        os.chmod(self._dir, 0o755)
        for name, text in (("openssl.cnf", _SETTINGS.format(dir=self._dir)), ("index", ""), ("serial", "1000\n")):
            self._write(name, text)
        self.ca = self._self_signed("ca", "tacet test authority", ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]).chain

    def good(self):
        """Valid for NAME, localhost, the loopback addresses and the extra ones."""
        return self._issue("good", NAME, self._sans)

    def expired(self):
        """Was good until yesterday."""
        return self._issue("expired", NAME, self._sans, first=-30, last=-1)

    def ending(self):
        """Good for three more days."""
        return self._issue("ending", NAME, self._sans, first=-30, last=3)

    def not_yet_valid(self):
        """Will be good from tomorrow on."""
        return self._issue("early", NAME, self._sans, first=1, last=30)

    def wrong_name(self):
        """Trusted and in date, but for another host."""
        return self._issue("wrong", "other.example", ["DNS:other.example", "IP:192.0.2.1"])

    def named(self, *sans, common_name="", rsa=False):
        """Trusted and in date, for these subjectAltNames ("DNS:a.test"; none: without that extension) and this name in its subject."""
        self._named += 1
        return self._issue(f"named{self._named}", common_name or "tacet test", sans, rsa=rsa)

    def self_signed(self):
        """The right names, vouched for by nobody."""
        return self._self_signed("selfsigned", NAME, ["subjectAltName=" + ",".join(self._sans)])

    def _self_signed(self, word, common_name, extensions):
        made = self._paths(word)
        added = [part for extension in extensions for part in ("-addext", extension)]
        self._openssl("req", "-x509", "-config", self._path("openssl.cnf"), "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-keyout", made.key, "-out", made.chain, "-days", "30", "-subj", f"/CN={common_name}", *added)
        os.chmod(made.key, 0o644)  # a test server may have dropped its privileges
        return made

    def _issue(self, word, common_name, sans, first=-1, last=30, rsa=False):
        made = self._paths(word)
        if os.path.exists(made.chain):
            return made
        request, extensions = self._path(f"{word}.csr"), self._path(f"{word}.ext")
        names = f"subjectAltName={','.join(sans)}\n" if sans else ""
        self._write(f"{word}.ext", f"{names}extendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        key = ("rsa:2048",) if rsa else ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        self._openssl("req", "-config", self._path("openssl.cnf"), "-newkey", *key, "-nodes",
                      "-keyout", made.key, "-out", request, "-subj", f"/CN={common_name}")
        self._openssl("ca", "-batch", "-notext", "-config", self._path("openssl.cnf"), "-cert", self.ca, "-keyfile", self._path("ca.key"),
                      "-in", request, "-out", made.chain, "-startdate", _in_days(first), "-enddate", _in_days(last), "-extfile", extensions)
        os.chmod(made.key, 0o644)
        return made

    def _paths(self, word):
        return Certificate(self._path(f"{word}.pem"), self._path(f"{word}.key"))

    def _path(self, name):
        return os.path.join(self._dir, name)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="ascii") as file:
            file.write(text)

    @staticmethod
    def _openssl(*words):
        done = subprocess.run(["openssl", *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(words)}: {done.stderr}")


def _in_days(days):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y%m%d%H%M%SZ")
