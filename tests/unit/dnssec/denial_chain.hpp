#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "unit/dnssec/signed_zone.hpp"

/// The NSEC and NSEC3 records of a zone, made from its names. They share no code with what judges them.
namespace tacet::fixture {

/// A name of a zone and its types as presentation text: {"www.example.", "A TXT"}. A name without types is an empty
/// non-terminal.
struct Owner {
  std::string name;
  std::string types;
};
using Owners = std::vector<Owner>;

/// The labels from the right, in lower case: what the canonical order compares.
inline std::vector<std::string> reversed_labels(std::string_view name) {
  std::vector<std::string> labels{""};
  for (const char c : name.substr(0, name.ends_with('.') ? name.size() - 1 : name.size())) {
    if (c == '.')
      labels.emplace_back();
    else
      labels.back() += static_cast<char>(fold(static_cast<std::uint8_t>(c)));
  }
  std::ranges::reverse(labels);
  return labels;
}

/// One NSEC record for each name with types, in canonical order.
inline Records nsec_chain(Owners owners) {
  std::erase_if(owners, [](const Owner& owner) { return owner.types.empty(); });
  std::ranges::sort(owners, {}, [](const Owner& owner) { return reversed_labels(owner.name); });
  Records chain;
  for (std::size_t i = 0; i < owners.size(); ++i)
    chain.push_back(record_from(owners[i].name + " 300 NSEC " + owners[(i + 1) % owners.size()].name + " " +
                                owners[i].types + " RRSIG NSEC"));
  return chain;
}

/// How NSEC3 records hash.
struct Nsec3Parameters {
  unsigned flags = 0, iterations = 0;
  Octets salt{};
  unsigned algorithm = 1;
};

inline Octets nsec3_hash(const Octets& lower_name, const Nsec3Parameters& how) {
  Octets hash = lower_name;
  for (unsigned round = 0; round <= how.iterations; ++round) {
    const Octets input = hash + how.salt;
    hash.assign(20, 0);
    std::size_t size = 0;
    EVP_Q_digest(nullptr, "SHA1", nullptr, input.data(), input.size(), hash.data(), &size);
  }
  return hash;
}

inline std::string base32hex(const Octets& octets) {
  std::string text;
  for (std::size_t bit = 0; bit < octets.size() * 8; bit += 5) {
    const unsigned pair = unsigned{octets[bit / 8]} << 8U | (bit / 8 + 1 < octets.size() ? octets[bit / 8 + 1] : 0U);
    text += "0123456789abcdefghijklmnopqrstuv"[pair >> (11 - bit % 8) & 31U];
  }
  return text;
}

inline Octets type_bitmap_of(std::string_view types) {
  if (types.empty()) return {};
  const Octets rdata = record_from("x. 300 NSEC . " + std::string(types)).rdata;
  return {rdata.begin() + 1, rdata.end()};
}

/// One NSEC3 record for each name, empty non-terminals included, in the order of the hashes.
inline Records nsec3_chain(std::string_view zone, const Owners& owners, const Nsec3Parameters& how = {}) {
  std::map<Octets, std::string> types;
  for (const Owner& owner : owners) {
    std::string lower(owner.name);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return static_cast<char>(fold(static_cast<std::uint8_t>(c))); });
    types[nsec3_hash(octets(named(lower).wire()), how)] = owner.types;
  }
  Records chain;
  for (auto at = types.begin(); at != types.end(); ++at) {
    const Octets& next = std::next(at) == types.end() ? types.begin()->first : std::next(at)->first;
    chain.push_back({name(base32hex(at->first) + (zone.empty() ? "" : ".") + std::string(zone)), Type::nsec3, 300,
                     Octets{static_cast<std::uint8_t>(how.algorithm), static_cast<std::uint8_t>(how.flags)} +
                         u16(how.iterations) + Octets{static_cast<std::uint8_t>(how.salt.size())} + how.salt +
                         Octets{20} + next + type_bitmap_of(at->second)});
  }
  return chain;
}

/// Each record with its signature.
inline Records signed_each(const SignedZone& zone, const Records& records) {
  Records all;
  for (const Record& record : records) all = all + zone.sign({record});
  return all;
}

}  // namespace tacet::fixture
