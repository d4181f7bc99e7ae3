#!/usr/bin/python3
"""Makes a container image of a built tacet, without a daemon: an OCI layout in a tar file that also `docker load` reads.

    packaging/oci/build.py build/release tacet-image.tar
    podman load -i tacet-image.tar        (or: docker load -i tacet-image.tar)

The image holds the program, the libraries that it needs (Debian's, of this machine), the authorities and a configuration:
no shell, no other program. The same inputs make the same octets; SOURCE_DATE_EPOCH dates them.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
USER = 65532  # as other images without a shell have it
AUTHORITIES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
# ELF's number of a machine: OCI's name and Debian's directory of its libraries.
MACHINES = {62: ("amd64", "x86_64-linux-gnu"), 183: ("arm64", "aarch64-linux-gnu"), 40: ("arm", "arm-linux-gnueabihf")}
DATE = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))


def machine_of(program):
    number = int.from_bytes(program.read_bytes()[18:20], "little")
    if number not in MACHINES:
        sys.exit(f"build.py: {program} is for a machine that it does not know (ELF {number})")
    return MACHINES[number]


def read_elf(option, path):
    return subprocess.run(["readelf", "--wide", option, path], capture_output=True, text=True, check=True).stdout


def interpreter_of(program):
    return re.search(r"Requesting program interpreter: (.*)\]", read_elf("--program-headers", program)).group(1)


def libraries_of(program, triplet):
    """{name: file} of all that it needs, and what these need."""
    places = [f"/lib/{triplet}", f"/usr/lib/{triplet}", f"/usr/{triplet}/lib"]
    found, waiting = {}, [program]
    while waiting:
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", read_elf("--dynamic", waiting.pop())):
            if name in found:
                continue
            path = next((pathlib.Path(place, name) for place in places if pathlib.Path(place, name).exists()), None)
            if path is None:
                sys.exit(f"build.py: the library {name} is not here: install it for {triplet}")
            found[name] = path
            waiting.append(path)
    return found


def stripped(program, triplet, folder):
    """A copy without the symbols for debuggers."""
    copy = pathlib.Path(folder, "tacet")
    tools = (f"{triplet}-strip", "strip")
    tool = next((tool for tool in tools if subprocess.run(["which", tool], capture_output=True, check=False).returncode == 0), None)
    subprocess.run([tool or sys.exit("build.py: no strip here: install binutils"), "-o", copy, program], check=True)
    return copy


class Layer:
    """The image's files, in order, so that they always make the same octets."""

    def __init__(self):
        self._entries = {}

    def file(self, path, content, mode=0o644, owner=0):
        self._entries[path.lstrip("/")] = (tarfile.REGTYPE, content, mode, owner)

    def directory(self, path, mode=0o755, owner=0):
        self._entries[path.strip("/")] = (tarfile.DIRTYPE, b"", mode, owner)

    def tar(self):
        for path in list(self._entries):
            for parent in map(str, pathlib.PurePath(path).parents):
                if parent != "." and parent not in self._entries:
                    self.directory(parent)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted(self._entries):
                kind, content, mode, owner = self._entries[path]
                entry = tarfile.TarInfo(path)
                entry.type, entry.size, entry.mode, entry.mtime, entry.uid, entry.gid = kind, len(content), mode, DATE, owner, owner
                archive.addfile(entry, io.BytesIO(content))
        return out.getvalue()


def files(program, triplet):
    layer = Layer()
    with tempfile.TemporaryDirectory() as folder:
        layer.file("/usr/bin/tacet", stripped(program, triplet, folder).read_bytes(), 0o755)
    interpreter = interpreter_of(program)
    libraries = libraries_of(program, triplet)
    for name, path in libraries.items():
        if name != pathlib.PurePath(interpreter).name:
            layer.file(f"/usr/lib/{triplet}/{name}", path.read_bytes(), 0o755)
    layer.file(interpreter, next(path for path in (pathlib.Path(interpreter), pathlib.Path(f"/usr/{triplet}{interpreter}")) if path.exists()).read_bytes(), 0o755)
    layer.file(str(AUTHORITIES), AUTHORITIES.read_bytes())
    layer.file("/etc/passwd", f"root:x:0:0:root:/:/\ntacet:x:{USER}:{USER}:tacet:/:/\n".encode())
    layer.file("/etc/group", f"root:x:0:\ntacet:x:{USER}:\n".encode())
    layer.file("/etc/tacet/tacet.yaml", (HERE / "tacet.yaml").read_bytes())
    layer.directory("/run/tacet", 0o750, USER)
    layer.directory("/tmp", 0o1777)
    for place in ("/proc", "/dev", "/sys"):  # a runtime cannot make them in a read-only image
        layer.directory(place)
    return layer.tar()


def digest(octets):
    return "sha256:" + hashlib.sha256(octets).hexdigest()


def as_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def date_text():
    return subprocess.run(["date", "--utc", f"--date=@{DATE}", "+%Y-%m-%dT%H:%M:%SZ"], capture_output=True, text=True, check=True).stdout.strip()


def configuration(architecture, layer, version):
    second = 10**9
    return {
        "architecture": architecture, "os": "linux", "created": date_text(),
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": ["/usr/bin/tacet", "run", "--config", "/etc/tacet/tacet.yaml"],
            "WorkingDir": "/",
            "ExposedPorts": {"5353/tcp": {}, "5353/udp": {}},
            # The control socket is there; it is the one place that a read-only container must be able to write.
            "Volumes": {"/run/tacet": {}},
            "StopSignal": "SIGTERM",
            # status asks every worker, and needs no upstream: it fails only if the process is stuck.
            "Healthcheck": {"Test": ["CMD", "/usr/bin/tacet", "status"], "Interval": 30 * second, "Timeout": 10 * second,
                            "StartPeriod": 5 * second, "Retries": 3},
            "Labels": {"org.opencontainers.image.title": "tacet", "org.opencontainers.image.version": version,
                       "org.opencontainers.image.description": "local DNS resolver that asks over encrypted connections only"},
        },
        "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
        "history": [{"created": date_text(), "created_by": "packaging/oci/build.py"}],
    }


def descriptor(kind, octets, **more):
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(octets), "size": len(octets), **more}


def image(program, tag):
    architecture, triplet = machine_of(program)
    version = re.search(r"project\(tacet VERSION ([0-9.]+)", (HERE.parents[1] / "CMakeLists.txt").read_text()).group(1)
    layer = files(program, triplet)
    packed = gzip.compress(layer, mtime=0)
    config = as_json(configuration(architecture, layer, version))
    manifest = as_json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                        "config": descriptor("config.v1+json", config), "layers": [descriptor("layer.v1.tar+gzip", packed)]})
    name = {"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": f"tacet:{tag}"}
    index = as_json({"schemaVersion": 2, "manifests": [descriptor("manifest.v1+json", manifest, annotations=name)]})

    def blob(octets):
        return "blobs/sha256/" + digest(octets).removeprefix("sha256:")

    for_docker = as_json([{"Config": blob(config), "RepoTags": [f"tacet:{tag}"], "Layers": [blob(packed)]}])
    out = Layer()
    for path, octets in ((blob(config), config), (blob(manifest), manifest), (blob(packed), packed), ("index.json", index),
                         ("manifest.json", for_docker), ("oci-layout", as_json({"imageLayoutVersion": "1.0.0"}))):
        out.file(path, octets)
    return out.tar(), len(layer), len(packed)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("build", type=pathlib.Path, help="the build directory with the program tacet")
    words.add_argument("image", type=pathlib.Path, help="the tar file to write")
    words.add_argument("--tag", default="latest")
    given = words.parse_args()
    archive, whole, packed = image(given.build / "tacet", given.tag)
    given.image.write_bytes(archive)
    print(f"{given.image}: {whole / 2**20:.1f} MiB of files, {packed / 2**20:.1f} MiB to download")


if __name__ == "__main__":
    main()
