#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "transport/http/http_transfer.hpp"

namespace tacet {

/// The transfers of one connection, used again and again. What a burst has left over is freed: with what libcurl keeps
/// for it a transfer takes some 25 KB, and a burst must not be paid for as long as the connection lives.
class HttpTransfers {
public:
  std::size_t in_use() const { return all_.size() - free_.size(); }
  /// True if so many are there that their memory is worth a call to give it back.
  bool are_many() const { return all_.size() >= worth_giving_back; }

  /// A free one; `make` makes it if there is none. It stays free until take(). std::bad_alloc.
  template <class Make>
  HttpTransfer& next(Make&& make) {
    if (free_.empty()) {
      free_.reserve(all_.size() + 1);  // room for all of them to be free
      all_.push_back(make());
      free_.push_back(all_.back().get());
    }
    return *free_.back();
  }
  /// The one that next() has returned is in use. Needs no memory.
  void take();
  /// It carries its request no more. Needs no memory.
  void give_back(HttpTransfer& transfer);
  /// Frees those that have been free since the last call.
  void free_spare();
  /// All of them, when libcurl has let go of them.
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
