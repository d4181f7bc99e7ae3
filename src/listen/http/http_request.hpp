#pragma once
#include <map>
#include <string>
#include <string_view>

#include "tacet/result.hpp"

namespace tacet {

/// An HTTP/1 request without its body (RFC 9112).
struct HttpRequest {
  std::string method;                                  ///< "GET"
  std::string target;                                  ///< "/status?a=b", as sent, in origin form
  std::string path;                                    ///< "/status", as sent
  std::multimap<std::string, std::string> parameters;  ///< of the query behind the path, decoded
  std::multimap<std::string, std::string> fields;      ///< of the head, by name in lower case

  bool has(const std::string& name) const { return parameters.contains(name); }
  /// The first value of that name; empty if there is none.
  std::string get(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
  }
  /// True if the fields of that name, which are one list of words, have this word in any case (RFC 9110 §5.6.1).
  bool lists(const std::string& field, std::string_view word) const;
};

/// Reads a head: the request line and the fields, each with its CRLF, up to the empty line or the end. Fault::malformed
/// for syntax that a strict reader refuses: bare line ends, control characters, blanks around a field's name, folded
/// lines. A target in absolute form is cut to origin form, and its authority takes the place of the Host field (RFC
/// 9112 §3.2.2).
Result<HttpRequest> parse_http_request(std::string_view head);

/// "a%20b" for "a b": encodes everything but letters, digits and "-._~" (RFC 3986 §2).
std::string percent_encoded(std::string_view text);

}  // namespace tacet
