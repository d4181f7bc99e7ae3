#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace tacet {

/// Message IDs that nobody can guess (RFC 5452 §4.3), fresh from the kernel's generator; one system call for 128.
class QueryIds {
public:
  std::uint16_t next();

private:
  std::array<std::uint16_t, 128> drawn_{};
  std::size_t left_ = 0;
};

}  // namespace tacet
