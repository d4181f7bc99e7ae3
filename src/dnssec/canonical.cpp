#include "dnssec/canonical.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "dns/rdata_shape.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

/// Where the labels of a name begin, the last one last.
class LabelOffsets {
public:
  explicit LabelOffsets(Bytes name) {
    for (std::size_t at = 0; name[at] != 0; at += name[at] + 1U) offsets_[count_++] = static_cast<std::uint8_t>(at);
  }
  std::size_t count() const { return count_; }
  /// Counted from the right, 0 is the last label.
  std::size_t from_right(std::size_t index) const { return offsets_[count_ - 1 - index]; }

private:
  std::array<std::uint8_t, Name::max_size / 2> offsets_;
  std::size_t count_ = 0;
};

Bytes label_at(Bytes name, std::size_t at) { return name.subspan(at + 1, name[at]); }

std::strong_ordering label_order(Bytes a, Bytes b) {
  return std::lexicographical_compare_three_way(
      a.begin(), a.end(), b.begin(), b.end(),
      [](std::uint8_t left, std::uint8_t right) { return fold(left) <=> fold(right); });
}

void append_canonical(std::vector<std::uint8_t>& out, const Name& name) {
  for (const std::uint8_t octet : name.wire()) out.push_back(fold(octet));
}

/// True for the types whose names are put in lower case: not those that came after RFC 3597, nor NSEC (RFC 6840 §5.1).
bool lowers_names(Type type) { return type != Type::nsec && type != Type::svcb && type != Type::https; }

std::size_t behind_strings(Bytes message, std::size_t at, int strings) {
  for (; strings > 0; --strings) at += message[at] + 1U;
  return at;
}

}  // namespace

std::strong_ordering canonical_order(const Name& a, const Name& b) {
  const LabelOffsets left(a.wire()), right(b.wire());
  for (std::size_t i = 0; i < std::min(left.count(), right.count()); ++i) {
    const auto order = label_order(label_at(a.wire(), left.from_right(i)), label_at(b.wire(), right.from_right(i)));
    if (order != 0) return order;
  }
  return left.count() <=> right.count();
}

Name canonical(const Name& name) {
  std::array<std::uint8_t, Name::max_size> octets;
  std::ranges::transform(name.wire(), octets.begin(), fold);
  return Name::from_checked_wire({octets.data(), name.wire().size()});
}

Name ancestor(const Name& name, std::size_t labels) {
  const LabelOffsets offsets(name.wire());
  if (labels >= offsets.count()) return name;
  return labels == 0 ? Name() : Name::from_checked_wire(name.wire().subspan(offsets.from_right(labels - 1)));
}

Name common_ancestor(const Name& a, const Name& b) {
  const LabelOffsets left(a.wire()), right(b.wire());
  std::size_t same = 0;
  while (same < std::min(left.count(), right.count()) &&
         label_order(label_at(a.wire(), left.from_right(same)), label_at(b.wire(), right.from_right(same))) == 0)
    ++same;
  return ancestor(a, same);
}

Name wildcard_below(const Name& name) {
  std::array<std::uint8_t, Name::max_size> octets{1, '*'};
  std::ranges::copy(name.wire(), octets.begin() + 2);
  return Name::from_checked_wire({octets.data(), name.wire().size() + 2});
}

bool is_wildcard(const Name& name) { return name.wire()[0] == 1 && name.wire()[1] == '*'; }

std::vector<std::uint8_t> canonical_rdata(Bytes message, const ResourceRecord& record) {
  const Bytes rdata = message.subspan(record.rdata, record.rdata_size);
  const RdataShape shape = shape_of(record.type);
  std::vector<std::uint8_t> out;
  out.reserve(rdata.size());
  if (shape.names == 0 || !lowers_names(record.type)) {
    out.assign(rdata.begin(), rdata.end());
    return out;
  }
  std::size_t at = behind_strings(message, record.rdata + std::size_t{shape.before}, shape.strings);
  out.assign(rdata.begin(), rdata.begin() + static_cast<std::ptrdiff_t>(at - record.rdata));
  for (int names = shape.names; names > 0; --names) {
    append_canonical(out, expand_name(message, at));
    at = skip_name(message, at);
  }
  const Bytes rest = rdata.subspan(at - record.rdata);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::vector<std::uint8_t> signed_data(const RRset& rrset, const Rrsig& signature) {
  std::vector<std::vector<std::uint8_t>> rdatas;
  rdatas.reserve(rrset.records.size());
  std::size_t size = Rrsig::fixed_size + signature.signer.wire().size();
  for (const ResourceRecord& record : rrset.records) {
    rdatas.push_back(canonical_rdata(rrset.message, record));
    size += rrset.owner.wire().size() + record_head_size + rdatas.back().size();
  }
  std::ranges::sort(rdatas);
  const auto twins = std::ranges::unique(rdatas);
  rdatas.erase(twins.begin(), twins.end());
  const bool expanded = signature.labels < rrset.owner.label_count();
  const Name owner = canonical(expanded ? wildcard_below(ancestor(rrset.owner, signature.labels)) : rrset.owner);
  std::vector<std::uint8_t> data(signature.fixed.begin(), signature.fixed.end());
  data.reserve(size + 2);
  append_canonical(data, signature.signer);
  for (const std::vector<std::uint8_t>& rdata : rdatas) {
    data.insert(data.end(), owner.wire().begin(), owner.wire().end());
    std::array<std::uint8_t, record_head_size> head;
    WireWriter out(head);
    out.u16(static_cast<std::uint16_t>(rrset.type));
    out.u16(static_cast<std::uint16_t>(Class::in));
    out.u32(signature.original_ttl);
    out.u16(static_cast<std::uint16_t>(rdata.size()));
    data.insert(data.end(), head.begin(), head.end());
    data.insert(data.end(), rdata.begin(), rdata.end());
  }
  return data;
}

}  // namespace tacet
