#include "daemon/reload.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "config/yaml.hpp"
#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// A bundle of no authorities that can be read, and a place for one more.
struct Scene {
  Scene() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reload-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
  }
  ~Scene() { std::filesystem::remove_all(folder); }

  std::string file(const char* name, std::string_view text) const {
    std::ofstream(folder / name) << text;
    return folder / name;
  }
  std::filesystem::path folder;
};

Config read(std::string_view text) { return read_config(text, "test.yaml").value(); }

/// Keeps an answer for each of some names, and tells of which there still is one.
struct Kept {
  Kept() {
    for (const auto* name : names) cache.store(key(name), positive(question(name), 300), now);
  }
  CacheKey key(std::string_view name) const { return {cache.seed(), question(name), false, false}; }
  std::vector<std::string> left() {
    std::vector<std::string> found;
    for (const auto* name : names)
      if (cache.find(key(name), now, [](const CachedAnswer&) {})) found.emplace_back(name);
    return found;
  }

  static constexpr std::array names{"nas.lan", "lan", "box.corp.example", "www.example"};
  Cache cache{CacheConfig{}};
  Instant now{24h};
};

using Names = std::vector<std::string>;

constexpr auto plain = "upstreams: [{url: 'tls://192.0.2.1', operator: one}]";

}  // namespace

TEST_CASE("What is read is what is used next; the stores that are there stay") {
  const Settings in_use(read(plain));
  const auto next = next_settings(in_use, read("{upstreams: [{url: 'tls://192.0.2.2'}], answer_chaos: true}"));
  REQUIRE(next.has_value());
  CHECK((*next)->config.answer_chaos);
  CHECK((*next)->config.upstreams.front().url == "tls://192.0.2.2");
  CHECK((*next)->trust.of((*next)->config.upstreams.front()) == in_use.trust.of(in_use.config.upstreams.front()));
}

TEST_CASE("Faults of the file are the refusal, one a line") {
  const Settings in_use(read(plain));
  const ReloadFaults faults{"tacet.yaml:1:1: a", "tacet.yaml:2:1: b"};
  const auto next = next_settings(in_use, std::unexpected(faults));
  REQUIRE(!next.has_value());
  CHECK(next.error() == faults);
}

TEST_CASE("Every sealed key that changes is named, and what helps") {
  const Settings in_use(read(plain));
  const auto next =
      next_settings(in_use, read("{workers: 3, listen: [127.0.0.7], control: {socket: /x}, log: {level: debug}}"));
  REQUIRE(!next.has_value());
  REQUIRE(next.error().size() == 3);
  for (const std::size_t i : {0U, 1U, 2U}) {
    CHECK(next.error()[i].starts_with(std::array{"listen: ", "workers: ", "control: "}[i]));
    CHECK(next.error()[i].find("restart") != std::string::npos);
  }
}

TEST_CASE("A bundle of authorities that cannot be used refuses the whole configuration") {
  const Scene scene;
  const Settings in_use(read(plain));
  const auto bundle = scene.file("ca.pem", "no certificate\n");
  for (int again = 0; again < 2; ++again) {
    const auto next = next_settings(in_use, read("upstreams: [{url: 'tls://192.0.2.1', ca_file: " + bundle + "}]"));
    REQUIRE(!next.has_value());
    REQUIRE(next.error().size() == 1);
    CHECK(next.error().front().find(bundle) != std::string::npos);
  }
}

TEST_CASE("The cache is kept whole as long as the same operators are asked") {
  for (const auto* other :
       {plain, "upstreams: [{url: 'https://192.0.2.9', operator: one}, {url: 'tls://192.0.2.1', operator: one}]",
        "{upstreams: [{url: 'tls://192.0.2.1', operator: one}], cache: {max_ttl: 5}, limits: {pending: 1}}"}) {
    Kept kept;
    CHECK(forget(kept.cache, outdated_by(read(plain), read(other))) == 0);
    CHECK(kept.left().size() == Kept::names.size());
  }
}

TEST_CASE("Another operator, one more or one fewer: the cache is forgotten") {
  constexpr auto two = "upstreams: [{url: 'tls://192.0.2.1', operator: one}, {url: 'tls://192.0.2.2', operator: two}]";
  for (const auto& [before, after] :
       {std::pair{plain, "upstreams: [{url: 'tls://192.0.2.1', operator: two}]"}, {plain, two}, {two, plain}}) {
    Kept kept;
    CHECK(forget(kept.cache, outdated_by(read(before), read(after))) == Kept::names.size());
    CHECK(kept.left().empty());
  }
}

TEST_CASE("Other rules for private addresses: what was kept by the former ones is forgotten") {
  constexpr auto open = "rebind: {protect: false}", shut = "rebind: {protect: true}",
                 partly = "rebind: {protect: true, allow: [plex.direct]}";
  for (const auto& [before, after] : {std::pair{open, shut}, {shut, open}, {partly, shut}}) {
    Kept kept;
    CHECK(forget(kept.cache, outdated_by(read(before), read(after))) == Kept::names.size());
  }
}

TEST_CASE("A zone that comes, goes or gets other servers takes its names along, and no others") {
  constexpr auto none = "forward: {}", lan = "forward: {lan: [192.168.1.1]}",
                 elsewhere = "forward: {lan: [192.168.1.2]}",
                 more = "forward: {lan: [192.168.1.1], corp.example: [192.168.1.9]}";
  const Names others{"box.corp.example", "www.example"};
  for (const auto& [before, after, left] : std::initializer_list<std::tuple<const char*, const char*, Names>>{
           {none, lan, others},
           {lan, none, others},
           {lan, elsewhere, others},
           {lan, more, {"nas.lan", "lan", "www.example"}},
           {more, lan, {"nas.lan", "lan", "www.example"}},
           {more, none, {"www.example"}},
           {lan, lan, {"nas.lan", "lan", "box.corp.example", "www.example"}}}) {
    CAPTURE(before);
    CAPTURE(after);
    Kept kept;
    CHECK(forget(kept.cache, outdated_by(read(before), read(after))) == Kept::names.size() - left.size());
    CHECK(kept.left() == left);
  }
}

TEST_CASE("A reload is told in words") {
  CHECK(to_string(Reloaded{}) == "nothing has changed");
  CHECK(to_string(Reloaded{.changed = {"cache"}}) == "changed cache");
  CHECK(to_string(Reloaded{.changed = {"upstreams", "hosts", "log"}, .forgotten = 1}) ==
        "changed upstreams, hosts and log; 1 cached answer forgotten");
  CHECK(to_string(Reloaded{.has_file = false}).find("--config") != std::string::npos);
}
