"""A `systemctl` for tests: units are files in a directory, and the services of this machine stay as they are.

    stand_in = StandIn(directory)
    stand_in.unit("stubby.service", "[Service]\\nExecStart=/usr/bin/stubby\\n", active=True, run=[...])
    subprocess.run([...], env=stand_in.environment)
    stand_in.calls()        # ["stop stubby.service", ...], without those that only look
"""
import json
import os
import pathlib
import signal
import textwrap

import scratch

_SCRIPT = '''\
#!/usr/bin/python3
import json, os, pathlib, signal, socket, subprocess, sys, time

place = pathlib.Path({place!r})
words = [word for word in sys.argv[1:] if word != "--no-pager"]
verb, names = words[0], [word for word in words[1:] if not word.startswith("--")]
now = "--now" in words


def flag(name, what):
    return place / (name + "." + what)


def listening(name):
    """The sockets of a socket unit, as its text and its drop-ins have them."""
    text = (place / name).read_text() + "".join(path.read_text() for path in pathlib.Path("/run/systemd/system").glob(name + ".d/*.conf"))
    addresses, opened = [], []
    for line in text.splitlines():
        setting, _, value = line.partition("=")
        if setting in ("ListenDatagram", "ListenStream"):
            addresses = addresses + [(setting, value)] if value else []
    for setting, value in addresses:
        host, _, port = value.rpartition(":")
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if setting == "ListenDatagram" else socket.SOCK_STREAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int("ReusePort=yes" in text))
        one.bind((host, int(port)))
        if setting == "ListenStream":
            one.listen()
        opened.append(one)
    return opened


def start(name):
    if flag(name, "active").exists():
        return
    if name.endswith(".socket"):
        listening(name)  # it fails if they cannot be opened
    command = json.loads(flag(name, "run").read_text()) if flag(name, "run").exists() else None
    unit = name.removesuffix(".service") + ".socket"
    passed = listening(unit) if command and flag(unit, "active").exists() else []  # from 3 on: nothing else is open yet
    if passed:
        command = ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=%d exec "$@"' % len(passed), "sh", *command]
    if command:
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = str(place / (name + ".notify"))
        pathlib.Path(path).unlink(missing_ok=True)
        ready.bind(path)
        ready.settimeout(0.1)
        log = open(flag(name, "log"), "ab")
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, pass_fds=[one.fileno() for one in passed], env={{**os.environ, "NOTIFY_SOCKET": path}})
        flag(name, "pid").write_text(str(process.pid))
        while True:
            if process.poll() is not None:
                sys.exit("Job for " + name + " failed")
            try:
                if b"READY=1" in ready.recv(4096):
                    break
            except TimeoutError:
                pass
    flag(name, "active").touch()


def stop(name):
    flag(name, "active").unlink(missing_ok=True)
    if flag(name, "pid").exists():
        pid = int(flag(name, "pid").read_text())
        flag(name, "pid").unlink()
        try:
            os.kill(pid, signal.SIGTERM)
            while True:
                os.kill(pid, 0)
                if pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    break
                time.sleep(0.01)
        except (ProcessLookupError, FileNotFoundError):
            pass


if verb == "list-units":
    for path in sorted(place.glob("*.active")):
        print(path.name.removesuffix(".active"), "loaded active running A service")
    sys.exit()
if verb == "cat":
    if not (place / names[0]).exists():
        sys.exit("No files found for " + names[0])
    print("# /lib/systemd/system/" + names[0] + "\\n" + (place / names[0]).read_text())
    sys.exit()
if verb in ("is-active", "is-enabled"):
    sys.exit(0 if flag(names[0], verb[3:]).exists() else 3)
if verb == "show":  # of its properties, MainPID alone
    print(flag(names[0], "pid").read_text() if flag(names[0], "pid").exists() else 0)
    sys.exit()
with open(place / "calls", "a") as calls:
    calls.write(" ".join(words) + "\\n")
if (place / "die-at").exists() and (place / "die-at").read_text() == " ".join(words):
    (place / "die-at").unlink()
    os.kill(os.getppid(), signal.SIGKILL)
    sys.exit()
for name in names:
    if not (place / name).exists():
        sys.exit("Unit " + name + " not found")
    if verb in ("stop", "restart") or (verb == "disable" and now):
        stop(name)
    if verb in ("start", "restart") or (verb == "enable" and now):
        start(name)
    if verb == "enable":
        flag(name, "enabled").touch()
    if verb == "disable":
        flag(name, "enabled").unlink(missing_ok=True)
'''


class StandIn:
    """`environment` has the stand-in in front of the machine's own programs."""

    def __init__(self, directory):
        self.place = pathlib.Path(directory) / scratch.unique_name("units")
        self.place.mkdir()
        programs = self.place / "bin"
        programs.mkdir()
        script = programs / "systemctl"
        script.write_text(textwrap.dedent(_SCRIPT).format(place=str(self.place)))
        script.chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}

    def unit(self, name, text, *, active=False, enabled=None, run=()):
        """`run` is the command of the process; it says READY=1 as systemd wants it."""
        (self.place / name).write_text(text)
        if run:
            (self.place / f"{name}.run").write_text(json.dumps([str(word) for word in run]))
        if enabled if enabled is not None else active:
            (self.place / f"{name}.enabled").touch()
        if active:
            (self.place / f"{name}.active").touch()

    def die_at(self, call):
        """The next time that it is called with these words, it kills what called it, and does nothing."""
        (self.place / "die-at").write_text(call)

    def is_active(self, name):
        return (self.place / f"{name}.active").exists()

    def is_enabled(self, name):
        return (self.place / f"{name}.enabled").exists()

    def calls(self):
        path = self.place / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def log(self, name):
        path = self.place / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def stop_all(self):
        """Ends every process that it started."""
        for path in self.place.glob("*.pid"):
            try:
                os.kill(int(path.read_text()), signal.SIGKILL)
            except ProcessLookupError:
                pass
