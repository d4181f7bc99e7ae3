#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "tacet/name.hpp"

/// The arithmetic of DNSSEC. signature.cpp is the only file here that sees OpenSSL.
namespace tacet {

/// True for the signature algorithms that are verified (RFC 9904): 8 and 10 (RSA), 13 and 14 (ECDSA), 15 and 16
/// (EdDSA). Zones that are signed with others only count as unsigned.
bool knows_algorithm(std::uint8_t algorithm);

/// True for the digests of DS records that are computed: 1 (SHA-1), 2 (SHA-256), 4 (SHA-384).
bool knows_digest(std::uint8_t digest_type);

/// A public key, parsed once, so that a verification costs little but its arithmetic. Move-only. One thread at a time.
class PublicKey {
public:
  /// From the public key field of a DNSKEY record (RFC 3110, 6605, 8080). Empty if the octets are no key of this
  /// algorithm, or if its verification would be too costly (RSA beyond 4096 bits or an exponent beyond 64 bits).
  static PublicKey from(std::uint8_t algorithm, Bytes public_key);

  PublicKey();
  PublicKey(PublicKey&&) noexcept;
  PublicKey& operator=(PublicKey&&) noexcept;
  ~PublicKey();

  explicit operator bool() const { return key_ != nullptr; }
  /// True if `signature`, in the form of an RRSIG record, is this key's signature of `data`.
  bool verifies(Bytes data, Bytes signature) const;
  /// True if it held a short while ago: the latest ones are remembered. Costs a microsecond.
  bool remembers(Bytes data, Bytes signature) const;
  /// What a verification costs, microseconds: an estimate for its algorithm.
  int cost() const;

private:
  struct Parsed;
  explicit PublicKey(std::unique_ptr<Parsed> key);
  std::unique_ptr<Parsed> key_;
};

/// The digest of a DS record's type over `data`; empty for a type that knows_digest() denies.
std::vector<std::uint8_t> digest_of(std::uint8_t digest_type, Bytes data);

/// Hashes names as NSEC3 does (RFC 5155 §5). Holds the library's objects, so that a hash costs only its arithmetic.
class Nsec3Hasher {
public:
  static constexpr std::size_t size = 20;  ///< octets of a hash (SHA-1)
  using Hash = std::array<std::uint8_t, size>;

  Nsec3Hasher();
  ~Nsec3Hasher();
  Nsec3Hasher(const Nsec3Hasher&) = delete;
  Nsec3Hasher& operator=(const Nsec3Hasher&) = delete;

  /// `iterations` counts the additional ones. The name is hashed in lower case.
  Hash hash(const Name& name, Bytes salt, std::uint16_t iterations);

private:
  struct Digest;
  std::unique_ptr<Digest> digest_;
};

}  // namespace tacet
