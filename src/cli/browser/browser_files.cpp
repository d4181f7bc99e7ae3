#include "cli/browser/browser_files.hpp"

#include <fmt/format.h>
#include <grp.h>

#include <chrono>
#include <utility>

#include "cli/browser/change_record.hpp"
#include "cli/setup/file_image.hpp"

namespace tacet {
namespace {

using namespace std::chrono_literals;

/// A certificate of 90 days is renewed in its last 30, so the timer may fail for weeks.
constexpr auto leaf_margin = 30 * 24h;
constexpr auto authority_margin = 365 * 24h;

std::string in_folder(std::string_view name) { return fmt::format("{}/{}", browser_folder, name); }
ListenerFiles authority_files() { return {in_folder("authority.pem"), in_folder("authority.key")}; }

/// Readable by root only, or also by the group of the service.
FileImage key_image(std::string text, bool for_service) {
  FileImage image{.kind = FileImage::Kind::file, .content = std::move(text), .mode = 0600};
  const group* service = for_service ? ::getgrnam("tacet") : nullptr;
  if (service == nullptr) return image;
  image.mode = 0640;
  image.group = service->gr_gid;
  return image;
}

bool lasts(const std::string& certificate, WallTime until) {
  const auto facts = read_certificate(certificate);
  return facts && facts->ends > until;
}

}  // namespace

ListenerFiles BrowserFiles::listener() { return {in_folder("listener.pem"), in_folder("listener.key")}; }
std::string BrowserFiles::authority_path() { return authority_files().certificate; }

Result<std::string> BrowserFiles::read(const std::string& path) const {
  auto image = read_image(root_ + path);
  if (!image) return fail(image.error());
  return std::move(image->content);
}

Result<std::string> BrowserFiles::authority() const { return read(authority_path()); }
Result<std::string> BrowserFiles::leaf() const { return read(listener().certificate); }

/// Writes the key first: tacet refuses a pair that does not belong together, and looks again at the next change.
Result<void> BrowserFiles::keep(const CertifiedKey& made, const ListenerFiles& files, bool for_service) const {
  if (auto done = make_parents(root_ + files.key); !done) return done;
  if (auto done = write_image(root_ + files.key, key_image(made.key, for_service)); !done) return done;
  return write_image(root_ + files.certificate, file_with(made.certificate));
}

Result<bool> BrowserFiles::renew_by(const CertifiedKey& authority, WallTime now) const {
  const auto present = leaf();
  if (!present) return fail(present.error());
  if (vouches_for(authority.certificate, *present, now) && lasts(*present, now + leaf_margin)) return false;
  const auto made = make_leaf(authority, now);
  if (!made) return fail(made.error());
  if (auto kept = keep(*made, listener(), true); !kept) return fail(kept.error());
  return true;
}

Result<CertifiedKey> BrowserFiles::authority_with_key() const {
  auto certificate = authority();
  auto key = read(authority_files().key);
  if (!certificate || !key) return fail(certificate ? key.error() : certificate.error());
  return CertifiedKey{*std::move(certificate), *std::move(key)};
}

Result<bool> BrowserFiles::make(WallTime now) const {
  const auto present = authority_with_key();
  if (!present) return fail(present.error());
  if (lasts(present->certificate, now + authority_margin) && make_leaf(*present, now)) return renew_by(*present, now);
  auto made = make_authority(now);
  if (!made) return fail(made.error());
  if (auto kept = keep(*made, authority_files(), false); !kept) return fail(kept.error());
  if (auto renewed = renew_by(*made, now); !renewed) return renewed;
  return true;
}

Result<bool> BrowserFiles::renew(WallTime now) const {
  const auto present = authority_with_key();
  if (!present) return fail(present.error());
  if (!lasts(present->certificate, now + authority_margin))
    return fail(Fault::refused, "the local authority is missing or ends soon: run `tacet browser setup` again");
  return renew_by(*present, now);
}

}  // namespace tacet
