"""The resolvers that tacet is compared with: how each is told to forward everything to one encrypted upstream.

Each is set up as its manual advises for speed on one core: one thread, a large cache, connections kept, queries
pipelined, no validation (the upstream's zone is not signed). A version without a feature fails its check and is named.
"""
import os
import shutil
from collections import namedtuple

# What is to be asked: `dot` and `doh` are ports of `address`, `ca` is a PEM file, `name` is in its certificate.
Upstream = namedtuple("Upstream", "dot doh ca name address", defaults=["127.0.0.1"])
# A resolver as a command: `environment` is added to ours.
Command = namedtuple("Command", "words environment")
# `transports` are what it speaks to an upstream; `caches` says whether it keeps answers; `command` makes a Command from
# (directory, port, transport, upstream).
Peer = namedtuple("Peer", "name package program transports caches command")


def _file(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _unbound(directory, port, _, upstream):
    path = _file(directory, "unbound.conf", f"""server:
  interface: 127.0.0.1@{port}
  username: ""
  chroot: ""
  directory: "{directory}"
  pidfile: ""
  use-syslog: no
  logfile: "{directory}/log"
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  msg-cache-size: 64m
  rrset-cache-size: 128m
  outgoing-range: 4096
  num-queries-per-thread: 2048
  outgoing-num-tcp: 10
  tcp-reuse-timeout: 60000
  max-reuse-tcp-queries: 1000000
  so-rcvbuf: 4m
  minimal-responses: yes
  tls-cert-bundle: "{upstream.ca}"
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: {upstream.address}@{upstream.dot}#{upstream.name}
""")
    return Command(["unbound", "-d", "-c", path], {})


def _dnsdist(directory, port, transport, upstream):
    how = f'address="{upstream.address}:{upstream.dot}"' if transport == "dot" else f'address="{upstream.address}:{upstream.doh}", dohPath="/dns-query"'
    path = _file(directory, "dnsdist.conf", f"""setLocal("127.0.0.1:{port}")
newServer({{{how}, tls="openssl", subjectName="{upstream.name}", caStore="{upstream.ca}", validateCertificates=true,
  checkName="check.many.example.com.", checkInterval=10, maxInFlight=1000, tcpFastOpen=false}})
getPool(""):setCache(newPacketCache(1000000, {{maxTTL=86400}}))
setMaxTCPClientThreads(1)
setOutgoingDoHWorkerThreads(1)
setMaxUDPOutstanding(65535)
setSecurityPollSuffix("")
""")
    return Command(["dnsdist", "--supervised", "--disable-syslog", "-C", path], {})


def _knot_resolver(directory, port, _, upstream):
    path = _file(directory, "kresd.conf", f"""net.listen("127.0.0.1", {port}, {{ kind = "dns" }})
for _, name in ipairs({{"ta_update", "ta_signal_query", "priming", "detect_time_skew", "detect_time_jump"}}) do
  pcall(modules.unload, name)
end
trust_anchors.remove(".")
cache.size = 256 * MB
policy.add(policy.all(policy.TLS_FORWARD({{{{"{upstream.address}@{upstream.dot}", hostname="{upstream.name}", ca_file="{upstream.ca}"}}}})))
""")
    return Command(["kresd", "-n", "-c", path, directory], {})


def _smartdns(directory, port, transport, upstream):
    server = (f"server-tls {upstream.address}:{upstream.dot} -host-name {upstream.name} -tls-host-verify {upstream.name}" if transport == "dot" else
              f"server-https https://{upstream.address}:{upstream.doh}/dns-query -host-name {upstream.name} -http-host {upstream.name} -tls-host-verify {upstream.name}")
    path = _file(directory, "smartdns.conf", f"""bind 127.0.0.1:{port}
{server}
ca-file {upstream.ca}
cache-size 1000000
cache-persist no
prefetch-domain no
serve-expired no
speed-check-mode none
dualstack-ip-selection no
response-mode fastest-response
log-level fatal
log-file {directory}/log
audit-enable no
""")
    return Command(["smartdns", "-f", "-x", "-c", path, "-p", "-"], {})


def _stubby(directory, port, _, upstream):
    path = _file(directory, "stubby.yml", f"""resolution_type: GETDNS_RESOLUTION_STUB
dns_transport_list: [GETDNS_TRANSPORT_TLS]
tls_authentication: GETDNS_AUTHENTICATION_REQUIRED
tls_ca_file: "{upstream.ca}"
tls_query_padding_blocksize: 128
idle_timeout: 60000
limit_outstanding_queries: 1000
listen_addresses: [127.0.0.1@{port}]
appdata_dir: "{directory}"
upstream_recursive_servers:
  - address_data: {upstream.address}
    tls_port: {upstream.dot}
    tls_auth_name: "{upstream.name}"
""")
    return Command(["stubby", "-C", path], {})


def _dnss(_, port, __, upstream):
    return Command(["dnss", "-enable_dns_to_https", f"-dns_listen_addr=127.0.0.1:{port}", f"-https_client_cafile={upstream.ca}",
                    f"-https_upstream=https://{upstream.address}:{upstream.doh}/dns-query", "-logfile=/dev/null"], {"GOMAXPROCS": "1"})


PEERS = (
    Peer("unbound", "unbound", "unbound", ("dot",), True, _unbound),
    Peer("dnsdist", "dnsdist", "dnsdist", ("dot", "doh"), True, _dnsdist),
    Peer("knot-resolver", "knot-resolver", "kresd", ("dot",), True, _knot_resolver),
    Peer("smartdns", "smartdns", "smartdns", ("dot", "doh"), True, _smartdns),
    Peer("stubby", "stubby", "stubby", ("dot",), False, _stubby),
    Peer("dnss", "dnss", "dnss", ("doh",), True, _dnss),
)


def is_there(peer):
    return shutil.which(peer.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is not None
