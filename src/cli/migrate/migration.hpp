#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A setting of another program, as written.
struct ForeignSetting {
  int line = 0;  ///< 0: on a command line
  std::string name;
  std::string value;
};

using ForeignSettings = std::vector<ForeignSetting>;

/// Every setting of that name.
ForeignSettings named(const ForeignSettings& all, std::string_view name);

/// The last setting of that name, as most programs take it; one with the value `otherwise` if there is none.
ForeignSetting last_named(const ForeignSettings& all, std::string_view name, std::string_view otherwise);

/// Settings that no key of ours replaces, their names with blanks between, and the reason; an empty reason for those
/// that a reader carries over.
struct UnmappedSetting {
  std::string_view names;
  std::string_view why;
};
/// True if one of the rows has this name.
bool is_unmapped(std::string_view name, std::span<const UnmappedSetting> known);

// Reasons of several programs.
inline constexpr std::string_view by_itself = "not needed: tacet chooses that by itself";
inline constexpr std::string_view in_journal = "tacet writes to standard error, which the journal keeps";
inline constexpr std::string_view own_user = "not needed: the service has a user of its own";
inline constexpr std::string_view no_subnet = "tacet never tells a server the clients' network";
inline constexpr std::string_view own_tls = "tacet chooses TLS 1.2 or 1.3 with OpenSSL's ciphers by itself";
inline constexpr std::string_view first_works =
    "tacet asks the first of the list and turns to the next when it fails or is slow";
inline constexpr std::string_view serves_stale = "tacet serves an old answer by itself while no server answers";
inline constexpr std::string_view validates =
    "see `dnssec.mode`: log counts what is proven, and on refuses what is not";

/// The configuration that grows while a reader goes through another program's settings, with a note on every setting
/// that has another counterpart or none.
class Migration {
public:
  /// "line 12: cache_size: left out: ...".
  void note(const ForeignSetting& setting, std::string_view text);
  /// Says why no key of ours replaces this setting, or that tacet does not know it.
  void leave_out(const ForeignSetting& setting, std::span<const UnmappedSetting> known);

  /// An address and port where the other program listens. "" and "*" are all addresses.
  void listen(const ForeignSetting& setting, std::string_view address, std::string_view port);
  /// An upstream by its URL or its stamp (sdns://), with the addresses that are known of it. A plain one is named and
  /// left out.
  void upstream(const ForeignSetting& setting, std::string_view url, std::vector<std::string> addresses = {});
  /// A plain DNS server that the other program asks for the addresses of upstreams.
  void bootstrap(const ForeignSetting& setting, std::string_view address);
  /// A plain server for one zone: taken if it is in the local network, otherwise named and left out.
  void zone_server(const ForeignSetting& setting, std::string_view zone, std::string_view address);
  /// A number of seconds for one of our keys.
  void seconds(const ForeignSetting& setting, std::uint32_t& key);
  /// The other program names no server of its own and asks some list's or the system's: tacet's default stays.
  void keep_default_upstreams(std::string_view why);

  Config& config() { return config_; }
  const std::vector<std::string>& notes() const { return notes_; }
  /// The configuration as a whole. Call it once, at the end. Fault::invalid_config if no encrypted upstream is left,
  /// with all notes.
  Result<Config> finish();

private:
  bool add(UpstreamConfig upstream);
  void settle_bootstrap();
  void allow_neighbours();

  Config config_ = empty();
  std::vector<SocketAddress> bootstrap_;
  std::vector<std::string> notes_;
  bool default_upstreams_ = false;

  /// The defaults without addresses and upstreams.
  static Config empty();
};

}  // namespace tacet
