"""The container image: made without a daemon, read by umoci, run by bubblewrap read-only and without privileges."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

import dns.message
import dns.rcode
import dnsclient
import scratch
import tacet
from case import Case
from fake_upstream import Behaviour

SOURCE = pathlib.Path(__file__).resolve().parents[2]
USER = 65532
NEW_NETWORK = 0x40000000
MOST = 40 * 2**20


def setUpModule():
    if os.geteuid() != 0 or not shutil.which("umoci") or not shutil.which("bwrap"):
        raise unittest.SkipTest("wants root, umoci and bubblewrap")
    # Port 5353 may be in use on this machine.
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_NETWORK) != 0:
        raise unittest.SkipTest("no network namespace")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Image(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(cls.enterClassContext(scratch.directory()))
        cls.folder.chmod(0o755)
        cls.archive = cls.make("image.tar")
        layout = cls.folder / "layout"
        layout.mkdir()
        subprocess.run(["tar", "xf", cls.archive, "-C", layout], check=True)
        subprocess.run(["umoci", "unpack", "--image", f"{layout}:latest", cls.folder / "bundle"], check=True, capture_output=True)
        (cls.folder / "bundle").chmod(0o755)
        cls.root = cls.folder / "bundle" / "rootfs"
        manifest = json.loads((layout / "manifest.json").read_text())[0]
        cls.image = json.loads((layout / manifest["Config"]).read_text())
        cls.packed = sum((layout / blob).stat().st_size for blob in manifest["Layers"])

    @classmethod
    def make(cls, name):
        out = cls.folder / name
        subprocess.run([sys.executable, SOURCE / "packaging" / "oci" / "build.py", pathlib.Path(tacet.BINARY).parent, out], check=True,
                       capture_output=True, text=True)
        return out

    def bubblewrap(self, *words):
        """The command that runs `words` in the image as a container runtime would: no rights, nothing writable but the volume."""
        place = scratch.unique_name("run")
        self.volume = self.folder / place
        return self.inside(*words)

    def inside(self, *words):
        self.volume.mkdir(exist_ok=True)
        os.chown(self.volume, USER, USER)
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", "bwrap", "--unshare-user", "--uid", str(USER),
                "--gid", str(USER), "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--ro-bind", self.root, "/", "--proc", "/proc",
                "--dev", "/dev", "--bind", self.volume, "/run/tacet", "--ro-bind", self.pki.ca, "/etc/ssl/certs/ca-certificates.crt",
                "--cap-drop", "ALL", "--clearenv", "--die-with-parent", "--chdir", "/", *words]

    def run_image(self, *flags):
        """The running container; `pid` is tacet's, as this machine sees it."""
        self.log_path = self.folder / scratch.unique_name("log")
        with open(self.log_path, "wb") as log:
            self.container = self.child(*self.bubblewrap(*self.image["config"]["Entrypoint"], *flags), stdout=log, stderr=log)
        self.addCleanup(scratch.eventually, lambda: not self.processes())
        self.addCleanup(self.end_all)
        scratch.eventually(lambda: "serves" in self.log_path.read_text(), what=lambda: self.log_path.read_text())
        self.pid = self.processes()[0]  # the second one opens its files

    def processes(self):
        """Every process of the image's program."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/exe"):
            try:
                if path.samefile(self.root / "usr/bin/tacet"):
                    found.append(int(path.parent.name))
            except OSError:
                pass
        return sorted(found)

    def end_all(self):
        for process in self.processes():
            os.kill(process, signal.SIGKILL)

    def is_healthy(self):
        check = self.image["config"]["Healthcheck"]["Test"]
        self.assertEqual(check[0], "CMD")
        try:
            return subprocess.run(self.inside(*check[1:]), capture_output=True, timeout=10, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def ask(self, name):
        return dns.message.from_wire(dnsclient.exchange_udp(("127.0.0.1", 5353), dnsclient.query(name).to_wire(), timeout=10))

    def test_is_small_and_has_nothing_but_the_program(self):
        whole = sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())
        print(f"{whole / 2**20:.1f} MiB of files, {self.packed / 2**20:.1f} MiB to download")
        self.assertLessEqual(whole, MOST)
        programs = {str(path.relative_to(self.root)) for path in self.root.rglob("*")
                    if path.is_file() and os.access(path, os.X_OK) and ".so" not in path.name}
        self.assertEqual(programs, {"usr/bin/tacet"})

    def test_the_same_inputs_make_the_same_octets(self):
        self.assertEqual(self.archive.read_bytes(), self.make("again.tar").read_bytes())

    def test_is_described_for_runtimes(self):
        config = self.image["config"]
        self.assertEqual((config["User"], config["StopSignal"]), (f"{USER}:{USER}", "SIGTERM"))
        self.assertEqual(set(config["ExposedPorts"]), {"5353/udp", "5353/tcp"})
        self.assertIn("/run/tacet", config["Volumes"])

    def test_its_configuration_is_right(self):
        done = subprocess.run(self.bubblewrap("/usr/bin/tacet", "check", "--config", "/etc/tacet/tacet.yaml"), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_answers_confined_and_survives_an_outage_in_good_health(self):
        upstream = self.unbound()
        self.run_image("--upstream", upstream.dot_url())
        self.assertEqual(self.ask("www.example.com").rcode(), dns.rcode.NOERROR)
        with dnsclient.TcpClient(("127.0.0.1", 5353)) as client:
            client.send(dnsclient.query("www.example.com").to_wire())
            self.assertEqual(dnsclient.header(client.receive())[1] & 15, dns.rcode.NOERROR)
        self.assertTrue(self.is_healthy())
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        self.assertIn("CapEff:\t0000000000000000", status)
        self.assertIn("NoNewPrivs:\t1", status)
        upstream.stop()
        self.assertEqual(self.ask("www.example.com").rcode(), dns.rcode.NOERROR)  # from the cache
        self.assertEqual(self.ask("other.example.com").rcode(), dns.rcode.SERVFAIL)
        self.assertTrue(self.is_healthy(), "an outage is no reason to restart a resolver")
        upstream.start()
        scratch.eventually(lambda: self.ask("mail.example.com").rcode() != dns.rcode.SERVFAIL)
        self.assertEqual(self.processes()[0], self.pid)

    def test_is_in_bad_health_only_while_it_is_stuck(self):
        self.run_image("--upstream", "tls://127.0.0.1:9")
        self.assertTrue(self.is_healthy())
        os.kill(self.pid, signal.SIGSTOP)
        self.assertFalse(self.is_healthy())
        os.kill(self.pid, signal.SIGCONT)
        scratch.eventually(self.is_healthy)

    def runtime_bundle(self, *flags):
        """What umoci made of the image's description, read-only, in the network of this test."""
        description = json.loads((self.folder / "bundle" / "config.json").read_text())
        description["root"] = {"path": str(self.root), "readonly": True}
        description["process"].update(terminal=False, args=[*self.image["config"]["Entrypoint"], *flags], noNewPrivileges=True,
                                      capabilities={kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")})
        description["linux"]["namespaces"] = [one for one in description["linux"]["namespaces"] if one["type"] not in ("network", "cgroup")]
        description["mounts"] = [one for one in description["mounts"] if one["destination"] not in ("/run/tacet", "/sys", "/sys/fs/cgroup")]
        description["mounts"] += [
            {"destination": "/run/tacet", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec", f"uid={USER}", f"gid={USER}", "mode=700"]},
            {"destination": "/etc/ssl/certs/ca-certificates.crt", "type": "bind", "source": self.pki.ca, "options": ["bind", "ro"]}]
        bundle = self.folder / scratch.unique_name("crun")
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(description))
        return bundle

    @unittest.skipUnless(shutil.which("crun"), "crun is not here")
    def test_a_container_runtime_runs_it_read_only_and_unprivileged(self):
        """crun has what its description asks for, but for limits: groups of processes belong to a manager, which is not here."""
        upstream = self.unbound()
        name, state = scratch.unique_name("tacet"), self.folder / "state"
        # crun refuses a machine with both versions of cgroups, so it sees the second alone.
        alone = ["unshare", "--mount", "sh", "-c", 'umount --recursive /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"', "sh"]
        crun = [*alone, "crun", f"--root={state}", "--cgroup-manager=disabled"]
        log_path = self.folder / scratch.unique_name("log")
        with open(log_path, "wb") as log:
            container = self.child(*crun, "run", f"--bundle={self.runtime_bundle('--upstream', upstream.dot_url())}", name, stdout=log, stderr=log)
        self.addCleanup(subprocess.run, [*crun, "delete", "--force", name], check=False, capture_output=True)
        scratch.eventually(lambda: "serves" in log_path.read_text(), what=log_path.read_text)
        self.assertEqual(self.ask("www.example.com").rcode(), dns.rcode.NOERROR)
        pid = json.loads(subprocess.run([*crun, "state", name], check=True, capture_output=True).stdout)["pid"]
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        for line in (f"Uid:\t{USER}\t", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"):
            self.assertIn(line, status)
        [root] = [line for line in pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines() if line.split()[4] == "/"]
        self.assertIn("ro", root.split()[5].split(","))
        check = self.image["config"]["Healthcheck"]["Test"][1:]
        for outage in (False, True):
            if outage:
                upstream.stop()
                self.assertEqual(self.ask("other.example.com").rcode(), dns.rcode.SERVFAIL)
            health = subprocess.run([*crun, "exec", f"--user={USER}:{USER}", name, *check], capture_output=True, text=True, timeout=10, check=False)
            self.assertEqual(health.returncode, 0, health.stderr)
        subprocess.run([*crun, "kill", name, "TERM"], check=True)
        self.assertEqual(container.wait(10), 0)

    def test_answers_what_waits_when_it_is_stopped(self):
        fake = self.fake(lambda received: Behaviour(delay=0.5))
        self.run_image("--upstream", fake.dot_url())
        with dnsclient.TcpClient(("127.0.0.1", 5353)) as client:
            client.send(dnsclient.query("slow.example.com").to_wire())
            scratch.eventually(lambda: fake.count("slow.example.com.") > 0)
            begun = time.monotonic()
            os.kill(self.pid, signal.SIGTERM)
            self.assertEqual(dnsclient.header(client.receive())[1] & 15, dns.rcode.NOERROR)
        self.assertEqual(self.container.wait(10), 0)
        self.assertLess(time.monotonic() - begun, 5)


if __name__ == "__main__":
    unittest.main()
