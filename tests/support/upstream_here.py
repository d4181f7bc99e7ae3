"""Runs a real DoH and DoT upstream on loopback until Ctrl-C, and writes the configuration with which tacet uses it.

    /usr/bin/python3 tests/support/upstream_here.py tacet-here.yaml
    build/release/tacet run --config tacet-here.yaml
    dig @127.0.0.1 -p 5353 www.example.com
"""
import signal
import sys

import pki
import scratch
import servers

_CONFIGURATION = """listen: ["127.0.0.1:5353"]
upstreams:
  - {{url: "{doh}", ca_file: "{ca}"}}
  - {{url: "{dot}", ca_file: "{ca}"}}
control: {{socket: "{folder}/control.sock"}}
"""


def main(path):
    with scratch.directory("upstream") as folder:
        authority = pki.Pki(folder)
        with servers.Unbound(folder, authority.good()) as server:
            doh, dot = server.doh_url(), server.dot_url()
            with open(path, "w", encoding="utf-8") as file:
                file.write(_CONFIGURATION.format(doh=doh, dot=dot, ca=authority.ca, folder=folder))
            print(f"Serving {doh} and {dot}; wrote {path}. Ctrl-C ends it.", flush=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main(sys.argv[1])
