#pragma once
#include <algorithm>
#include <string>

#include "dns/answer_image.hpp"
#include "dns/ldns.hpp"
#include "unit/dns/wire_fixture.hpp"

/// Responses, and the images that are made of them.
namespace tacet::fixture {

inline const Octets qname = name("www.example.com");  // at 12; "example" at 16, "com" at 24
inline constexpr unsigned response = 0x8180;          // QR RD RA

inline AnswerImage image_of(const Octets& wire, bool dnssec_ok = false) { return make_image(parsed(wire), dnssec_ok); }

/// An RRSIG that covers a type; its signer is example.com.
inline Octets rrsig_rdata(Type covered) {
  return u16(static_cast<unsigned>(covered)) + Octets(16, 7) + name("example.com") + Octets(32, 9);
}

/// The record lines of a message as ldns prints them, TTLs and all.
inline std::string lines(Bytes wire) {
  const std::string text = presentation(wire).value();
  std::string records;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at && text[at] != ';') records += text.substr(at, end - at + 1);
    at = end + 1;
  }
  return records;
}

}  // namespace tacet::fixture
