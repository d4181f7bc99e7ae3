#include "config/difference.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string_view>

#include "config/keys.hpp"
#include "config/yaml.hpp"

using namespace tacet;

namespace {

using Keys = std::vector<std::string_view>;

Config read(std::string_view text) { return read_config(text, "test.yaml").value(); }

}  // namespace

TEST_CASE("Nothing differs between equals, and each key tells of itself only, and no key is left out") {
  std::set<std::string_view> told;
  const Config before = Config::defaults();
  CHECK(difference(before, before).live.empty());
  CHECK(difference(before, before).sealed.empty());
  struct Row {
    std::string_view text;
    Keys live, sealed;
  };
  for (const auto& [text, live, sealed] : std::initializer_list<Row>{
           {"listen: ['127.0.0.1:5353']", {}, {"listen"}},
           {"{https: {listen: ['127.0.0.1:8453'], certificate: /etc/passwd, key: /etc/passwd}}",
            {"https"},
            {"https.listen"}},
           {"{tls: {listen: ['127.0.0.1'], certificate: /etc/passwd, key: /etc/passwd}}", {"tls"}, {"tls.listen"}},
           {"proxy_protocol: [10.0.0.9]", {"proxy_protocol"}, {}},
           {"nsid: auto", {"nsid"}, {}},
           {"workers: 2", {}, {"workers"}},
           {"control: {socket: /run/other}", {}, {"control"}},
           {"metrics: {listen: '127.0.0.1'}", {}, {"metrics"}},
           {"query_log: {to: journal}", {}, {"query_log"}},
           {"upstreams: [{url: 'tls://192.0.2.1'}]", {"upstreams"}, {}},
           {"proxy: 'socks5://127.0.0.1:1080'", {"upstreams", "proxy"}, {}},
           {"ladder: 'off'", {"ladder"}, {}},
           {"ladder_proxy: 'socks5://127.0.0.1:1080'", {"ladder_proxy"}, {}},
           {"allow: [10.0.0.0/8]", {"allow"}, {}},
           {"{bootstrap: [192.0.2.53], upstreams: [{url: 'tls://dns.example'}]}", {"upstreams", "bootstrap"}, {}},
           {"forward: {lan: [192.168.1.1]}", {"forward"}, {}},
           {"hosts: {file: ''}", {"hosts"}, {}},
           {"rebind: {protect: false, allow: [plex.direct]}", {"rebind"}, {}},
           {"dnssec: {ignore: [{zone: corp.example, until: 2027-01-31}]}", {"dnssec"}, {}},
           {"cache: {max_ttl: 60}", {"cache"}, {}},
           {"log: {level: debug}", {"log"}, {}},
           {"limits: {pending: 7}", {"limits"}, {}},
           {"exposure: {mode: 'off'}", {"exposure"}, {}},
           {"user: dns", {}, {"user"}},
           {"confine: false", {}, {"confine"}},
           {"answer_chaos: true", {"answer_chaos"}, {}},
           {"{workers: 2, answer_chaos: true, cache: {size: 0}}", {"cache", "answer_chaos"}, {"workers"}}}) {
    CAPTURE(text);
    const Difference found = difference(before, read(text));
    CHECK(found.live == live);
    CHECK(found.sealed == sealed);
    told.insert(live.begin(), live.end());
    told.insert(sealed.begin(), sealed.end());
  }
  for (const auto& key : config_keys())
    if (key.section().empty()) CHECK_MESSAGE(told.contains(key.name), key.name);
}

TEST_CASE("Addresses that are served by default may be written down") {
  CHECK(difference(Config::defaults(), read("listen: [127.0.0.1, '[::1]']")).sealed.empty());
  CHECK(!difference(Config::defaults(), read("listen: [127.0.0.1]")).sealed.empty());
}
