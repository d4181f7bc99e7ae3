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

/// A setting that no key of ours replaces, and the reason; an empty reason for one that a reader carries over.
struct UnmappedSetting {
  std::string_view name;
  std::string_view why;
};

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
