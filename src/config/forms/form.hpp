#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/value.hpp"

namespace tacet {

// The values that a key may have. A form is plain data with three functions: allowed() describes them, read() sets its
// second argument or reports why it cannot, and text() writes a value in YAML so that read() accepts it.

/// "error, warn, info or debug".
std::string one_of(std::span<const std::string_view> words);

/// A whole number.
struct NumberForm {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::string_view zero = {};  ///< what 0 stands for, if it is more than a number
  std::string_view unit = {};

  std::string allowed() const;
  std::optional<std::uint64_t> number(const Value& value) const;
  template <std::unsigned_integral T>
  void read(const Value& value, T& out) const {
    if (const auto read = number(value)) out = static_cast<T>(*read);
  }
  std::string text(std::uint64_t value) const { return std::to_string(value); }
};

/// Octets: 64 KiB to 1 TiB.
struct SizeForm {
  std::string_view zero = {};  ///< what 0 stands for; empty: 0 is not allowed

  std::string allowed() const;
  void read(const Value& value, std::size_t& out) const;
  std::string text(std::size_t octets) const;
};

/// One of several words; each stands for the enumerator with its number.
struct WordForm {
  std::span<const std::string_view> words;

  std::string allowed() const { return one_of(words); }
  std::optional<std::size_t> index(const Value& value) const;
  template <class E>
  void read(const Value& value, E& out) const {
    if (const auto read = index(value)) out = static_cast<E>(*read);
  }
  template <class E>
  std::string text(E value) const {
    return std::string(words[static_cast<std::size_t>(value)]);
  }
};

/// false or true, by their numbers.
inline constexpr std::string_view truth_words[]{"false", "true"};
/// One of these two words.
struct TruthForm {
  std::string allowed() const { return "true or false"; }
  void read(const Value& value, bool& out) const { WordForm{truth_words}.read(value, out); }
  std::string text(bool value) const { return WordForm{truth_words}.text(value); }
};

/// Printable text without control characters.
struct TextForm {
  std::string_view what;        ///< allowed()
  std::size_t most = 0;         ///< octets
  std::string_view empty = {};  ///< what is wrong with ""; empty: "" is allowed

  std::string allowed() const { return std::string(what); }
  void read(const Value& value, std::string& out) const;
  std::string text(const std::string& value) const;
};

/// The absolute path of a file, or a word that stands for something else.
struct PathForm {
  std::string_view what;        ///< allowed()
  std::size_t most = 4095;      ///< octets
  std::string_view empty = {};  ///< what is wrong with ""; empty: "" is allowed
  std::span<const std::string_view> words = {};
  /// What is wrong with the file at the path, or its absence; null: any state is fine.
  std::optional<std::string_view> (*file_fault)(const std::string& path) = nullptr;

  std::string allowed() const { return std::string(what); }
  void read(const Value& value, std::string& out) const;
  std::string text(const std::string& path) const;
};

/// Why a file cannot be used; nothing if it can. It does not check read permission: another process with other rights
/// may read the file.
std::optional<std::string_view> unusable(const std::string& path);
/// A missing file is fine, for it may come later. A directory is an error, for it never becomes a file.
std::optional<std::string_view> is_directory(const std::string& path);

}  // namespace tacet
