#include "config/forms/form_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "config/document.hpp"
#include "config/forms/dnssec_forms.hpp"
#include "config/forms/patterns.hpp"
#include "config/manual.hpp"
#include "config/prefix.hpp"

namespace tacet {
namespace {

using Schema = nlohmann::ordered_json;

constexpr std::size_t most_items = 256;

/// YAML's types of a text that one of our words may be, besides a string.
Schema word_schema(std::span<const std::string_view> words) {
  Schema all = Schema::array();
  for (const auto word : words) {
    if (word == "true" || word == "false") all.push_back(word == "true");
    all.push_back(word);
  }
  return {{"enum", all}};
}

Schema list_schema(Schema item, std::size_t least, bool unique = true) {
  Schema list{{"type", "array"}, {"items", std::move(item)}};
  if (least != 0) list["minItems"] = least;
  list["maxItems"] = most_items;
  if (unique) list["uniqueItems"] = true;
  return list;
}

/// A text. Editors show `allowed` for any other, and not the pattern.
Schema string_schema(std::string pattern, std::string_view allowed) {
  return {{"type", "string"}, {"pattern", std::move(pattern)}, {"patternErrorMessage", allowed}};
}

/// A text that several forms have.
struct SharedText {
  std::string_view name;
  std::string (*pattern)();
  std::string_view allowed;
  bool may_be_truth = false;  ///< YAML takes the text "true" for a truth
  std::size_t longest = 0;    ///< characters; 0: the pattern has the limit
};
constexpr std::array<SharedText, 9> shared_texts{{
    {"listen_address", patterns::listen_address,
     R"(an address with an optional port such as 127.0.0.1:53 or [::1]:53)"},
    {"server_address", patterns::server_address, "a machine's address with an optional port such as 192.168.1.1:53"},
    {"machine_address", patterns::machine_address, "a machine's address such as 1.1.1.1 or 2606:4700:4700::1111"},
    {"prefix", patterns::prefix, "a prefix such as 192.168.1.0/24 or fd00::/8"},
    {"zone", patterns::zone, "the name of a zone such as lan, corp.example or 168.192.in-addr.arpa", true},
    {"machine_name", patterns::machine_name, "the name of a machine such as tacet.home.arpa", true},
    {"proxy_url", patterns::proxy_url, "none, socks5://[USER:PASSWORD@]ADDRESS:PORT or http://…"},
    {"trust_anchor", patterns::trust_anchor, "a DS record, or the absolute path of a file with DS or DNSKEY records"},
    {"upstream_url", patterns::upstream_url, "https://HOST[:PORT][/PATH], tls://HOST[:PORT] or quic://HOST[:PORT]",
     false, 2048},
}};

Schema shared(std::string_view name) { return {{"$ref", fmt::format("#/$defs/{}", name)}}; }

/// A parser of list items, and the name of the texts that it accepts.
template <class T>
struct ItemText {
  Result<T> (*parse)(std::string_view);
  std::string_view name;
};

constexpr std::array socket_address_texts{
    ItemText<SocketAddress>{listen_address, "listen_address"}, ItemText<SocketAddress>{https_address, "listen_address"},
    ItemText<SocketAddress>{tls_address, "listen_address"}, ItemText<SocketAddress>{server_address, "server_address"}};
constexpr std::array prefix_texts{ItemText<AddressPrefix>{parse_prefix, "prefix"}};
constexpr std::array ip_address_texts{ItemText<IpAddress>{machine_address, "machine_address"}};
constexpr std::array name_texts{
    ItemText<std::string>{machine_name, "machine_name"}, ItemText<std::string>{parse_trust_anchor, "trust_anchor"},
    ItemText<std::string>{zone_below_root, "zone"}, ItemText<std::string>{zone_to_trust, "zone"}};

/// A parser without a line above takes any text, for the schema must refuse nothing that the program accepts; a test
/// finds it.
template <class T>
Schema item_schema(Result<T> (*parse)(std::string_view)) {
  const auto in = [&](const auto& texts) -> Schema {
    const auto found = std::ranges::find(texts, parse, &ItemText<T>::parse);
    return found == texts.end() ? Schema{{"type", "string"}} : shared(found->name);
  };
  if constexpr (std::is_same_v<T, SocketAddress>)
    return in(socket_address_texts);
  else if constexpr (std::is_same_v<T, AddressPrefix>)
    return in(prefix_texts);
  else if constexpr (std::is_same_v<T, IpAddress>)
    return in(ip_address_texts);
  else
    return in(name_texts);
}

/// An upstream: a mapping, or only its URL.
Schema entry_schema() { return {{"anyOf", {shared("upstream"), shared("upstream_url")}}}; }

/// The way to an upstream: out of an interface, or from an address.
Schema via_schema() {
  auto interface = string_schema(patterns::interface(), "the name of an interface such as wg0");
  interface["type"] = {"string", "number", "boolean"};
  return {{"type", {"object", "null"}},
          {"properties", {{"interface", std::move(interface)}, {"address", shared("machine_address")}}},
          {"additionalProperties", false},
          {"maxProperties", 1}};
}

struct FormSchema {
  Schema operator()(const NumberForm& form) const {
    return {{"type", {"integer", "string"}},
            {"minimum", form.least},
            {"maximum", form.most},
            {"pattern", patterns::number(form.least, form.most)},
            {"patternErrorMessage", form.allowed()}};
  }
  Schema operator()(const SizeForm& form) const {
    constexpr std::uint64_t least = 64U << 10;
    constexpr std::uint64_t most = std::uint64_t{1} << 40;
    Schema forms{{{"type", "string"}, {"pattern", patterns::size(least, most, !form.zero.empty())}},
                 {{"type", "integer"}, {"minimum", least}, {"maximum", most}}};
    if (!form.zero.empty()) forms.push_back({{"const", 0}});
    return {{"anyOf", forms}};
  }
  Schema operator()(const WordForm& form) const { return word_schema(form.words); }
  Schema operator()(const TruthForm&) const { return word_schema(truth_words); }
  Schema operator()(const TextForm& form) const {
    return {{"type", {"string", "number", "boolean"}},
            {"pattern", patterns::text()},
            {"patternErrorMessage", form.what},
            {"minLength", form.empty.empty() ? 0 : 1},
            {"maxLength", form.most}};
  }
  Schema operator()(const PathForm& form) const {
    auto schema = string_schema(patterns::path(form.words, form.empty.empty()), form.what);
    schema["maxLength"] = form.most;
    return schema;
  }
  template <class T>
  Schema operator()(const ListForm<T>& form) const {
    return list_schema(item_schema(form.parse), form.least);
  }
  Schema operator()(const LoopbackForm& form) const {
    return string_schema(patterns::loopback_address(), form.allowed());
  }
  Schema operator()(const UrlForm&) const { return shared("upstream_url"); }
  Schema operator()(const UpstreamsForm&) const { return list_schema(entry_schema(), 1, false); }
  Schema operator()(const ForwardForm&) const {
    const Schema servers{{"anyOf", {list_schema(shared("server_address"), 1), list_schema(entry_schema(), 1)}}};
    const Schema with_way{{"type", "object"},
                          {"properties", {{"servers", servers}, {"proxy", shared("proxy_url")}, {"via", via_schema()}}},
                          {"required", {"servers"}},
                          {"additionalProperties", false}};
    return {{"type", {"object", "null"}},
            {"propertyNames", shared("zone")},
            {"additionalProperties", {{"anyOf", {servers, with_way}}}},
            {"maxProperties", 64}};
  }
  Schema operator()(const ProxyForm&) const { return shared("proxy_url"); }
  Schema operator()(const ViaForm&) const { return via_schema(); }
  Schema operator()(const IgnoreForm&) const {
    const Schema properties{{"zone", shared("zone")},
                            {"until", string_schema("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day such as 2027-01-31")}};
    return list_schema({{"type", "object"},
                        {"properties", properties},
                        {"required", {"zone", "until"}},
                        {"additionalProperties", false}},
                       0, false);
  }
  Schema operator()(const SectionForm&) const { return {{"type", {"object", "null"}}}; }
};

Schema json_of(const Node& node, bool quoted) {
  if (node.kind == NodeKind::scalar)
    return quoted ? Schema(node.text) : Schema::parse(node.text, nullptr, /*allow_exceptions=*/false);
  Schema out = node.kind == NodeKind::list ? Schema::array() : Schema::object();
  for (std::size_t i = 0; i < node.children.size(); ++i)
    if (node.kind == NodeKind::list)
      out.push_back(json_of(node.children[i], true));
    else if (i % 2 == 1)
      out[node.children[i - 1].text] = json_of(node.children[i], true);
  return out;
}

/// The default as the configuration file would have it.
template <class T>
void add_default(const ConfigKey<T>& key, const T& defaults, Schema& schema) {
  const auto document = parse_document(key.text(key.form, defaults));
  if (!document) return;
  const bool number = std::holds_alternative<NumberForm>(key.form) || std::holds_alternative<TruthForm>(key.form);
  schema["default"] = json_of(*document, !number);
}

std::string path_of(const ConfigKey<Config>& key) { return std::string(key.name); }
std::string path_of(const ConfigKey<UpstreamConfig>& key) { return fmt::format("upstreams[].{}", key.name); }

}  // namespace

Schema shared_schemas() {
  Schema all = Schema::object();
  for (const auto& text : shared_texts) {
    Schema schema = string_schema(text.pattern(), text.allowed);
    if (text.may_be_truth) schema["type"] = {"string", "boolean"};
    if (text.longest != 0) schema["maxLength"] = text.longest;
    all[std::string(text.name)] = std::move(schema);
  }
  auto upstream = mapping_schema(upstream_keys());
  upstream["type"] = "object";
  upstream["required"] = {"url"};
  all["upstream"] = std::move(upstream);
  return all;
}

Schema form_schema(const Form& form) { return std::visit(FormSchema{}, form); }

template <class T>
Schema mapping_schema(std::span<const ConfigKey<T>> keys, std::string_view section) {
  const auto sentences = manual_entries(manual_page());
  Schema properties = Schema::object();
  for (const auto& key : keys) {
    if (key.section() != section) continue;
    Schema schema;
    if (const auto sentence = sentences.find(path_of(key)); sentence != sentences.end())
      schema["description"] = sentence->second;
    schema.update(key.is_section() ? mapping_schema(keys, key.name) : form_schema(key.form));
    if constexpr (std::is_same_v<T, Config>)
      if (!key.is_section()) add_default(key, Config::defaults(), schema);
    properties[std::string(key.leaf())] = std::move(schema);
  }
  return {{"type", {"object", "null"}}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

template Schema mapping_schema(std::span<const ConfigKey<Config>>, std::string_view);
template Schema mapping_schema(std::span<const ConfigKey<UpstreamConfig>>, std::string_view);

}  // namespace tacet
