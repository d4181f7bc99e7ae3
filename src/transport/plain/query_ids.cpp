#include "transport/plain/query_ids.hpp"

#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

#include <cerrno>
#include <system_error>

namespace tacet {

std::uint16_t QueryIds::next() {
  if (left_ == 0) {
    if (::getentropy(drawn_.data(), sizeof drawn_) != 0)
      throw std::system_error(errno, std::generic_category(), "the kernel gives no random numbers");
    left_ = drawn_.size();
  }
  return drawn_[--left_];
}

}  // namespace tacet
