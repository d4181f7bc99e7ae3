#include "transport/http/http_transfers.hpp"

#include <algorithm>

#include "base/memory.hpp"

namespace tacet {

void HttpTransfers::take() {
  free_.pop_back();
  spare_ = std::min(spare_, free_.size());
}

void HttpTransfers::give_back(HttpTransfer& transfer) {
  transfer.unload();
  free_.push_back(&transfer);
}

void HttpTransfers::free_spare() {
  const auto ends = free_.begin() + static_cast<std::ptrdiff_t>(spare_);  // the last to be used again are in front
  std::erase_if(all_, [&](const auto& each) { return std::find(free_.begin(), ends, each.get()) != ends; });
  free_.erase(free_.begin(), ends);
  if (spare_ >= worth_giving_back) give_back_memory();
  spare_ = free_.size();
}

void HttpTransfers::clear() {
  all_.clear();
  free_.clear();
}

std::uint64_t HttpTransfers::body_octets() const {
  std::uint64_t octets = 0;
  for (const auto& transfer : all_) octets += transfer->body_octets();
  return octets;
}

}  // namespace tacet
