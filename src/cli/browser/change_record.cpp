#include "cli/browser/change_record.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text_parts.hpp"
#include "cli/setup/file_image.hpp"

namespace tacet {
namespace {

bool same(const FileImage& a, const FileImage& b) { return a.kind == b.kind && a.content == b.content; }

}  // namespace

Result<ChangeRecord> ChangeRecord::load(const std::string& root) {
  ChangeRecord record(root);
  const auto image = read_image(record.kept_.record_path());
  if (!image) return fail(image.error());
  for (const auto line : split(image->content, '\n'))
    if (!line.empty() && !line.starts_with('#') && !record.kept_.read(line))
      return fail(Fault::malformed, fmt::format("{}: not written by tacet", record.kept_.record_path()));
  return record;
}

Result<void> ChangeRecord::save() const {
  return kept_.save(
      "# Written by `tacet browser setup`. before/ holds every file as it was, after/ as tacet wrote it.\n");
}

Result<ChangeState> ChangeRecord::state(const std::string& path) const {
  const auto now = read_image(kept_.at_root(path));
  const auto before = read_image(kept_.copy("before", path));
  const auto after = read_image(kept_.copy("after", path));
  for (const auto* image : {&now, &before, &after})
    if (!*image) return fail(image->error());
  if (same(*now, *after)) return ChangeState::ours;
  return same(*now, *before) ? ChangeState::former : ChangeState::edited;
}

Result<void> ChangeRecord::write(const std::string& path, const FileImage& image) {
  const auto found = has(path) ? state(path) : Result<ChangeState>(ChangeState::edited);
  if (!found) return fail(found.error());
  if (*found == ChangeState::edited)
    if (auto kept = kept_.keep(path); !kept) return kept;
  const std::string copy = kept_.copy("after", path);
  if (auto made = make_parents(copy); !made) return made;
  if (auto kept = write_image(copy, image); !kept) return kept;
  if (auto saved = save(); !saved) return saved;
  if (auto made = kept_.make_directories(); !made) return made;
  return write_image(kept_.at_root(path), image);
}

Result<void> ChangeRecord::restore(const std::string& path, const Removal& removal) const {
  const auto found = state(path);
  if (!found) return fail(found.error());
  if (*found != ChangeState::edited) return kept_.restore(path);
  auto now = read_image(kept_.at_root(path));
  if (!now) return fail(now.error());
  if (now->kind == FileImage::Kind::absent) return {};  // taken away since: nothing of ours is left in it
  if (!removal)
    return fail(
        Fault::refused,
        fmt::format("{} was changed since tacet wrote it. Take tacet's part out of it (how it was: {}), and try "
                    "again",
                    kept_.at_root(path), kept_.copy("before", path)));
  auto text = removal(now->content);
  if (!text) return fail(text.error().fault, fmt::format("{}: {}", kept_.at_root(path), text.error().detail));
  now->content = *std::move(text);
  return write_image(kept_.at_root(path), *now);
}

Result<void> ChangeRecord::undo(const std::string& path, const Removal& removal) {
  if (auto restored = restore(path, removal); !restored) return restored;
  kept_.forget(path);
  return save();
}

Result<void> ChangeRecord::finish() {
  kept_.remove_directories();
  return kept_.finish();
}

}  // namespace tacet
