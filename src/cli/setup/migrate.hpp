#pragma once
#include <iosfwd>
#include <string>
#include <vector>

namespace tacet {

/// `tacet migrate --from cloudflared FILE|FLAGS…`: writes the configuration that does the same to `out`, as YAML that
/// `tacet check` accepts, and to `err` what has no counterpart or a different one. `words` are a file's name, or the
/// flags as they stood behind `cloudflared proxy-dns`.
/// Returns the exit code: 0, or 1 with the reason on `err` if there is nothing that could be written.
int run_migrate(const std::vector<std::string>& words, std::ostream& out, std::ostream& err);

}  // namespace tacet
