#pragma once
#include "tacet/message.hpp"

namespace tacet {

/// The type by which a zone says that the owner of an NSEC record does not exist (RFC 9824 §3).
inline constexpr Type nxname{128};

/// The types that an NSEC or NSEC3 record says its owner has (RFC 4034 §4.1.2). Views octets of a message. A broken
/// window ends it.
class TypeBitmap {
public:
  TypeBitmap() = default;
  explicit TypeBitmap(Bytes windows) : windows_(windows) {}

  bool has(Type type) const;
  /// True if it has no type but those that each signed name has (RRSIG, NSEC), or NXNAME.
  bool is_bare() const;

private:
  Bytes windows_;
};

}  // namespace tacet
