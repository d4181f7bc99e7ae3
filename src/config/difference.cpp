#include "config/difference.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace tacet {
namespace {

enum class Change { live, sealed };

struct ComparedKey {
  std::string_view name;
  Change change;
  bool (*same)(const Config&, const Config&);
};

template <auto member>
constexpr bool same(const Config& a, const Config& b) {
  return a.*member == b.*member;
}

/// An address that was asked for is the one that is served by default.
bool same_listen(const Config& a, const Config& b) {
  const auto same = [](const SocketAddress& x, const SocketAddress& y) {
    return x.address == y.address && x.port == y.port;
  };
  return std::ranges::equal(a.listen, b.listen, same);
}

constexpr std::array<ComparedKey, 18> keys{{
    {"listen", Change::sealed, same_listen},
    {"allow", Change::live, same<&Config::allow>},
    {"workers", Change::sealed, same<&Config::workers>},
    {"upstreams", Change::live, same<&Config::upstreams>},
    {"bootstrap", Change::live, same<&Config::bootstrap>},
    {"forward", Change::live, same<&Config::forward>},
    {"hosts", Change::live, same<&Config::hosts>},
    {"rebind", Change::live, same<&Config::rebind>},
    {"cache", Change::live, same<&Config::cache>},
    {"log", Change::live, same<&Config::log>},
    {"control", Change::sealed, same<&Config::control>},
    {"metrics", Change::sealed, same<&Config::metrics>},
    {"limits", Change::live, same<&Config::limits>},
    {"exposure", Change::live, same<&Config::exposure>},
    {"query_log", Change::sealed, same<&Config::query_log>},
    {"user", Change::sealed, same<&Config::user>},
    {"confine", Change::sealed, same<&Config::confine>},
    {"answer_chaos", Change::live, same<&Config::answer_chaos>},
}};

}  // namespace

Difference difference(const Config& before, const Config& after) {
  Difference found;
  for (const ComparedKey& key : keys)
    if (!key.same(before, after)) (key.change == Change::sealed ? found.sealed : found.live).push_back(key.name);
  return found;
}

std::vector<std::string_view> top_level_keys() {
  std::vector<std::string_view> names;
  std::ranges::transform(keys, std::back_inserter(names), &ComparedKey::name);
  return names;
}

}  // namespace tacet
