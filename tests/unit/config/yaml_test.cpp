#include "config/yaml.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "config/keys.hpp"
#include "config/url.hpp"
#include "config/void_keys.hpp"

using namespace tacet;

namespace {

Config read(std::string_view text) {
  const auto config = read_config(text, "test.yaml");
  REQUIRE_MESSAGE(config.has_value(), (config ? "" : to_string(config.error().front())));
  return *config;
}

std::string faults(std::string_view text, std::string_view name = "test.yaml") {
  const auto config = read_config(text, name);
  REQUIRE(!config.has_value());
  std::string out;
  for (const auto& fault : config.error()) out += to_string(fault) + "\n";
  return out;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("nothing set means the defaults") {
  for (const char* text : {"", "# nothing\n", "---\n", "{}", "cache:\nlog:\nlimits:\ncontrol:\n"}) {
    CAPTURE(text);
    CHECK(read(text) == Config::defaults());
  }
}

TEST_CASE("the defaults ask one operator by two transports at four pinned addresses") {
  const auto config = Config::defaults();
  REQUIRE(config.listen.size() == 2);
  CHECK(to_string(config.listen[0]) == "127.0.0.1:53");
  CHECK(to_string(config.listen[1]) == "[::1]:53");
  CHECK(std::ranges::all_of(config.listen, &SocketAddress::is_default));
  REQUIRE(config.upstreams.size() == 2);
  CHECK(config.upstreams[0].url == "https://cloudflare-dns.com/dns-query");
  CHECK(config.upstreams[1].url == "tls://1.1.1.1");
  for (const auto& upstream : config.upstreams) {
    CHECK(upstream.addresses.size() == 4);
    CHECK(upstream.operator_name == "cloudflare");
  }
}

TEST_CASE("every key sets its field and nothing else") {
  auto expected = Config::defaults();
  const auto same_as = [&](std::string_view text) { CHECK_MESSAGE(read(text) == expected, text); };
  expected.listen = {{.address = "0.0.0.0", .port = 5353}, {.address = "::1", .port = 53}};
  expected.allow = {{"192.168.0.0", 16}, {"fd00::", 8}, {"192.0.2.7", 32}};
  same_as("listen: [0.0.0.0:5353, \"[::1]\"]\nallow: [192.168.0.0/16, \"FD00::/8\", 192.0.2.7]");
  expected = Config::defaults();
  expected.workers = 64;
  same_as("workers: 64");
  expected = Config::defaults();
  expected.bootstrap = {{.address = "1.1.1.1", .port = 53}, {.address = "2606:4700:4700::1111", .port = 5353}};
  expected.upstreams.resize(1);
  expected.upstreams[0] = parse_upstream_url("tls://dns.example").value();
  same_as("bootstrap: [1.1.1.1, \"[2606:4700:4700::1111]:5353\"]\nupstreams: [{url: tls://dns.example}]");
  expected = Config::defaults();
  expected.forward = {{"lan", {SocketAddress{"192.168.1.1", 53}, SocketAddress{"fd00::1", 5353}}}};
  same_as("forward: {LAN.: [192.168.1.1, \"[FD00::1]:5353\"]}");
  expected = Config::defaults();
  expected.hosts.file = "/run/hosts";
  same_as("hosts: {file: /run/hosts}");
  expected.hosts.file.clear();
  same_as("hosts: {file: \"\"}");
  expected = Config::defaults();
  expected.rebind = {.protect = true, .allow = {"plex.direct", "corp.example"}};
  same_as("rebind: {protect: true, allow: [Plex.Direct., corp.example]}");
  expected = Config::defaults();
  expected.cache = {.size = 0, .min_ttl = 1, .max_ttl = 604800, .max_negative_ttl = 2};
  same_as("cache: {size: 0, min_ttl: 1, max_ttl: 604800, max_negative_ttl: 2}");
  expected = Config::defaults();
  expected.log.level = LogLevel::debug;
  expected.log.lines = 60;
  same_as("log: {level: debug, lines: 60}");
  expected = Config::defaults();
  expected.control.socket = "/run/a b.sock";
  same_as("control: {socket: /run/a b.sock}");
  expected = Config::defaults();
  expected.limits = {.tcp_clients = 1, .pending = 1048576, .per_client = 2, .rate = 0};
  same_as("limits: {tcp_clients: 1, pending: 1048576, per_client: 2, rate: 0}");
  expected = Config::defaults();
  expected.exposure = {.mode = ExposureMode::active, .names = 16, .log_names = true};
  same_as("exposure: {mode: active, names: 16, log_names: true}");
  expected = Config::defaults();
  expected.ladder = LadderMode::ask_only;
  expected.ladder_proxy = {.kind = ProxyKind::socks5, .address = {"127.0.0.1", 1080}, .user{}, .password{}};
  same_as("ladder: ask-only\nladder_proxy: 'socks5://127.0.0.1:1080'");
  expected = Config::defaults();
  expected.user = "dns";
  expected.confine = false;
  same_as("user: dns\nconfine: false");
  expected = Config::defaults();
  expected.answer_chaos = true;
  same_as("answer_chaos: true");
}

TEST_CASE("an upstream entry overrides what its URL implies") {
  const std::string ca_file = TACET_SOURCE_DIR "/conf/tacet.yaml";  // any file that is there
  const auto config = read("upstreams:\n  - operator: somebody\n    sni: omit\n    ca_file: " + ca_file +
                           "\n    addresses: [192.0.2.1, \"2001:DB8::0:1\"]\n    url: https://dns.example/q\n");
  REQUIRE(config.upstreams.size() == 1);
  const auto& upstream = config.upstreams.front();
  CHECK(upstream.host == "dns.example");
  CHECK(upstream.path == "/q");
  CHECK(upstream.operator_name == "somebody");
  CHECK(upstream.sni == Sni::omit);
  CHECK(upstream.ca_file == ca_file);
  CHECK(upstream.addresses == std::vector<IpAddress>{"192.0.2.1", "2001:db8::1"});
}

TEST_CASE("an address URL keeps its address when nothing is pinned") {
  CHECK(read("upstreams: [{url: tls://192.0.2.1}]").upstreams[0].addresses == std::vector<IpAddress>{"192.0.2.1"});
  CHECK(read("upstreams: [{url: tls://192.0.2.1, addresses: []}]").upstreams[0].addresses.size() == 1);
}

TEST_CASE("an upstream's URL alone is an entry with the defaults of its other keys") {
  const std::string urls[]{"https://192.0.2.1/q", "tls://[2001:db8::1]:8853", "tls://dns.example"};
  const auto entries = [&](auto form) {
    std::string list;
    for (const std::string& url : urls) list += "  - " + form(url) + "\n";
    return read("bootstrap: [192.0.2.53]\nproxy: socks5://127.0.0.1:1080\nupstreams:\n" + list);
  };
  const auto alone = entries([](const std::string& url) { return url; });
  CHECK(alone == entries([](const std::string& url) { return "{url: \"" + url + "\"}"; }));
  CHECK(alone.upstreams[0].proxy.is_used());
  CHECK(alone.upstreams[1].addresses == std::vector<IpAddress>{"2001:db8::1"});
}

TEST_CASE("what is wrong with an upstream's URL alone is reported at the entry") {
  CHECK(faults("upstreams: [192.0.2.1]").starts_with("test.yaml:1:13: upstreams[0]: \"192.0.2.1\" is a bare address"));
  CHECK(faults("upstreams: [tls://192.0.2.1, tls://dns.example]")
            .starts_with("test.yaml:1:30: upstreams[1]: the name \"dns.example\" cannot be resolved, allowed: "));
  CHECK(faults("upstreams: tls://192.0.2.1").find("is no list, allowed: ") != std::string::npos);
}

TEST_CASE("a name without addresses is fine with a bootstrap server, and only then") {
  CHECK(read("bootstrap: [192.0.2.1]\nupstreams: [{url: tls://dns.example}]").upstreams[0].addresses.empty());
  CHECK(faults("upstreams: [{url: tls://dns.example}]").find("cannot be resolved") != std::string::npos);
  // What is wrong with the bootstrap servers is one fault, not two.
  CHECK(faults("bootstrap: [nonsense]\nupstreams: [{url: tls://dns.example}]").find("cannot be resolved") ==
        std::string::npos);
}

TEST_CASE("a zone's server may be a URL or a mapping as an upstream's") {
  const auto config = read(
      "forward:\n  corp.example: [\"tls://10.0.0.53\", {url: \"https://10.0.0.54/q\", operator: us}]\n"
      "  168.192.in-addr.arpa: [192.168.1.1]\n");
  REQUIRE(config.forward.size() == 2);
  CHECK(config.forward[0].zone == "corp.example");
  CHECK(!config.forward[0].in_clear());
  CHECK(std::get<UpstreamConfig>(config.forward[0].servers[0]).url == "tls://10.0.0.53");
  CHECK(std::get<UpstreamConfig>(config.forward[0].servers[1]).operator_name == "us");
  CHECK(config.forward[1].in_clear());
}

TEST_CASE("a zone's server with a name needs an address too") {
  CHECK(faults("forward: {corp.example: [\"tls://dns.corp.example\"]}").starts_with("test.yaml:1:25: forward."));
  read("bootstrap: [10.0.0.1]\nforward: {corp.example: [\"tls://dns.corp.example\"]}");
  read("forward: {corp.example: [{url: \"tls://dns.corp.example\", addresses: [10.0.0.53]}]}");
}

TEST_CASE("bounds are allowed, what lies beyond is not") {
  read("workers: 1");
  read("cache: {size: 64KiB}");
  read("cache: {size: 1024GiB}");
  read("cache: {min_ttl: 86400}");
  read("control: {socket: \"\"}");
  read("control: {socket: /" + std::string(102, 'a') + "}");
  for (const std::string text :
       {"workers: 0", "workers: 65", "cache: {size: 65535}", "cache: {size: 1025GiB}", "cache: {min_ttl: 86401}",
        "cache: {max_negative_ttl: 604801}", "limits: {tcp_clients: 65537}", "limits: {pending: 1048577}"}) {
    CAPTURE(text);
    CHECK(faults(text).find(", allowed: ") != std::string::npos);
  }
  CHECK(faults("control: {socket: /" + std::string(103, 'a') + "}").find("longer than 103 octets") !=
        std::string::npos);
  CHECK(faults("control: {socket: \"/a\\0b\"}").find("control character") != std::string::npos);
  CHECK(faults("control: {socket: \"/a\\u009bb\"}").find("control character") != std::string::npos);
  CHECK(faults("control: {socket: \"/\\u00e2\\u009f\"}").find("control character") != std::string::npos);
  CHECK(read_config("control: {socket: \"/\\u00df\\u00e2\"}", "test").has_value());
}

TEST_CASE("metrics are for this machine only: a loopback address, port 9153 unless given, or none") {
  CHECK(!read("metrics: {listen: \"\"}").metrics.listen);
  CHECK(read("metrics: {listen: 127.0.0.2}").metrics.listen == SocketAddress{"127.0.0.2", 9153});
  CHECK(read("metrics: {listen: \"[::1]:80\"}").metrics.listen == SocketAddress{"::1", 80});
  for (const std::string address : {"0.0.0.0:9153", "[::]:9153", "192.168.1.1", "[fe80::1%eth0]", "[fe80::1]",
                                    "fe80::1", "128.0.0.1", "[::ffff:1.2.3.4]"})
    CHECK(faults("metrics: {listen: \"" + address + "\"}").find("is no loopback address, allowed: ") !=
          std::string::npos);
  CHECK(faults("metrics: {listen: localhost}").find("allowed: ") != std::string::npos);
}

TEST_CASE("queries are logged nowhere unless a file or the journal is named") {
  CHECK(!Config::defaults().query_log.on());
  CHECK(!read("query_log: {to: off, names: mask}").query_log.on());
  CHECK(read("query_log: {to: journal}").query_log.to == "journal");
  CHECK(read("query_log: {to: /a b, keep: 0, max_size: 64KiB}").query_log.to == "/a b");
  for (const std::string text :
       {"to: \"\"", "to: on", "to: queries.log", "names: hash", "max_size: 1KiB", "keep: 101"}) {
    CAPTURE(text);
    CHECK(faults("query_log: {" + text + "}").find(", allowed: ") != std::string::npos);
  }
}

TEST_CASE("faults come all at once, in the order of the file") {
  CHECK(faults("answer_chaos: 1\nworkers: x\nlisten: []\n", "/etc/tacet.yaml") ==
        "/etc/tacet.yaml:1:15: answer_chaos: \"1\" is none of the words, allowed: true or false\n"
        "/etc/tacet.yaml:2:10: workers: \"x\" is no whole number, allowed: 1 to 64\n"
        "/etc/tacet.yaml:3:9: listen: an empty list is not enough, allowed: a list of addresses such as "
        "[\"127.0.0.1:53\", \"[::1]:53\"], at least one, none twice\n");
}

TEST_CASE("every broken file yields exactly the faults written beside it") {
  const std::filesystem::path folder = TACET_SOURCE_DIR "/tests/integration/broken";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path().filename().string());
    auto expected = entry.path();
    expected.replace_extension(".expected");
    CHECK(faults(text_of(entry.path()), entry.path().filename().string()) == text_of(expected));
    ++files;
  }
  CHECK(files >= 10);
}

TEST_CASE("a list may hold 256 items, not more") {
  const auto listen = [](int items) {
    std::string out = "listen: [";
    for (int i = 1; i <= items; ++i) out += "127.0.0.1:" + std::to_string(i) + ",";
    return out + "]";
  };
  CHECK(read(listen(256)).listen.size() == 256);
  CHECK(faults(listen(257)).find("a list of 257 is longer than 256, allowed: ") != std::string::npos);
}

TEST_CASE("a large file of nothing but faults has all of them reported") {
  std::string keys;
  for (int i = 0; i < 10'000; ++i) keys += "key" + std::to_string(i) + ": 1\n";
  const auto config = read_config(keys, "test.yaml");
  REQUIRE(!config.has_value());
  CHECK(config.error().size() == 10'000);
}

TEST_CASE("keys are listed once each") {
  const auto keys = known_keys();
  CHECK(std::set(keys.begin(), keys.end()).size() == keys.size());
  CHECK(std::ranges::count(keys, "upstreams[].url") == 1);
  CHECK(std::ranges::count(keys, "cache.max_negative_ttl") == 1);
}

TEST_CASE("a key without the key that it serves is a fault, and one beside a switch that is written off is not") {
  for (const auto& [text, fault] : std::vector<std::pair<std::string, std::string>>{
           {"rebind: {allow: [plex.direct]}", "1:17: rebind.allow: has no effect without rebind.protect"},
           {"query_log: {names: mask}", "1:20: query_log.names: has no effect without query_log.to"},
           {"query_log: {to: journal, keep: 2}", "1:32: query_log.keep: has no effect on the journal"},
           {"exposure: {mode: off, log_names: true}",
            "1:34: exposure.log_names: has no effect while exposure.mode is off"},
           {"{ladder: off, ladder_proxy: 'socks5://127.0.0.1:1080'}",
            "1:29: ladder_proxy: has no effect while ladder is off"},
           {"upstreams: [{url: 'tls://192.0.2.1', sni: send}]", "1:43: upstreams[0].sni: has no effect: "},
           {"forward: {corp: [{url: 'tls://192.0.2.1', sni: send}]}", "1:48: forward.corp[0].sni: has no effect: "}}) {
    CAPTURE(text);
    CHECK(faults(text).starts_with("test.yaml:" + fault));
    CHECK(faults(text).find(", allowed: ") != std::string::npos);
  }
  read("rebind: {protect: false, allow: [plex.direct]}");
  read("query_log: {to: off, names: mask, keep: 1}");
  read("control: {socket: \"\", group: dns}");
  read("exposure: {mode: off, names: 16, log_names: false}");
  read("upstreams: [{url: 'tls://192.0.2.1', sni: omit}]");
  read("{ladder: off, ladder_proxy: none}");
  read("bootstrap: []");
  read("bootstrap: [192.0.2.53]\nforward: {corp: ['tls://dns.example']}");
}

TEST_CASE("What is of no use beside a switch that is written off is remarked, and nothing else") {
  using Remarks = std::vector<std::string>;
  for (const auto& [text, expected] : std::vector<std::pair<std::string, Remarks>>{
           {"", {}},
           {"rebind: {protect: false, allow: [plex.direct]}",
            {"rebind.allow: has no effect while rebind.protect is false"}},
           {"query_log: {to: off, names: mask, keep: 3}", {"query_log.names: has no effect while query_log.to is off"}},
           {"control: {socket: \"\", group: dns}", {"control.group: has no effect while control.socket is \"\""}},
           {"exposure: {mode: off, names: 16}", {"exposure.names: has no effect while exposure.mode is off"}},
           {"allow: [10.0.0.0/8]",
            {"allow: has no effect while others reach no address under listen, unless tacet.socket has one"}},
           {"listen: [0.0.0.0]\nallow: [10.0.0.0/8]", {}},
           {"bootstrap: [192.0.2.53]\nforward: {corp: ['tls://192.0.2.1'], lan: [192.0.2.2]}",
            {"bootstrap: has no effect while every upstream has its addresses or a proxy"}},
           {"cache: {size: 0, max_ttl: 60}", {}}}) {  // it limits what a client is told, too
    CAPTURE(text);
    CHECK(remarks(read(text)) == expected);
  }
}

TEST_CASE("A server's address is that of one machine") {
  for (const std::string address : {"0.0.0.0", "224.0.0.251", "255.255.255.255", "'[::]'", "'[ff02::fb]'"}) {
    CAPTURE(address);
    CHECK(faults("forward: {lan: [" + address + "]}").find("is no server's address, allowed: ") != std::string::npos);
    CHECK(faults("bootstrap: [" + address + "]").find("is no server's address, allowed: ") != std::string::npos);
  }
  for (const std::string host : {"0.0.0.0", "[::]", "[ff02::fb]"}) {
    CAPTURE(host);
    CHECK(faults("upstreams: [{url: 'tls://" + host + "'}]").find("is no server's address, allowed: ") !=
          std::string::npos);
  }
  CHECK(faults("upstreams: [{url: tls://dns.example, addresses: [0.0.0.0]}]")
            .find("\"0.0.0.0\" is no IP address of a machine, allowed: ") != std::string::npos);
  read("listen: [0.0.0.0, '[::]']\nallow: [10.0.0.0/8]");
}

TEST_CASE("a server that is tacet itself is a fault: a query would go round") {
  for (const std::string text :
       {"forward: {lan: [127.0.0.1]}", "bootstrap: [\"[::1]:53\"]",
        "listen: [\"[::]:5353\"]\nallow: [fd00::/8]\nforward: {a.lan: [192.168.1.1, \"127.0.0.1:5353\"]}",
        "listen: [10.0.0.1]\nallow: [10.0.0.0/8]\nforward: {lan: [10.0.0.1]}"}) {
    CAPTURE(text);
    CHECK(faults(text).find("it would ask itself, allowed: another server's address") != std::string::npos);
  }
  read("forward: {consul: [\"127.0.0.1:8600\"], lan: [127.0.0.2]}");
  read("listen: [\"127.0.0.1:5353\"]\nforward: {lan: [127.0.0.1]}");
}

TEST_CASE("a file's path is no directory's") {
  for (const std::string text : {"hosts: {file: /etc/}", "hosts: {file: /etc}", "query_log: {to: /var/log/}",
                                 "control: {socket: /run/tacet/}", "upstreams: [{url: tls://192.0.2.1, ca_file: /}]"}) {
    CAPTURE(text);
    CHECK(faults(text).find("directory") != std::string::npos);
    CHECK(faults(text).find(", allowed: ") != std::string::npos);
  }
}

TEST_CASE("a server of a zone is given once, however it is written") {
  CHECK(faults("forward: {a.lan: [\"tls://10.0.0.53\", {url: \"tls://10.0.0.53\"}]}").find("given twice") !=
        std::string::npos);
}

TEST_CASE("a zone in two spellings is given twice, and the root is none") {
  for (const std::string again : {"CORP.example", "corp.example.", "\"*.corp.example\"", "\"*.Corp.Example.\""}) {
    CAPTURE(again);
    CHECK(faults("forward:\n  corp.example: [10.0.0.1]\n  " + again + ": [10.0.0.2]")
              .starts_with("test.yaml:3:3: forward."));
    CHECK(faults("rebind:\n  protect: true\n  allow:\n  - corp.example\n  - " + again)
              .starts_with("test.yaml:5:5: rebind.allow[1]: "));
  }
  for (const std::string root : {"\".\"", "\"*\"", "\"*.\""}) {
    CHECK(faults("forward: {" + root + ": [10.0.0.1]}").find("the root covers every name") != std::string::npos);
    const std::string ignored = faults("dnssec: {mode: on, ignore: [{zone: " + root + ", until: 2027-01-31}]}");
    CHECK(ignored.find("`mode: off` ends all validation") != std::string::npos);
    CHECK(ignored.find("protect") == std::string::npos);
    CHECK(faults("rebind: {protect: true, allow: [" + root + "]}").find("(`protect: false` lets all names pass)") !=
          std::string::npos);
  }
  CHECK(read("forward: {\"*.b\u00fccher.example\": [10.0.0.1]}").forward[0].zone == "xn--bcher-kva.example");
}
