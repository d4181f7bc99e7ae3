#pragma once
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/forms/address_forms.hpp"
#include "config/forms/dnssec_forms.hpp"
#include "config/forms/form.hpp"
#include "config/forms/path_forms.hpp"
#include "config/forms/server_forms.hpp"
#include "config/value.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// A mapping with a row for each of its keys.
struct SectionForm {
  std::string_view example;
  std::string_view leader = {};  ///< the key of the section that its other keys need

  std::string allowed() const;
};

using Form = std::variant<NumberForm, SizeForm, WordForm, TruthForm, TextForm, PathForm, SocketAddressesForm,
                          PrefixesForm, IpAddressesForm, NamesForm, LoopbackForm, UrlForm, UpstreamsForm, ForwardForm,
                          IgnoreForm, ProxyForm, ViaForm, SectionForm>;

/// The values that a key of this form may have, for people.
std::string allowed(const Form& form);

/// One key of a T with all its properties.
template <class T>
struct ConfigKey {
  std::string_view name;  ///< "workers", "cache.size"
  Form form;
  void (*read)(const Value&, const Form&, T&) = nullptr;  ///< null for a section
  std::string (*text)(const Form&, const T&) = nullptr;   ///< in YAML; null for a section
  bool (*same)(const T&, const T&) = nullptr;             ///< null for a section
  bool read_at_start = false;                             ///< a reload cannot change it or what is below it

  constexpr ConfigKey at_start() const {
    ConfigKey copy = *this;
    copy.read_at_start = true;
    return copy;
  }
  constexpr bool is_section() const { return std::holds_alternative<SectionForm>(form); }
  /// "cache" of "cache.size", and "" of "workers".
  constexpr std::string_view section() const {
    const auto dot = name.find('.');
    return name.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  /// "size" of "cache.size".
  constexpr std::string_view leaf() const { return name.substr(name.find('.') + 1); }
};

/// Every key of a configuration, in the order of the documentation.
std::span<const ConfigKey<Config>> config_keys();
/// Every key of an upstream.
std::span<const ConfigKey<UpstreamConfig>> upstream_keys();
/// Pre: there is such a key.
const ConfigKey<Config>& config_key(std::string_view name);

/// Every key as a path: "listen", "upstreams[].url", "cache.size".
std::vector<std::string> known_keys();

}  // namespace tacet
