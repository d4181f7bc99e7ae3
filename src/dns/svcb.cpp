#include "dns/svcb.hpp"

#include <algorithm>

#include "dns/wire.hpp"

namespace tacet {
namespace {

constexpr std::uint16_t known_ech_version = 0xFE0D;  // RFC 9849 §4

/// Takes numbers and length-prefixed parts off the front of octets. After an overrun it stays empty and broken.
class Taker {
public:
  explicit Taker(Bytes rest) : rest_(rest) {}

  Bytes take(std::size_t count) {
    if (!ok_ || count > rest_.size()) {
      ok_ = false;
      return {};
    }
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::uint8_t u8() {
    const Bytes octet = take(1);
    return ok_ ? octet[0] : std::uint8_t{0};
  }
  std::uint16_t u16() {
    const Bytes octets = take(2);
    return ok_ ? load16(octets, 0) : std::uint16_t{0};
  }
  Bytes part8() { return take(u8()); }
  Bytes part16() { return take(u16()); }
  bool empty() const { return rest_.empty(); }
  bool ok() const { return ok_; }

private:
  Bytes rest_;
  bool ok_ = true;
};

/// The name at the front of `taker`, which must not be compressed.
Result<Name> take_name(Taker& taker) {
  std::vector<std::uint8_t> wire;
  for (std::size_t length = 1; length != 0 && taker.ok() && wire.size() <= Name::max_size;) {
    length = taker.u8();
    if (length > 63) return fail(Fault::malformed, "a compressed or broken target name");
    wire.push_back(static_cast<std::uint8_t>(length));
    const Bytes label = taker.take(length);
    wire.insert(wire.end(), label.begin(), label.end());
  }
  if (!taker.ok()) return fail(Fault::malformed, "the target name is cut off");
  return Name::from_wire(wire);
}

/// RFC 9460 §8: a non-empty, strictly increasing list of other keys, all of them present.
bool mandatory_holds(const ServiceBinding& binding) {
  const auto list = binding.find(svc_param::mandatory);
  if (!list) return true;
  if (list->empty() || list->size() % 2 != 0) return false;
  std::uint16_t before = svc_param::mandatory;
  for (std::size_t at = 0; at < list->size(); at += 2) {
    const std::uint16_t key = load16(*list, at);
    if (key <= before || !binding.find(key)) return false;
    before = key;
  }
  return true;
}

/// The public_name in the contents of an ECHConfig; empty if they are malformed.
Bytes public_name_in(Bytes contents) {
  Taker taker(contents);
  taker.take(1 + 2);  // config_id, kem_id
  const Bytes public_key = taker.part16();
  const Bytes cipher_suites = taker.part16();
  taker.take(1);  // maximum_name_length
  const Bytes public_name = taker.part8();
  taker.part16();  // extensions
  const bool whole = taker.ok() && taker.empty() && !public_key.empty();
  const bool suites = cipher_suites.size() >= 4 && cipher_suites.size() % 4 == 0;
  return whole && suites ? public_name : Bytes{};
}

/// The name goes into logs, so it must look like a host name (RFC 9849 §4 demands LDH labels).
bool is_host_name(Bytes name) {
  return std::ranges::all_of(name, [](std::uint8_t octet) {
    const std::uint8_t c = fold(octet);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

std::optional<Bytes> ServiceBinding::find(std::uint16_t key) const {
  const auto found = std::ranges::lower_bound(parameters, key, {}, &Parameter::key);
  if (found == parameters.end() || found->key != key) return std::nullopt;
  return found->value;
}

Result<ServiceBinding> parse_service_binding(Bytes rdata) {
  Taker taker(rdata);
  ServiceBinding binding;
  binding.priority = taker.u16();
  const Result<Name> target = take_name(taker);
  if (!target) return fail(target.error());
  binding.target = *target;
  while (taker.ok() && !taker.empty()) {
    const std::uint16_t key = taker.u16();
    const Bytes value = taker.part16();
    if (!binding.parameters.empty() && key <= binding.parameters.back().key)
      return fail(Fault::malformed, "service parameters out of order");
    binding.parameters.push_back({key, value});
  }
  if (!taker.ok()) return fail(Fault::malformed, "a service parameter is cut off");
  if (!mandatory_holds(binding)) return fail(Fault::malformed, "a mandatory service parameter is missing or misnamed");
  return binding;
}

Result<std::string> ech_public_name(Bytes ech_config_list) {
  Taker outer(ech_config_list);
  Taker configs(outer.part16());
  if (!outer.ok() || !outer.empty() || configs.empty()) return fail(Fault::malformed, "not an ECHConfigList");
  while (!configs.empty()) {
    const std::uint16_t version = configs.u16();
    const Bytes contents = configs.part16();
    if (!configs.ok()) return fail(Fault::malformed, "an ECHConfig is cut off");
    if (version != known_ech_version) continue;
    const Bytes name = public_name_in(contents);
    if (name.empty() || !is_host_name(name)) return fail(Fault::malformed, "an ECHConfig without a usable public name");
    return std::string(name.begin(), name.end());
  }
  return fail(Fault::unsupported, "no ECHConfig of a known version");
}

}  // namespace tacet
