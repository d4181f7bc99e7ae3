#pragma once

namespace tacet {

/// Lets a std::unique_ptr give an object of a C library back: std::unique_ptr<SSL, FreedBy<SSL_free>>.
template <auto free>
struct FreedBy {
  void operator()(auto* object) const { free(object); }
};

}  // namespace tacet
