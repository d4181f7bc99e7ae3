#include "control/page_passes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace tacet {
namespace {

/// Looks at every octet, so that its time does not depend on the first one that differs.
bool is_same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

std::string new_pass() {
  std::array<std::uint8_t, 16> octets{};
  if (::getentropy(octets.data(), octets.size()) != 0) throw std::runtime_error("the system gives no random octets");
  return fmt::format("{:02x}", fmt::join(octets, ""));
}

}  // namespace

std::string PagePasses::issue(Instant now) {
  std::string pass = new_pass();
  const std::lock_guard lock(mutex_);
  std::erase_if(issued_, [&](const Issued& each) { return each.ends <= now; });
  if (issued_.size() >= most) issued_.erase(issued_.begin());
  issued_.push_back({pass, now + lasts});
  return pass;
}

bool PagePasses::admits(std::string_view pass, Instant now) const {
  const std::lock_guard lock(mutex_);
  bool admitted = false;
  for (const Issued& each : issued_) admitted |= now < each.ends && is_same(pass, each.pass);
  return admitted;
}

}  // namespace tacet
