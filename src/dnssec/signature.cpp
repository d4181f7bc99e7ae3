#include "dnssec/signature.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <optional>
#include <span>

#include "base/freed_by.hpp"
#include "dns/wire.hpp"
#include "dnssec/canonical.hpp"

namespace tacet {
namespace {

using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreedBy<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreedBy<EVP_MD_CTX_free>>;
using DigestMethod = std::unique_ptr<EVP_MD, FreedBy<EVP_MD_free>>;

/// One signature algorithm of the IANA registry.
struct Algorithm {
  enum class Kind : std::uint8_t { rsa, ecdsa, eddsa };
  std::uint8_t number;
  Kind kind;
  const char* name;    ///< of the digest for RSA, of the curve otherwise
  const char* digest;  ///< null if the algorithm brings its own
  std::size_t half;    ///< octets of a coordinate, or of an EdDSA key
  int cost;            ///< of a verification, microseconds; of RSA, what comes to that of the powers
};
constexpr Algorithm algorithms[] = {
    {8, Algorithm::Kind::rsa, "RSA", "SHA256", 0, 10},
    {10, Algorithm::Kind::rsa, "RSA", "SHA512", 0, 10},
    {13, Algorithm::Kind::ecdsa, "prime256v1", "SHA256", 32, 100},
    {14, Algorithm::Kind::ecdsa, "secp384r1", "SHA384", 48, 1000},
    {15, Algorithm::Kind::eddsa, "ED25519", nullptr, 32, 160},
    {16, Algorithm::Kind::eddsa, "ED448", nullptr, 57, 600},
};

const Algorithm* algorithm_of(std::uint8_t number) {
  const auto found = std::ranges::find(algorithms, number, &Algorithm::number);
  return found == std::end(algorithms) ? nullptr : found;
}

const char* digest_name(std::uint8_t digest_type) {
  switch (digest_type) {
    case 1:
      return "SHA1";
    case 2:
      return "SHA256";
    case 4:
      return "SHA384";
    default:
      return nullptr;
  }
}

/// What the library complained about stays in a queue of the thread, where TLS would take it for its own.
void forget_errors() { ERR_clear_error(); }

Key key_from(const char* type, OSSL_PARAM* parameters) {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) <= 0) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) <= 0) return nullptr;
  return Key(key);
}

Bytes without_leading_zeros(Bytes number) {
  while (!number.empty() && number[0] == 0) number = number.subspan(1);
  return number;
}

/// A number as the library's parameters want it: in the byte order of the machine.
std::vector<std::uint8_t> native(Bytes number) {
  std::vector<std::uint8_t> octets(number.begin(), number.end());
  if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(octets);
  return octets;
}

/// The public key of RSA, its numbers without leading zeros.
struct RsaNumbers {
  Bytes exponent, modulus;
};

/// RFC 3110 §2: the exponent's length in one or three octets, the exponent, the modulus. Nothing if that is no key, or
/// too large a one.
std::optional<RsaNumbers> rsa_numbers(Bytes octets) {
  constexpr std::size_t least_modulus = 64, most_modulus = 512, most_exponent = 8;
  if (octets.size() < 3) return std::nullopt;
  const bool is_long = octets[0] == 0;
  const std::size_t size = is_long ? std::size_t{octets[1]} << 8 | octets[2] : octets[0];
  octets = octets.subspan(is_long ? 3 : 1);
  if (octets.size() <= size) return std::nullopt;
  const RsaNumbers key{without_leading_zeros(octets.first(size)), without_leading_zeros(octets.subspan(size))};
  if (key.exponent.empty() || key.exponent.size() > most_exponent) return std::nullopt;
  if (key.modulus.size() < least_modulus || key.modulus.size() > most_modulus) return std::nullopt;
  return key;
}

Key rsa_key(Bytes octets) {
  const auto numbers = rsa_numbers(octets);
  if (!numbers) return nullptr;
  std::vector<std::uint8_t> exponent = native(numbers->exponent), modulus = native(numbers->modulus);
  std::array parameters{OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus.data(), modulus.size()),
                        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent.data(), exponent.size()),
                        OSSL_PARAM_construct_end()};
  return key_from("RSA", parameters.data());
}

/// The powers of an RSA verification, microseconds: one multiplication for each bit of the exponent and one more for
/// each that is set. A hostile zone can have an exponent that costs six times the usual one.
int cost_of_powers(Bytes public_key) {
  constexpr std::size_t octets_squared_of_a_microsecond = 57000;
  const auto numbers = rsa_numbers(public_key);
  if (!numbers) return 0;
  std::size_t multiplications = 0;
  for (const std::uint8_t octet : numbers->exponent)
    multiplications += 8U + static_cast<std::size_t>(std::popcount(octet));
  return static_cast<int>(multiplications * numbers->modulus.size() * numbers->modulus.size() /
                          octets_squared_of_a_microsecond);
}

/// RFC 6605 §4: the two coordinates of a point.
Key ecdsa_key(const Algorithm& algorithm, Bytes octets) {
  if (octets.size() != 2 * algorithm.half) return nullptr;
  constexpr std::uint8_t uncompressed = 4;
  std::vector<std::uint8_t> point{uncompressed};
  point.insert(point.end(), octets.begin(), octets.end());
  std::string curve(algorithm.name);
  std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve.data(), 0),
                        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                        OSSL_PARAM_construct_end()};
  return key_from("EC", parameters.data());
}

Key eddsa_key(const Algorithm& algorithm, Bytes octets) {
  if (octets.size() != algorithm.half) return nullptr;
  return Key(EVP_PKEY_new_raw_public_key_ex(nullptr, algorithm.name, nullptr, octets.data(), octets.size()));
}

Key make_key(const Algorithm& algorithm, Bytes octets) {
  switch (algorithm.kind) {
    case Algorithm::Kind::rsa:
      return rsa_key(octets);
    case Algorithm::Kind::ecdsa:
      return ecdsa_key(algorithm, octets);
    case Algorithm::Kind::eddsa:
      return eddsa_key(algorithm, octets);
  }
  return nullptr;
}

/// An ECDSA signature as the library wants it: a DER sequence of two integers.
class DerSignature {
public:
  /// Pre: `raw` has two halves of at most 48 octets.
  explicit DerSignature(Bytes raw) {
    octets_[size_++] = 0x30;
    size_ += 1;  // the length, at most 2 * (48 + 3) = 102: one octet
    integer(raw.first(raw.size() / 2));
    integer(raw.subspan(raw.size() / 2));
    octets_[1] = static_cast<std::uint8_t>(size_ - 2);
  }
  Bytes octets() const { return {octets_.data(), size_}; }

private:
  void integer(Bytes number) {
    number = without_leading_zeros(number);
    const bool needs_zero = number.empty() || number[0] >= 0x80;
    octets_[size_++] = 0x02;
    octets_[size_++] = static_cast<std::uint8_t>(number.size() + (needs_zero ? 1 : 0));
    if (needs_zero) octets_[size_++] = 0;
    std::ranges::copy(number, octets_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += number.size();
  }

  std::array<std::uint8_t, 112> octets_{};
  std::size_t size_ = 0;
};

/// The latest signatures that held, as digests of what was signed and of the signature: an SOA and a wildcard's denial
/// come with each NXDOMAIN of a zone, and a record comes again when its TTL has ended.
class HeldSignatures {
public:
  using Digest = std::array<std::uint8_t, 32>;

  bool has(const Digest& digest) const { return std::ranges::find(digests_, digest) != digests_.end(); }
  /// The oldest one makes room.
  void add(const Digest& digest) {
    if (digests_.size() < most) {
      digests_.push_back(digest);
    } else {
      digests_[oldest_] = digest;
      oldest_ = (oldest_ + 1) % most;
    }
  }

private:
  static constexpr std::size_t most = 32;

  std::vector<Digest> digests_;
  std::size_t oldest_ = 0;
};

}  // namespace

bool knows_algorithm(std::uint8_t algorithm) { return algorithm_of(algorithm) != nullptr; }
bool knows_digest(std::uint8_t digest_type) { return digest_name(digest_type) != nullptr; }

/// The library's objects for one key. The context of RSA and ECDSA is made once for all verifications.
struct PublicKey::Parsed {
  const Algorithm& algorithm;
  Key key;
  DigestMethod digest;
  KeyContext context;
  DigestContext hashing;
  DigestContext remembering;
  DigestMethod memory_digest;
  HeldSignatures held;
  int cost = algorithm.cost;

  bool prepare() {
    hashing.reset(EVP_MD_CTX_new());
    remembering.reset(EVP_MD_CTX_new());
    memory_digest.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    if (!hashing || !remembering || !memory_digest) return false;
    if (algorithm.kind == Algorithm::Kind::eddsa) return true;
    digest.reset(EVP_MD_fetch(nullptr, algorithm.digest, nullptr));
    context.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    if (!digest || !context || EVP_PKEY_verify_init(context.get()) <= 0) return false;
    if (algorithm.kind == Algorithm::Kind::rsa && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) <= 0)
      return false;
    return EVP_PKEY_CTX_set_signature_md(context.get(), digest.get()) > 0;
  }

  bool verifies_digest(Bytes data, Bytes signature) const {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash;
    unsigned size = 0;
    if (EVP_DigestInit_ex(hashing.get(), digest.get(), nullptr) <= 0 ||
        EVP_DigestUpdate(hashing.get(), data.data(), data.size()) <= 0 ||
        EVP_DigestFinal_ex(hashing.get(), hash.data(), &size) <= 0)
      return false;
    return EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hash.data(), size) == 1;
  }

  /// The digest under which a signature is remembered; nothing if the library cannot make it. The size comes first, so
  /// that no octet can change from one part to the other.
  std::optional<HeldSignatures::Digest> memory_of(Bytes data, Bytes signature) const {
    HeldSignatures::Digest memory;
    std::array<std::uint8_t, 4> size;
    store32(size, 0, static_cast<std::uint32_t>(signature.size()));
    const bool made = EVP_DigestInit_ex(remembering.get(), memory_digest.get(), nullptr) > 0 &&
                      EVP_DigestUpdate(remembering.get(), size.data(), size.size()) > 0 &&
                      EVP_DigestUpdate(remembering.get(), signature.data(), signature.size()) > 0 &&
                      EVP_DigestUpdate(remembering.get(), data.data(), data.size()) > 0 &&
                      EVP_DigestFinal_ex(remembering.get(), memory.data(), nullptr) > 0;
    return made ? std::optional(memory) : std::nullopt;
  }

  bool remembers(Bytes data, Bytes signature) const {
    const auto memory = memory_of(data, signature);
    return memory && held.has(*memory);
  }

  bool verifies(Bytes data, Bytes signature) {
    if (!computes(data, signature)) return false;
    if (const auto memory = memory_of(data, signature)) held.add(*memory);
    return true;
  }

  bool computes(Bytes data, Bytes signature) const {
    switch (algorithm.kind) {
      case Algorithm::Kind::rsa:
        return verifies_digest(data, signature);
      case Algorithm::Kind::ecdsa:
        return signature.size() == 2 * algorithm.half && verifies_digest(data, DerSignature(signature).octets());
      case Algorithm::Kind::eddsa:
        return EVP_DigestVerifyInit(hashing.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
               EVP_DigestVerify(hashing.get(), signature.data(), signature.size(), data.data(), data.size()) == 1;
    }
    return false;
  }
};

PublicKey::PublicKey() = default;
PublicKey::PublicKey(PublicKey&&) noexcept = default;
PublicKey& PublicKey::operator=(PublicKey&&) noexcept = default;
PublicKey::~PublicKey() = default;
PublicKey::PublicKey(std::unique_ptr<Parsed> key) : key_(std::move(key)) {}

PublicKey PublicKey::from(std::uint8_t algorithm, Bytes public_key) {
  const Algorithm* known = algorithm_of(algorithm);
  if (known == nullptr) return {};
  auto parsed = std::make_unique<Parsed>(*known, make_key(*known, public_key));
  if (known->kind == Algorithm::Kind::rsa) parsed->cost += cost_of_powers(public_key);
  const bool ready = parsed->key && parsed->prepare();
  if (!ready) forget_errors();
  return ready ? PublicKey(std::move(parsed)) : PublicKey();
}

bool PublicKey::verifies(Bytes data, Bytes signature) const {
  if (!key_ || signature.empty()) return false;
  const bool good = key_->verifies(data, signature);
  if (!good) forget_errors();
  return good;
}

bool PublicKey::remembers(Bytes data, Bytes signature) const { return key_ && key_->remembers(data, signature); }

int PublicKey::cost() const { return key_ ? key_->cost : 0; }

std::vector<std::uint8_t> digest_of(std::uint8_t digest_type, Bytes data) {
  const char* name = digest_name(digest_type);
  if (name == nullptr) return {};
  std::vector<std::uint8_t> digest(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, name, nullptr, data.data(), data.size(), digest.data(), &size) <= 0) forget_errors();
  digest.resize(size);
  return digest;
}

struct Nsec3Hasher::Digest {
  DigestMethod method{EVP_MD_fetch(nullptr, "SHA1", nullptr)};
  DigestContext context{EVP_MD_CTX_new()};
};

Nsec3Hasher::Nsec3Hasher() : digest_(std::make_unique<Digest>()) {
  if (!digest_->method || !digest_->context) throw std::bad_alloc();
}
Nsec3Hasher::~Nsec3Hasher() = default;

Nsec3Hasher::Hash Nsec3Hasher::hash(const Name& name, Bytes salt, std::uint16_t iterations) {
  const Name lower = canonical(name);
  Hash hash{};
  Bytes input = lower.wire();
  for (unsigned round = 0; round <= iterations; ++round) {
    EVP_DigestInit_ex(digest_->context.get(), digest_->method.get(), nullptr);
    EVP_DigestUpdate(digest_->context.get(), input.data(), input.size());
    EVP_DigestUpdate(digest_->context.get(), salt.data(), salt.size());
    EVP_DigestFinal_ex(digest_->context.get(), hash.data(), nullptr);
    input = hash;
  }
  return hash;
}

}  // namespace tacet
