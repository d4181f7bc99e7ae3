"""Installs Debian packages for their programs only: none of the daemons in them starts, now or at the next boot."""
import contextlib
import os
import shutil
import subprocess

_POLICY = "/usr/sbin/policy-rc.d"
_KEPT = _POLICY + ".before-tacet-bench"


@contextlib.contextmanager
def _nothing_starts():
    """Debian asks policy-rc.d before it starts a service; ours says no to all, the machine's own comes back afterwards."""
    if os.path.exists(_POLICY) and not os.path.exists(_KEPT):
        os.rename(_POLICY, _KEPT)
    try:
        with open(_POLICY, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(_POLICY, 0o755)
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_POLICY)
        if os.path.exists(_KEPT):
            os.rename(_KEPT, _POLICY)


def _units_of(package):
    listed = subprocess.run(["dpkg-query", "--listfiles", package], capture_output=True, text=True).stdout.split()
    return [os.path.basename(path) for path in listed if "/systemd/system/" in path and path.endswith((".service", ".socket", ".target"))]


def install(packages):
    """Needs root. CalledProcessError if apt-get fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _nothing_starts():
        subprocess.run(["apt-get", "update", "-qq"], env=environment)  # an old list may still serve
        for package in packages:
            subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", package], env=environment, check=True)
            units = [unit for unit in _units_of(package) if "@" not in unit]
            if units and shutil.which("systemctl"):
                subprocess.run(["systemctl", "--quiet", "disable", *units])
            elif os.path.exists(f"/etc/init.d/{package}"):
                subprocess.run(["update-rc.d", package, "disable"])
