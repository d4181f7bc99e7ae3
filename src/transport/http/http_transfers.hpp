#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "transport/http/http_transfer.hpp"

namespace tacet {

/// The transfers of one connection, used again and again. Transfers that only a burst needed are freed: each takes some
/// 25 KB with libcurl's own memory, and the connection may live long.
class HttpTransfers {
public:
  std::size_t in_use() const { return all_.size() - free_.size(); }
  /// True if their number makes a call worthwhile that returns their memory.
  bool are_many() const { return all_.size() >= worth_giving_back; }

  /// Returns a free transfer; calls `make` if there is none. It stays free until take(). std::bad_alloc.
  template <class Make>
  HttpTransfer& next(Make&& make) {
    if (free_.empty()) {
      free_.reserve(all_.size() + 1);  // room for all of them to be free
      all_.push_back(make());
      free_.push_back(all_.back().get());
    }
    return *free_.back();
  }
  /// Marks the transfer that next() returned as in use. Needs no memory.
  void take();
  /// Marks it as free. Needs no memory.
  void give_back(HttpTransfer& transfer);
  /// Frees those that have been free since the last call.
  void free_spare();
  /// Frees all of them. Pre: libcurl holds none.
  void clear();

  /// Octets of bodies that have come, of all requests.
  std::uint64_t body_octets() const;
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

private:
  static constexpr std::size_t worth_giving_back = 16;

  std::vector<std::unique_ptr<HttpTransfer>> all_;
  std::vector<HttpTransfer*> free_;  // the last is the next to be used
  std::size_t spare_ = 0;            // of those, how many were never needed since the last free_spare()
};

}  // namespace tacet
