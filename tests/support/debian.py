"""Clean Debian systems in a directory, and the package made of this build."""
import os
import pathlib
import re
import shutil
import subprocess

import tacet

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MIRROR = "http://deb.debian.org/debian"


def why_not():
    """Why no system can be made here; empty if one can. For unittest's skipIf."""
    if os.geteuid() != 0:
        return "needs root for a system of its own"
    return "" if shutil.which("debootstrap") else "needs debootstrap"


class System:
    """A minimal Debian in `directory`; `debootstrap` needs a mirror. A copy of $TACET_DEBIAN_ROOTS/SUITE, if there is one."""

    def __init__(self, directory, suite):
        self.root = pathlib.Path(directory) / suite
        kept = pathlib.Path(os.environ.get("TACET_DEBIAN_ROOTS", "/nonexistent")) / suite
        if kept.is_dir():
            _succeed(["cp", "-a", kept, self.root])
        else:
            _succeed(["debootstrap", "--variant=minbase", suite, self.root, MIRROR], timeout=1800)

    @classmethod
    def at(cls, root):
        """One that is there already."""
        system = cls.__new__(cls)
        system.root = pathlib.Path(root)
        return system

    def command(self, *words):
        """What runs `words` in it, with a /proc of its own; the network is the caller's."""
        return ["unshare", "--fork", "--pid", "--kill-child", f"--mount-proc={self.root}/proc", "chroot", self.root, *words]

    def run(self, *words, command=(), **options):
        """Runs `words` in it to a good end, and returns what they print; `command` goes before all, such as a namespace's."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return _succeed([*command, *self.command(*words)], env=environment, **options)

    def install(self, *packages):
        """From the mirror, for which it gets the name servers of this machine."""
        shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
        self.run("apt-get", "update", "-qq", timeout=600)
        self.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages, timeout=1800)

    def files(self):
        """Everything in it but what dpkg and apt write about themselves, and passwd's copies of what was there before:
        {path: octets, or a link's target}."""
        own = re.compile(r"(proc|dev|run|tmp|var/(lib/(dpkg|apt)|log|cache))(/|$)|etc/g(roup|shadow)-$")
        found = {}
        for path in self.root.rglob("*"):
            name = str(path.relative_to(self.root))
            if own.match(name):
                continue
            found[name] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        return found


def package(directory, release):
    """The .deb of this build, as revision `release`."""
    build = pathlib.Path(tacet.BINARY).parent
    out = pathlib.Path(directory) / f"package-{release}"
    _succeed(["cpack", "--config", build / "CPackConfig.cmake", "-G", "DEB", "-B", out, "-D", f"CPACK_DEBIAN_PACKAGE_RELEASE={release}"],
             timeout=300)
    [file] = out.glob("*.deb")
    return file


def build(system, *options):
    """This source in `system`, as /src, and its build without optimisation, /build; with these options of CMake."""
    system.install("python3", *packages_of("build_packages"))
    shutil.copytree(SOURCE, system.root / "src", ignore=shutil.ignore_patterns("build", ".git"))
    system.run("cmake", "-G", "Ninja", "-S", "/src", "-B", "/build", "-DCMAKE_BUILD_TYPE=Debug", "-DTACET_BENCH=OFF", *options)
    system.run("cmake", "--build", "/build", timeout=3000)


def package_built_in(system):
    """The .deb of this source for the Debian of `system`."""
    build(system, "-DTACET_TESTS=OFF")
    system.run("cpack", "--config", "/build/CPackConfig.cmake", "-G", "DEB", "-B", "/package", timeout=300)
    [file] = (system.root / "package").glob("*.deb")
    return file


def with_conffile(package, directory, version):
    """The same package as an older `version` whose /etc/tacet/tacet.yaml is the commented sample, and a conffile."""
    tree, file = pathlib.Path(directory) / "former", pathlib.Path(directory) / "former.deb"
    _succeed(["dpkg-deb", "--raw-extract", package, tree])
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {version}", control.read_text(encoding="utf-8")), encoding="utf-8")
    (tree / "DEBIAN" / "conffiles").write_text("/etc/tacet/tacet.yaml\n", encoding="utf-8")
    for later in ("md5sums", "postinst"):
        (tree / "DEBIAN" / later).unlink(missing_ok=True)
    (tree / "etc" / "tacet").mkdir(parents=True)
    shutil.copy(SOURCE / "conf" / "tacet.yaml", tree / "etc" / "tacet")
    _succeed(["dpkg-deb", "--root-owner-group", "--build", tree, file])
    return file


def dependencies(file):
    """The packages that a .deb depends on, by name."""
    listed = _succeed(["dpkg-deb", "--field", file, "Depends"])
    return [one.split()[0] for one in listed.split(",") if one.strip()]


def packages_of(list_name):
    """A list in packaging/install-packages.sh, such as "build_packages"."""
    script = (SOURCE / "packaging" / "install-packages.sh").read_text(encoding="utf-8")
    return re.search(rf"(?m)^{list_name}='([^']*)'", script).group(1).split()


def _succeed(command, timeout=300, **options):
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout
