#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacet {

/// A JSON value (RFC 8259), kept as the text that it becomes. It is written only, never read; and unlike a tree of
/// values it can be thrown away when there is no memory (a library's asks for some in its destructor, and ends the
/// process if there is none).
class Json {
public:
  /// An object, its members in this order.
  using Members = std::initializer_list<std::pair<std::string_view, Json>>;

  Json(std::nullptr_t) : text_("null") {}
  Json(std::same_as<bool> auto value) : text_(value ? "true" : "false") {}
  Json(std::integral auto value)
    requires(!std::same_as<decltype(value), bool>)
      : text_(std::to_string(value)) {}
  /// null if it is no number that JSON knows.
  Json(double value);
  /// Octets that are no UTF-8 become U+FFFD.
  Json(std::string_view value);
  Json(const char* value) : Json(std::string_view(value)) {}
  Json(const std::string& value) : Json(std::string_view(value)) {}
  template <class Text>
  Json(const std::vector<Text>& values) : Json(array()) {
    for (const Text& value : values) push_back(std::string_view(value));
  }
  Json(Members members);

  /// Empty ones.
  static Json array() { return {"[", ']'}; }
  static Json object() { return {"{", '}'}; }

  /// Appends to an array.
  void push_back(const Json& element);
  /// Appends to an object. The key must not be there yet.
  void add(std::string_view key, const Json& value);

  /// The text, in one line.
  std::string dump() const;

private:
  Json(const char* begins, char end) : text_(begins), end_(end) {}
  void append(std::string_view octets);
  void append(const Json& other);

  std::string text_;
  char end_ = '\0';  // what is still missing; 0: nothing
};

}  // namespace tacet
