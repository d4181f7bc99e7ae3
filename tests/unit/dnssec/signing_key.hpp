#pragma once
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "unit/dns/wire_fixture.hpp"

namespace tacet::fixture {

/// A key pair that signs as DNSSEC does. It shares no code with what verifies.
class SigningKey {
public:
  explicit SigningKey(unsigned algorithm = 13, unsigned flags = 257, unsigned rsa_bits = 1024)
      : algorithm_(algorithm),
        flags_(flags),
        key_(make(algorithm, rsa_bits), EVP_PKEY_free) {}

  unsigned algorithm() const { return algorithm_; }

  /// The DNSKEY record's RDATA.
  Octets rdata() const { return u16(flags_) + Octets{3, static_cast<std::uint8_t>(algorithm_)} + public_key(); }
  unsigned tag() const { return tag_of(rdata()); }
  static unsigned tag_of(const Octets& rdata) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < rdata.size(); ++i) sum += i % 2 == 0 ? rdata[i] * 256U : rdata[i];
    return (sum + (sum >> 16)) & 0xFFFF;
  }

  Octets ds_rdata(const Octets& owner, unsigned digest_type = 2) const {
    const Octets data = owner + rdata();
    Octets digest(64);
    std::size_t size = 0;
    EVP_Q_digest(nullptr,
                 digest_type == 1   ? "SHA1"
                 : digest_type == 2 ? "SHA256"
                                    : "SHA384",
                 nullptr, data.data(), data.size(), digest.data(), &size);
    digest.resize(size);
    return u16(tag()) + Octets{static_cast<std::uint8_t>(algorithm_), static_cast<std::uint8_t>(digest_type)} + digest;
  }

  /// As DNSSEC has it.
  Octets sign(const Octets& data) const {
    const Octets signature = library_signature(data);
    return is_ecdsa() ? raw(signature) : signature;
  }

  /// As the library has it.
  Octets library_signature(const Octets& data) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestSignInit_ex(context.get(), nullptr, digest(), nullptr, nullptr, key_.get(), nullptr);
    std::size_t size = 0;
    EVP_DigestSign(context.get(), nullptr, &size, data.data(), data.size());
    Octets signature(size);
    EVP_DigestSign(context.get(), signature.data(), &size, data.data(), data.size());
    signature.resize(size);
    return signature;
  }
  EVP_PKEY* pair() const { return key_.get(); }
  const char* digest() const {
    switch (algorithm_) {
      case 5:
      case 7:
        return "SHA1";
      case 10:
        return "SHA512";
      case 14:
        return "SHA384";
      case 15:
      case 16:
        return nullptr;
      default:
        return "SHA256";
    }
  }

private:
  bool is_ecdsa() const { return algorithm_ == 13 || algorithm_ == 14; }
  bool is_rsa() const { return algorithm_ == 5 || algorithm_ == 7 || algorithm_ == 8 || algorithm_ == 10; }
  std::size_t half() const { return algorithm_ == 13 ? 32 : 48; }
  static EVP_PKEY* make(unsigned algorithm, unsigned rsa_bits) {
    switch (algorithm) {
      case 13:
        return EVP_EC_gen("P-256");
      case 14:
        return EVP_EC_gen("P-384");
      case 15:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      case 16:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448");
      default:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{rsa_bits});
    }
  }

  Octets parameter(const char* name, std::size_t size) const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &number);
    Octets octets(size == 0 ? static_cast<std::size_t>(BN_num_bytes(number)) : size);
    BN_bn2binpad(number, octets.data(), static_cast<int>(octets.size()));
    BN_free(number);
    return octets;
  }

  Octets public_key() const {
    if (is_rsa()) {
      const Octets exponent = parameter(OSSL_PKEY_PARAM_RSA_E, 0);
      return Octets{static_cast<std::uint8_t>(exponent.size())} + exponent + parameter(OSSL_PKEY_PARAM_RSA_N, 0);
    }
    if (is_ecdsa()) return parameter(OSSL_PKEY_PARAM_EC_PUB_X, half()) + parameter(OSSL_PKEY_PARAM_EC_PUB_Y, half());
    Octets octets(64);
    std::size_t size = octets.size();
    EVP_PKEY_get_raw_public_key(key_.get(), octets.data(), &size);
    octets.resize(size);
    return octets;
  }

  /// The two numbers of a DER signature, each in its fixed size.
  Octets raw(const Octets& der) const {
    const std::uint8_t* at = der.data();
    ECDSA_SIG* parsed = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    Octets octets(2 * half());
    BN_bn2binpad(ECDSA_SIG_get0_r(parsed), octets.data(), static_cast<int>(half()));
    BN_bn2binpad(ECDSA_SIG_get0_s(parsed), octets.data() + half(), static_cast<int>(half()));
    ECDSA_SIG_free(parsed);
    return octets;
  }

  unsigned algorithm_;
  unsigned flags_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace tacet::fixture
