#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "config/document.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/yaml.hpp"

using namespace tacet;

namespace {

const std::filesystem::path conf = TACET_SOURCE_DIR "/conf";

/// conf/tacet.yaml with its settings switched on: prose begins with "# " and a word, a setting with "#" and its place.
std::string uncommented() {
  std::ifstream file(conf / "tacet.yaml");
  std::string out;
  for (std::string line; std::getline(file, line);) {
    const bool prose = line.size() > 2 && line.starts_with("# ") && line[2] != ' ';
    if (line.starts_with('#') && !prose) line.erase(0, 1);
    out += line + "\n";
  }
  return out;
}

/// The paths of all keys below `node`, spelled as known_keys() spells them.
void collect_keys(const Node& node, const std::string& path, std::set<std::string>& out) {
  if (node.kind == NodeKind::list) {
    for (const auto& child : node.children) collect_keys(child, path + "[]", out);
  }
  if (node.kind != NodeKind::mapping) return;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const auto key = path.empty() ? node.children[i].text : path + "." + node.children[i].text;
    out.insert(key);
    collect_keys(node.children[i + 1], key, out);
  }
}

/// What tacet.yaml(5) says of each key, in one line without the marks of troff.
std::map<std::string, std::string> manual_entries() {
  std::ifstream page(TACET_SOURCE_DIR "/packaging/man/tacet.yaml.5");
  std::map<std::string, std::string> entries;
  std::string key, before;
  for (std::string line; std::getline(page, line); before = line) {
    if (before == ".TP" && line.starts_with(".B ")) {
      key = line.substr(3);
      entries[key];
    } else if (line.starts_with(".TP") || line.starts_with(".SH")) {
      key.clear();
    } else if (!key.empty()) {
      entries[key] += line + " ";
    }
  }
  return entries;
}

/// A default as a person is told it; empty for one that takes more than a value to tell.
std::string told_default(std::string text) {
  if (text == "[]" || text == "{}") return "none";
  if (text.starts_with('\n')) return {};
  return text.size() > 2 && text.starts_with('"') ? text.substr(1, text.size() - 2) : text;
}

template <class T>
void check_entry(const std::string& entry, const ConfigKey<T>& key, const T& defaults) {
  CAPTURE(key.name);
  CAPTURE(entry);
  const auto has = [&](std::string_view words) { CHECK_MESSAGE(entry.find(words) != entry.npos, words); };
  if (const auto* number = std::get_if<NumberForm>(&key.form)) {
    has(number->zero.empty() ? std::to_string(number->least) + " to " : "0 (" + std::string(number->zero) + ") to ");
    has("to " + std::to_string(number->most));
  }
  if (const auto* word = std::get_if<WordForm>(&key.form))
    for (const auto each : word->words) has(each);
  if (std::holds_alternative<SizeForm>(key.form)) has("octets, or with KiB, MiB or GiB");
  if (std::holds_alternative<TruthForm>(key.form)) has("true or false");
  // A URL is required, and the operator's default is the host.
  if (key.name != "url" && key.name != "operator") has("Default: " + told_default(key.text(key.form, defaults)));
}

}  // namespace

TEST_CASE("every sample is accepted") {
  int samples = 0;
  for (const auto& entry : std::filesystem::directory_iterator(conf)) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path().string());
    const auto config = load_config(entry.path());
    REQUIRE_MESSAGE(config.has_value(), (config ? "" : to_string(config.error().front())));
    ++samples;
  }
  CHECK(samples >= 5);
}

TEST_CASE("tacet.yaml as shipped is the same as no file") {
  const auto config = load_config(conf / "tacet.yaml");
  REQUIRE(config.has_value());
  CHECK(*config == Config::defaults());
}

TEST_CASE("the defaults that tacet.yaml names are the defaults") {
  auto config = read_config(uncommented(), "tacet.yaml");
  REQUIRE_MESSAGE(config.has_value(), (config ? "" : to_string(config.error().front())));
  for (auto& address : config->listen) address.is_default = true;
  CHECK(*config == Config::defaults());
}

TEST_CASE("tacet.yaml documents every key that the reader knows, and no other") {
  const auto document = parse_document(uncommented());
  REQUIRE(document.has_value());
  std::set<std::string> documented;
  collect_keys(*document, "", documented);
  const auto known = known_keys();
  CHECK(documented == std::set(known.begin(), known.end()));
}

TEST_CASE("tacet.yaml(5) has an entry for every key that the reader knows, and for no other") {
  std::set<std::string> entries;
  for (const auto& [key, text] : manual_entries()) entries.insert(key);
  const auto known = known_keys();
  CHECK(entries == std::set(known.begin(), known.end()));
}

TEST_CASE("tacet.yaml(5) tells of each key what the table does: the range, the words and the default") {
  const auto entries = manual_entries();
  for (const auto& key : config_keys()) {
    if (key.is_section()) continue;
    check_entry(entries.at(std::string(key.name)), key, Config::defaults());
  }
  for (const auto& key : upstream_keys()) check_entry(entries.at("upstreams[]." + std::string(key.name)), key, {});
}

TEST_CASE("tacet.yaml and tacet.yaml(5) name the keys that need a restart") {
  std::vector<std::string_view> names;
  for (const auto& key : config_keys())
    if (key.read_at_start) names.push_back(key.name);
  REQUIRE(names.size() > 1);
  const auto last = names.back();
  names.pop_back();
  const auto is_in = [](const std::filesystem::path& path, const std::string& words) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {}).find(words) != std::string::npos;
  };
  CHECK(is_in(conf / "tacet.yaml", fmt::format("({} and {} need a restart)", fmt::join(names, ", "), last)));
  CHECK(is_in(TACET_SOURCE_DIR "/packaging/man/tacet.yaml.5",
              fmt::format("\n.BR {} \" and \" {}\nare read at the start only", fmt::join(names, " \", \" "), last)));
}

TEST_CASE("no-sni.yaml names no server") {
  const auto config = load_config(conf / "no-sni.yaml");
  REQUIRE(config.has_value());
  CHECK(std::ranges::all_of(config->upstreams, &UpstreamConfig::host_is_address));
}

TEST_CASE("ipv6-only.yaml has no IPv4 address in it") {
  const auto config = load_config(conf / "ipv6-only.yaml");
  REQUIRE(config.has_value());
  CHECK(std::ranges::all_of(config->listen, &IpAddress::is_v6, &SocketAddress::address));
  for (const auto& upstream : config->upstreams) CHECK(std::ranges::all_of(upstream.addresses, &IpAddress::is_v6));
}

TEST_CASE("a file that cannot be read is one fault that says why") {
  const auto why = [](const char* path) {
    const auto config = load_config(path);
    REQUIRE(!config.has_value());
    REQUIRE(config.error().size() == 1);
    return to_string(config.error().front());
  };
  CHECK(why("/nonexistent/tacet.yaml") == "/nonexistent/tacet.yaml: cannot be read: No such file or directory");
  CHECK(why("/") == "/: cannot be read: Is a directory");
  CHECK(why("/dev/zero") == "/dev/zero: larger than 1 MiB");
}
