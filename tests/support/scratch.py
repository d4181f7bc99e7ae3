"""What every test needs: a directory of its own, free ports, child processes that cannot outlive it, and waiting for conditions."""
import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

_PR_SET_PDEATHSIG = 1
_PREFIX = "tacet-test-"
_libc = ctypes.CDLL(None, use_errno=True)
_given = set()


def unique_name(word):
    """A name that carries our process id, so that leftovers of a killed test can be told from the living."""
    unique_name.made += 1
    return f"{_PREFIX}{os.getpid()}-{word}{unique_name.made}"


unique_name.made = 0


def owner_is_gone(name):
    """Whether `name` came from unique_name() in a process that no longer runs."""
    number = name.removeprefix(_PREFIX).split("-")[0]
    return name.startswith(_PREFIX) and number.isdigit() and not os.path.exists(f"/proc/{number}")


@contextlib.contextmanager
def directory(word="dir"):
    """A temporary directory, removed at the end. Also removes those that killed tests left behind."""
    for entry in os.listdir(tempfile.gettempdir()):
        if owner_is_gone(entry):
            shutil.rmtree(os.path.join(tempfile.gettempdir(), entry), ignore_errors=True)
    path = os.path.join(tempfile.gettempdir(), unique_name(word))
    os.mkdir(path)
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def free_port(addresses=("127.0.0.1",)):
    """A port that is free for UDP and TCP at all `addresses`, and was not given out before: who asked for it may not have bound it yet.
    Below the ephemeral range, so no client takes it meanwhile."""
    for _ in range(200):
        port = random.randrange(10000, 32000)
        if port not in _given and all(_can_bind(address, port, kind) for address in addresses for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            _given.add(port)
            return port
    raise RuntimeError("no free port found")


def _can_bind(address, port, kind):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as probe:
        try:
            probe.bind((address, port))
            return True
        except OSError:
            return False


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, **kwargs):
    """Popen for a child that the kernel kills if this process dies, however it dies."""
    return subprocess.Popen([str(word) for word in command], preexec_fn=_die_with_parent, **kwargs)


def end(process, patience=5.0):
    """Ends a child that start() made; asks first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def eventually(condition, within=30.0, what="the condition", every=0.01):
    """The first true value of `condition()`; AssertionError if there is none `within` seconds. The limit is a backstop: a busy
    machine is no fault."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what() if callable(what) else what} did not come true within {within} s")
        time.sleep(every)


def settled(value, quiet=0.5, within=30.0, what="the value"):
    """What `value()` is once it is true and has stayed the same for `quiet` seconds: for what ends when it goes on no longer."""
    last = since = None

    def has_settled():
        nonlocal last, since
        now = value()
        if now != last or not now:
            last, since = now, time.monotonic()
        return time.monotonic() - since >= quiet

    eventually(has_settled, within, lambda: f"an end of the changes of {what() if callable(what) else what}, which is {last},", every=0.02)
    return last


def replace_file(path, text):
    """As an editor does it: a new file in place of the old."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def url_host(address):
    """An address as it stands in a URL or before a port."""
    return f"[{address}]" if ":" in address else address


def enter_namespace(name):
    """Moves the calling thread (and sockets it makes from now on) into a network namespace of `ip netns`."""
    handle = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if _libc.setns(handle, 0) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")
    finally:
        os.close(handle)
