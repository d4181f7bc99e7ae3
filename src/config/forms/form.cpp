#include "config/forms/form.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool has_control_character(std::string_view text) {
  while (!text.empty() && !starts_with_control(text)) text.remove_prefix(1);
  return !text.empty();
}

/// Printable text of at most so many octets; null after a report of what is wrong.
const std::string* line(const Value& value, std::size_t most, std::string_view fault_of_empty) {
  const auto* text = value.scalar();
  if (!text) return nullptr;
  if (has_control_character(*text))
    value.wrong("holds a control character");
  else if (text->size() > most)
    value.wrong(fmt::format("is longer than {} octets", most));
  else if (text->empty() && !fault_of_empty.empty())
    value.wrong(fault_of_empty);
  else
    return text;
  return nullptr;
}

}  // namespace

std::string one_of(std::span<const std::string_view> words) {
  return fmt::format("{} or {}", fmt::join(words.first(words.size() - 1), ", "), words.back());
}

std::string NumberForm::allowed() const {
  return fmt::format("{}{} to {}{}", least, zero.empty() ? "" : fmt::format(" ({})", zero), most,
                     unit.empty() ? "" : fmt::format(" ({})", unit));
}

std::optional<std::uint64_t> NumberForm::number(const Value& value) const {
  const auto* text = value.scalar();
  if (!text) return std::nullopt;
  const auto number = parse_number(*text);
  if (number && *number >= least && *number <= most) return number;
  value.wrong(number || is_digits(*text) ? "is out of range" : "is no whole number");
  return std::nullopt;
}

std::string SizeForm::allowed() const {
  return fmt::format("{}64KiB to 1024GiB, in octets or with KiB, MiB or GiB",
                     zero.empty() ? "" : fmt::format("0 ({}) or ", zero));
}

void SizeForm::read(const Value& value, std::size_t& out) const {
  constexpr std::uint64_t least = 64U << 10;
  constexpr std::uint64_t most = std::uint64_t{1} << 40;
  const auto* text = value.scalar();
  if (!text) return;
  const auto octets = parse_size(*text);
  const bool is_zero = octets == 0U && !zero.empty();
  if (!octets)
    value.wrong("is no size");
  else if (!is_zero && (*octets < least || *octets > most))
    value.wrong("is out of range");
  else
    out = static_cast<std::size_t>(*octets);
}

std::string SizeForm::text(std::size_t octets) const { return size_text(octets); }

std::optional<std::size_t> WordForm::index(const Value& value) const {
  const auto* text = value.scalar();
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(words, *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  value.wrong("is none of the words");
  return std::nullopt;
}

void TextForm::read(const Value& value, std::string& out) const {
  if (const auto* text = line(value, most, empty)) out = *text;
}

std::string TextForm::text(const std::string& value) const { return yaml_text(value); }

void PathForm::read(const Value& value, std::string& out) const {
  const auto* path = line(value, most, empty);
  if (!path) return;
  const bool is_word = path->empty() || std::ranges::find(words, *path) != words.end();
  if (!is_word && path->front() != '/')
    value.wrong("is no absolute path");
  else if (path->ends_with('/'))
    value.wrong("is the path of a directory");
  else if (const auto fault = is_word || !file_fault ? std::nullopt : file_fault(*path))
    value.wrong(*fault);
  else
    out = *path;
}

std::string PathForm::text(const std::string& path) const {
  return std::ranges::find(words, path) != words.end() ? path : yaml_text(path);
}

std::optional<std::string_view> unusable(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == EACCES) return std::nullopt;
    return "does not exist or cannot be reached";
  }
  if (!S_ISREG(status.st_mode)) return "is no regular file";
  return std::nullopt;
}

std::optional<std::string_view> is_directory(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
  return "is a directory";
}

}  // namespace tacet
