#include "dnssec/signature.hpp"

#include <doctest/doctest.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "dnssec/keys.hpp"
#include "unit/dnssec/signing_key.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

const Octets data{'d', 'a', 't', 'a'};

/// An RSA key with an exponent of its own, as a DNSKEY record has it, and a signature of `data`.
std::pair<Octets, Octets> rsa_with_exponent(const char* hexadecimal) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  BIGNUM* exponent = nullptr;
  BN_hex2bn(&exponent, hexadecimal);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_rsa_keygen_bits(context, 1024);
  EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, exponent);
  EVP_PKEY_generate(context, &key);
  BIGNUM* modulus = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus);
  Octets n(static_cast<std::size_t>(BN_num_bytes(modulus))), e(static_cast<std::size_t>(BN_num_bytes(exponent)));
  BN_bn2bin(modulus, n.data());
  BN_bn2bin(exponent, e.data());
  EVP_MD_CTX* hashing = EVP_MD_CTX_new();
  EVP_DigestSignInit_ex(hashing, nullptr, "SHA256", nullptr, nullptr, key, nullptr);
  Octets signature(n.size());
  std::size_t size = signature.size();
  EVP_DigestSign(hashing, signature.data(), &size, data.data(), data.size());
  EVP_MD_CTX_free(hashing);
  BN_free(modulus);
  BN_free(exponent);
  EVP_PKEY_free(key);
  EVP_PKEY_CTX_free(context);
  return {Octets{static_cast<std::uint8_t>(e.size())} + e + n, signature};
}

}  // namespace

TEST_CASE("Each algorithm verifies what its key signed, and nothing else") {
  for (const unsigned algorithm : {8U, 10U, 13U, 14U, 15U, 16U}) {
    CAPTURE(algorithm);
    const SigningKey signing(algorithm);
    const Octets rdata = signing.rdata();
    const Dnskey dnskey = read_dnskey(rdata);
    CHECK(dnskey.tag() == signing.tag());
    const PublicKey key = PublicKey::from(dnskey.algorithm, dnskey.public_key());
    REQUIRE(key);
    for (int round = 0; round < 50; ++round) {
      Octets signature = signing.sign(data);
      if (round == 0) CHECK(!key.remembers(data, signature));
      REQUIRE(key.verifies(data, signature));
      CHECK(key.remembers(data, signature));
      CHECK(!key.remembers(Bytes(data).subspan(1), signature + Octets{data[0]}));
      CHECK(!key.verifies(Octets{'d'}, signature));
      signature[3] ^= 1;
      CHECK(!key.verifies(data, signature));
      signature.pop_back();
      CHECK(!key.verifies(data, signature));
    }
    CHECK(!key.verifies(data, {}));
    CHECK(!key.verifies(data, Octets(signing.sign(data).size())));
    CHECK(!key.verifies(data, Octets(signing.sign(data).size(), 0xFF)));
    CHECK(ERR_peek_error() == 0);  // TLS would take it for its own
  }
}

TEST_CASE("Octets that are no key are none, whatever the algorithm") {
  for (unsigned algorithm = 0; algorithm < 256; ++algorithm)
    for (const std::size_t size : {0U, 1U, 2U, 3U, 31U, 32U, 57U, 64U, 96U, 600U})
      for (const std::uint8_t fill : {std::uint8_t{0}, std::uint8_t{0xFF}}) {
        const PublicKey key = PublicKey::from(static_cast<std::uint8_t>(algorithm), Octets(size, fill));
        if (key) CHECK((algorithm == 15 || algorithm == 16));  // any octets of the right size may be such a key
      }
  CHECK(ERR_peek_error() == 0);
  CHECK(!PublicKey().verifies(data, data));
}

TEST_CASE("RSA exponents may have 64 bits, but no more, and keys 4096 bits") {
  for (const char* exponent : {"3", "10001", "100000001", "800000000000000D"}) {
    CAPTURE(exponent);
    const auto [octets, signature] = rsa_with_exponent(exponent);
    const PublicKey key = PublicKey::from(8, octets);
    REQUIRE(key);
    CHECK(key.verifies(data, signature));
    const std::size_t size = octets[0];
    CHECK(PublicKey::from(8, Octets{0, 0, static_cast<std::uint8_t>(size)} + Octets(octets.begin() + 1, octets.end())));
  }
  CHECK(!PublicKey::from(8, Octets{9} + Octets(9, 0xFF) + Octets(128, 0xFF)));
  CHECK(!PublicKey::from(8, Octets{1, 3} + Octets(513, 0xFF)));
  CHECK(PublicKey::from(8, Octets{1, 3} + Octets(512, 0xFF)));
  CHECK(!PublicKey::from(8, Octets{1, 3} + Octets(63, 0xFF)));
  CHECK(!PublicKey::from(8, Octets{200, 3, 3}));
}

TEST_CASE("A large RSA key with a long exponent costs more of a turn than an ordinary one") {
  const auto cost = [](std::size_t modulus, const Octets& exponent) {
    return PublicKey::from(8, Octets{static_cast<std::uint8_t>(exponent.size())} + exponent + Octets(modulus, 0xFF))
        .cost();
  };
  const Octets usual{1, 0, 1}, longest(8, 0xFF);
  CHECK(cost(256, usual) <= 100);
  CHECK(cost(512, usual) > 3 * cost(256, usual));
  CHECK(cost(512, longest) > 4 * cost(512, usual));
}

TEST_CASE("Digests of DS records") {
  CHECK(digest_of(1, data).size() == 20);
  CHECK(digest_of(2, data).size() == 32);
  CHECK(digest_of(4, data).size() == 48);
  CHECK(digest_of(3, data).empty());
  for (const unsigned type : {1U, 2U, 4U}) {
    const SigningKey signing(15);
    const Octets rdata = signing.rdata(), ds = signing.ds_rdata(name("example"), type);
    CHECK(matches(read_ds(ds), named("EXAMPLE"), read_dnskey(rdata)));
    CHECK(!matches(read_ds(ds), named("other"), read_dnskey(rdata)));
  }
}
