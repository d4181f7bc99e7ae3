#pragma once
#include <iosfwd>
#include <string>
#include <vector>

namespace tacet {

/// `tacet migrate --from cloudflared FILE|FLAGS…`: writes an equal configuration to `out`, as YAML that `tacet check`
/// accepts, and to `err` the settings with a different counterpart or none. `words` are a file's name, or the flags of
/// `cloudflared proxy-dns`. Returns the exit code: 0, or 1 with the reason on `err` if no configuration can be written.
int run_migrate(const std::vector<std::string>& words, std::ostream& out, std::ostream& err);

}  // namespace tacet
