#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string_view>

#include "base/log.hpp"
#include "config/address.hpp"
#include "config/forms/path_forms.hpp"
#include "config/load.hpp"
#include "config/prefix.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"

namespace tacet {
namespace {

std::expected<Config, std::vector<std::string>> base_config(const std::string& file, const OpenFile& open) {
  if (file.empty()) return Config::defaults();
  auto config = load_config(file, open);
  if (config) return *std::move(config);
  std::vector<std::string> lines;
  for (const auto& fault : config.error()) lines.push_back(to_string(fault));
  return std::unexpected(std::move(lines));
}

/// True also if it cannot be reached or read.
bool has_service_file() {
  std::error_code error;
  return std::filesystem::symlink_status(service_config_file, error).type() != std::filesystem::file_type::not_found;
}

Result<std::vector<SocketAddress>> addresses(const std::vector<std::string>& texts) {
  std::vector<SocketAddress> all;
  for (const auto& text : texts) {
    auto address = parse_socket_address(text, 53);
    if (!address) return fail(address.error());
    all.push_back(*std::move(address));
  }
  return all;
}

/// "2001:db8::1" of "[2001:db8::1]", as one writes it in a URL.
std::string_view without_brackets(std::string_view text) {
  return text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
}

/// "192.0.2.1,2001:db8::1" as addresses; nothing if a part is no address.
std::optional<std::vector<IpAddress>> address_list(std::string_view text) {
  std::vector<IpAddress> all;
  while (true) {
    const auto comma = text.find(',');
    auto address = parse_host_address(without_brackets(text.substr(0, comma)));
    if (!address) return {};
    all.push_back(*std::move(address));
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

/// Cuts off the last '@' and the addresses behind it, and returns the addresses, if any.
std::vector<IpAddress> take_pinned(std::string_view& text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return {};
  auto pinned = address_list(text.substr(at + 1));
  if (!pinned) return {};
  text = text.substr(0, at);
  return *std::move(pinned);
}

Result<UpstreamConfig> make_upstream(std::string_view text, const Config& config) {
  auto pinned = take_pinned(text);
  const auto named = std::ranges::find(config.upstreams, text, &UpstreamConfig::url);
  const bool is_known = named != config.upstreams.end();
  auto upstream = is_known ? Result<UpstreamConfig>(*named) : parse_upstream_url(text);
  if (const auto at = text.rfind('@'); !upstream && pinned.empty() && at != std::string_view::npos)
    return fail(Fault::invalid_config,
                fmt::format("{} behind the @ is no list of addresses, allowed: addresses without a port, which belongs "
                            "in front of the @, such as tls://dns.example:853@192.0.2.1,2001:db8::1",
                            quotation(text.substr(at + 1))));
  if (upstream && !is_known) upstream->proxy = config.proxy;
  if (upstream && !pinned.empty()) upstream->addresses = std::move(pinned);
  return upstream;
}

Result<void> check_reachable(const UpstreamConfig& upstream, const Config& config) {
  if (!needs_bootstrap(upstream) || !config.bootstrap.empty()) return {};
  return fail(
      Fault::invalid_config,
      fmt::format("the name {0} cannot be looked up, since tacet is the resolver. Give its addresses (--upstream "
                  "{1}@192.0.2.1,2001:db8::1), a plain DNS server to ask for this one name (--bootstrap "
                  "192.0.2.53), or another upstream that is named by its address",
                  upstream.host, upstream.url));
}

Result<void> apply_upstreams(const std::vector<std::string>& texts, Config& config) {
  if (texts.empty()) return {};
  std::vector<UpstreamConfig> chosen;
  for (const auto& text : texts) {
    auto upstream = make_upstream(text, config);
    if (!upstream) return fail(upstream.error().fault, fmt::format("--upstream: {}", upstream.error().detail));
    if (const auto reachable = check_reachable(*upstream, config); !reachable) return reachable;
    if (std::ranges::find(chosen, upstream->url, &UpstreamConfig::url) != chosen.end())
      return fail(Fault::invalid_config, fmt::format("--upstream: {} is given twice", upstream->url));
    chosen.push_back(*std::move(upstream));
  }
  config.upstreams = std::move(chosen);
  return {};
}

Result<void> apply_addresses(std::string_view option, const std::vector<std::string>& texts,
                             std::vector<SocketAddress>& out) {
  if (texts.empty()) return {};
  auto given = addresses(texts);
  if (!given) return fail(given.error().fault, fmt::format("{}: {}", option, given.error().detail));
  out = *std::move(given);
  return {};
}

Result<void> apply_proxy(const std::string& url, Config& config) {
  auto proxy = parse_proxy_url(url);
  if (!proxy) return fail(proxy.error().fault, fmt::format("--proxy: {}", proxy.error().detail));
  config.proxy = *std::move(proxy);
  for (UpstreamConfig& upstream : config.upstreams) upstream.proxy = config.proxy;
  return {};
}

/// After the upstreams are chosen.
Result<void> apply_via(const CommandLine& given, Config& config) {
  if (!given.via && !given.proxy) return {};
  const auto via = given.via ? parse_via(*given.via) : ViaConfig{};
  if (!via) return fail(via.error().fault, fmt::format("--via: {}", via.error().detail));
  for (UpstreamConfig& upstream : config.upstreams) {
    if (given.via) upstream.via = *via;
    if (auto usable = check_path(upstream); !usable) return usable;
  }
  return {};
}

Result<void> apply(const CommandLine& given, Config& config) {
  if (given.proxy)
    if (auto done = apply_proxy(*given.proxy, config); !done) return done;
  if (auto done = apply_addresses("--listen", given.listen, config.listen); !done) return done;
  if (auto done = apply_addresses("--bootstrap", given.bootstrap, config.bootstrap); !done) return done;
  if (auto done = apply_upstreams(given.upstreams, config); !done) return done;
  if (auto done = apply_via(given, config); !done) return done;
  if (given.workers) config.workers = *given.workers;
  if (const auto level = log::level_from_text(given.log_level)) config.log.level = *level;
  if (given.socket) config.control.socket = *given.socket;
  if (!given.listen.empty())
    if (auto closed = check_access(config.listen, config.allow); !closed)
      return fail(Fault::invalid_config, "--listen: " + closed.error().detail + " in a file for --config");
  return {};
}

}  // namespace

std::expected<Config, std::vector<std::string>> read_config(const CommandLine& given, const OpenFile& open) {
  auto config = base_config(given.file, open);
  if (!config) return config;
  if (const auto done = apply(given, *config); !done)
    return std::unexpected(std::vector{"tacet: " + done.error().detail});
  return config;
}

CommandLine with_file(CommandLine given, std::ostream& err) {
  if (!given.file.empty() || !has_service_file()) return given;
  given.file = service_config_file;
  err << fmt::format("tacet: reads {} (--config FILE reads another file)\n", given.file);
  return given;
}

std::optional<std::string> control_socket(const CommandLine& given, std::ostream& err) {
  if (!given.file.empty()) {
    const auto config = make_config(given, err);
    return config ? std::optional(config->control.socket) : std::nullopt;
  }
  const std::string usual = Config::defaults().control.socket;
  if (given.socket || !has_service_file()) return given.socket.value_or(usual);
  const auto config = load_config(service_config_file);
  if (config) return config->control.socket;
  err << fmt::format("tacet: {}\ntacet: this takes the control socket {} (--socket names another one)\n",
                     to_string(config.error().front()), usual);
  return usual;
}

std::optional<Config> make_config(const CommandLine& given, std::ostream& err) {
  auto config = read_config(given);
  if (config) return *std::move(config);
  for (const std::string& line : config.error()) err << line << '\n';
  return {};
}

}  // namespace tacet
