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

/// A JSON value (RFC 8259), kept as text. It is write-only. Unlike a library's tree of values, its destructor needs no
/// memory, so a lack of memory does not end the process.
class Json {
public:
  /// An object, its members in this order.
  using Members = std::initializer_list<std::pair<std::string_view, Json>>;

  Json(std::nullptr_t) : text_("null") {}
  Json(std::same_as<bool> auto value) : text_(value ? "true" : "false") {}
  Json(std::integral auto value)
    requires(!std::same_as<decltype(value), bool>)
      : text_(std::to_string(value)) {}
  /// null if JSON has no such number.
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

  /// An empty array or object.
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
  char end_ = '\0';  // the missing closing character; 0: none
};

/// An array of what `json_of` makes of each element.
template <class Elements, class JsonOf>
Json array_of(const Elements& elements, JsonOf&& json_of) {
  Json json = Json::array();
  for (const auto& element : elements) json.push_back(json_of(element));
  return json;
}

/// null for an empty text, which stands for something that is not known.
inline Json known(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace tacet
