#pragma once
#include <stdbool.h>  // before ldns, which defines bool itself otherwise
//
#include <ldns/ldns.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/instant.hpp"
#include "unit/dnssec/signing_key.hpp"

/// Zones that sign, and packets made of their records. They share no code with what judges them.
namespace tacet::fixture {

/// One record, its names uncompressed.
struct Record {
  Octets owner;
  Type type = Type::a;
  std::uint32_t ttl = 300;
  Octets rdata;
};
using Records = std::vector<Record>;

inline Records operator+(Records left, const Records& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// From presentation form: "www.example. 300 A 192.0.2.1".
inline Record record_from(std::string_view line) {
  ldns_rr* parsed = nullptr;
  if (ldns_rr_new_frm_str(&parsed, std::string(line).c_str(), 300, nullptr, nullptr) != LDNS_STATUS_OK)
    throw std::runtime_error("no record: " + std::string(line));
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  ldns_rr2wire(&wire, parsed, LDNS_SECTION_ANSWER, &size);
  const std::size_t owner = ldns_rdf_size(ldns_rr_owner(parsed));
  Record record{{wire, wire + owner},
                static_cast<Type>(ldns_rr_get_type(parsed)),
                ldns_rr_ttl(parsed),
                {wire + owner + 10, wire + size}};
  std::free(wire);
  ldns_rr_free(parsed);
  return record;
}

inline Records records_from(std::initializer_list<std::string_view> lines) {
  Records records;
  for (const std::string_view line : lines) records.push_back(record_from(line));
  return records;
}

inline Name name_of(const Octets& wire) { return Name::from_wire(wire).value(); }
inline unsigned labels_of(const Octets& owner) { return static_cast<unsigned>(name_of(owner).label_count()); }

/// Noon of a day on which the zones are signed.
inline const WallTime noon = std::chrono::sys_days{std::chrono::year{2026} / 12 / 1} + std::chrono::hours(12);
inline std::uint32_t seconds(WallTime time) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

/// What a signature says of itself; what is not set is as it should be.
struct Signing {
  std::uint32_t inception = seconds(noon - std::chrono::days(10)), expiration = seconds(noon + std::chrono::days(20));
  std::optional<unsigned> labels{}, algorithm{}, tag{};
  std::optional<std::uint32_t> original_ttl{};
  std::optional<Octets> signer{}, signed_owner{};
  bool wrong = false;  ///< one bit of the signature is turned
};

/// A zone with one key, or with the keys that a test gives it.
class SignedZone {
public:
  explicit SignedZone(std::string_view name, SigningKey key = SigningKey())
      : name_(fixture::name(name)),
        keys_{std::move(key)} {}

  const Octets& name() const { return name_; }
  const SigningKey& key() const { return keys_.front(); }
  void add(SigningKey key) { keys_.push_back(std::move(key)); }
  void drop_first_key() { keys_.erase(keys_.begin()); }

  /// One RRset with its signature.
  Records sign(Records rrset, const Signing& how = {}) const { return sign_with(key(), std::move(rrset), how); }
  Records sign(std::initializer_list<std::string_view> lines, const Signing& how = {}) const {
    return sign(records_from(lines), how);
  }

  Records sign_with(const SigningKey& by, Records rrset, const Signing& how = {}) const {
    rrset.push_back(signature(by, rrset, how));
    return rrset;
  }

  /// The RRSIG record alone.
  Record signature(const SigningKey& by, Records rrset, const Signing& how = {}) const {
    const Record& first = rrset.front();
    const bool is_wildcard = first.owner[0] == 1 && first.owner[1] == '*';
    const unsigned labels = how.labels.value_or(labels_of(first.owner) - (is_wildcard ? 1 : 0));
    const std::uint32_t ttl = how.original_ttl.value_or(first.ttl);
    const Octets head =
        u16(static_cast<unsigned>(first.type)) +
        Octets{static_cast<std::uint8_t>(how.algorithm.value_or(by.algorithm())), static_cast<std::uint8_t>(labels)} +
        u32(ttl) + u32(how.expiration) + u32(how.inception) + u16(how.tag.value_or(by.tag())) +
        how.signer.value_or(name_);
    std::ranges::sort(rrset, {}, &Record::rdata);
    Octets data = head;
    for (const Record& one : rrset)
      data = data + record(how.signed_owner.value_or(first.owner), one.type, ttl, one.rdata);
    Octets made = by.sign(data);
    if (how.wrong) made.back() ^= 1;
    return {first.owner, Type::rrsig, first.ttl, head + made};
  }

  /// Records made from a wildcard: signed as "*.SOURCE", shown under `owner`.
  Records expand(std::string_view source, std::string_view owner, Records rrset) const {
    const Octets wildcard = fixture::name("*." + std::string(source));
    for (Record& one : rrset) one.owner = fixture::name(owner);
    return sign(std::move(rrset), {.labels = labels_of(wildcard) - 1, .signed_owner = wildcard});
  }

  Records dnskey(const Signing& how = {}) const { return sign(dnskey_records(), how); }
  Records dnskey_records() const {
    Records rrset;
    for (const SigningKey& one : keys_) rrset.push_back({name_, Type::dnskey, 3600, one.rdata()});
    return rrset;
  }
  Record ds(unsigned digest_type = 2) const { return {name_, Type::ds, 3600, key().ds_rdata(name_, digest_type)}; }

  Records soa() const { return sign({{name_, Type::soa, 600, soa_rdata(fixture::name("ns.test"), 300)}}); }

private:
  Octets name_;
  std::vector<SigningKey> keys_;
};

/// A response under construction.
struct Packet {
  Question question;
  unsigned rcode = 0;
  Records answer{}, authority{};

  Message message() const { return parsed(wire()); }
  Octets wire() const {
    Octets all = header(0, 0x8180 | rcode,
                        {.answers = static_cast<unsigned>(answer.size()),
                         .authorities = static_cast<unsigned>(authority.size()),
                         .additionals = 1}) +
                 fixture::question(octets(question.name.wire()), question.type, question.qclass);
    for (const Records* section : {&answer, &authority})
      for (const Record& one : *section) all = all + record(one.owner, one.type, one.ttl, one.rdata);
    return all + opt(1232, 0x8000);
  }
};

/// "www.example. A"
inline Question ask(std::string_view name, Type type = Type::a) { return {named(name), type, Class::in}; }

}  // namespace tacet::fixture
