"""Checks every #include of src/ and include/: a layer may see only lower ones, and a C library only its own rooms.

Usage: layers_test.py SOURCE_DIR
"""

import pathlib
import re
import sys
import tempfile
import unittest

# Which layers' headers a file of a layer may include, beside its own and include/tacet.
BELOW = {
    "base": set(),
    "dns": {"base"},
    "config": {"base", "dns"},
    "privacy": {"base", "dns"},
    "dnssec": {"base", "dns"},
    "observe": {"base", "dns", "privacy"},
}
BELOW["pool"] = BELOW["observe"] | {"observe", "config"}
BELOW["transport"] = BELOW["observe"] | {"observe", "config"}
BELOW["doctor"] = BELOW["transport"] | {"transport", "dnssec"}
BELOW["resolve"] = BELOW["pool"] | {"pool", "dnssec"}
BELOW["system"] = {"base", "dns", "config"}
BELOW["listen"] = BELOW["resolve"] | {"resolve", "transport", "system"}
BELOW["report"] = BELOW["resolve"] | {"resolve", "system"}
BELOW["control"] = BELOW["listen"] | {"listen", "report"}
BELOW["daemon"] = BELOW["control"] | {"control"}
BELOW["cli"] = BELOW["daemon"] | {"daemon", "doctor"}

# How a library's headers are spelled, and the files that may include them.
ROOMS = {
    "curl": (r"curl/", r"transport/http/http"),
    "OpenSSL": (r"openssl/", r"transport/(tls/tls|quic/quic)|dnssec/signature\.cpp|cli/browser/authority"),
    "nghttp2": (r"nghttp2/", r"listen/http/http2"),
    "c-ares": (r"ares(_\w+)?\.h", r"transport/dial/(ares|lookup)"),
    "ldns": (r"ldns/", r"dns/ldns"),
    "yaml-cpp": (r"yaml-cpp/", r"config/"),
    "Asio": (r"asio(\.hpp|/)", r"base/loop"),
    "spdlog": (r"spdlog/", r"base/log"),
    "libseccomp": (r"seccomp\.h", r"system/confinement"),
    "libpsl": (r"libpsl\.h", r"privacy/"),
    "libidn2": (r"idn2\.h", r"config/idn"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def violations_of(path, text):
    """What one file includes against the rules; `path` is relative to the source directory."""
    layer = path.parts[1] if path.parts[0] == "src" else None
    found = []
    for match in INCLUDE.finditer(text):
        header = match[1] or match[2]
        room = header.split("/")[0]
        if layer is None and room in BELOW:
            found.append(f"{path}: include/ may not see {header}")
        elif layer is not None and room in BELOW and room != layer and room not in BELOW[layer]:
            found.append(f"{path}: {layer} may not see {header}")
        if match[1] and room not in BELOW and room != "tacet":
            found.append(f'{path}: "{header}" does not name its layer')
        if ".." in header:
            found.append(f"{path}: {header} climbs out of its layer")
        for library, (spelling, files) in ROOMS.items():
            within = layer is not None and re.match(files, "/".join(path.parts[1:]))
            if re.match(spelling, header) and not within:
                found.append(f"{path}: {library} has no business outside {files}")
    return found


def violations(source):
    found = []
    for top in ("src", "include"):
        for file in sorted((source / top).rglob("*.[ch]pp")):
            found += violations_of(file.relative_to(source), file.read_text())
    return found


class Layers(unittest.TestCase):
    source = None

    def test_every_include_obeys_the_layers_and_rooms(self):
        self.assertEqual(violations(self.source), [])

    def test_every_folder_is_a_known_layer(self):
        self.assertEqual({p.name for p in (self.source / "src").iterdir() if p.is_dir()} - set(BELOW), set())

    def test_planted_violations_are_found(self):
        planted = {
            "src/base/a.hpp": '#include "dns/wire.hpp"',
            "src/dns/a.cpp": "#include <config/load.hpp>",
            "src/transport/a.cpp": '#include "resolve/cache/cache.hpp"',
            "src/resolve/a.cpp": '  #  include "transport/channel.hpp"',
            "src/pool/a.cpp": '#include "resolve/cache/cache.hpp"',
            "src/report/a.cpp": '#include "daemon/worker.hpp"',
            "src/listen/a.cpp": '#include "report/json.hpp"',
            "src/config/a.cpp": '#include "privacy/exposure_log.hpp"',
            "src/observe/a.cpp": '#include "resolve/cache/cache.hpp"',
            "src/daemon/a.cpp": '#include "cli/verbs.hpp"',
            "src/daemon/b.cpp": '#include "worker.hpp"',
            "src/daemon/c.cpp": '#include "daemon/../resolve/cache/cache.hpp"',
            "include/tacet/a.hpp": '#include "base/clock.hpp"',
            "src/transport/dot.cpp": "#include <curl/curl.h>",
            "src/transport/http/http_socket.cpp": "#include <openssl/ssl.h>",
            "src/listen/http/http1_session.cpp": "#include <nghttp2/nghttp2.h>",
            "src/transport/dial/socket.cpp": "#include <ares.h>",
            "src/transport/dial/bootstrap.cpp": "#include <ares.h>",
            "src/transport/loop.cpp": "#include <asio.hpp>",
            "src/base/task.cpp": "#include <asio/post.hpp>",
            "src/dns/message.cpp": "#include <ldns/ldns.h>",
            "src/cli/check.cpp": "#include <yaml-cpp/yaml.h>",
            "src/cli/run.cpp": "#include <spdlog/spdlog.h>",
            "src/listen/bind.cpp": "#include <seccomp.h>",
            "src/resolve/policy.cpp": "#include <libpsl.h>",
            "src/config/zone.cpp": "#include <idn2.h>",
            "src/dnssec/judge.cpp": "#include <openssl/evp.h>",
            "src/dnssec/a.cpp": '#include "config/load.hpp"',
            "include/tacet/b.hpp": "#include <openssl/ssl.h>",
        }
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch)
            for name, line in planted.items():
                file = root / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"#pragma once\n{line}\n")
            found = violations(root)
        self.assertEqual(sorted({line.split(":")[0] for line in found}), sorted(planted))

    def test_what_is_allowed_is_not_complained_of(self):
        for name, line in {
            "src/daemon/worker.cpp": '#include "transport/channel.hpp"\n#include "daemon/worker.hpp"\n#include <vector>',
            "src/transport/tls/tls_stream.cpp": "#include <openssl/ssl.h>",
            "src/base/loop.cpp": "#include <asio.hpp>",
            "include/tacet/a.hpp": '#include "tacet/name.hpp"\n#include <ares_of_peace>',
        }.items():
            self.assertEqual(violations_of(pathlib.PurePath(name), line), [], name)


if __name__ == "__main__":
    Layers.source = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
