#include "cli/browser/authority.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <vector>

#include "base/freed_by.hpp"

namespace tacet {
namespace {

using namespace std::chrono_literals;

constexpr auto authority_life = 20 * 365 * 24h;
constexpr auto leaf_life = 90 * 24h;
/// Another clock may be a little behind.
constexpr auto earlier = 1h;

/// The constraints of one kind of name do not bind another kind. So they permit one name of DNS, which cannot exist
/// (RFC 6761 §6.4): without it the authority could vouch for all names.
constexpr auto only_this_machine =
    "critical,permitted;IP:127.0.0.1/255.255.255.255,"
    "permitted;IP:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,permitted;DNS:invalid";

using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using MemoryBio = std::unique_ptr<BIO, FreedBy<BIO_free>>;
using CertificateExtension = std::unique_ptr<X509_EXTENSION, FreedBy<X509_EXTENSION_free>>;
using CertificateStore = std::unique_ptr<X509_STORE, FreedBy<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, FreedBy<X509_STORE_CTX_free>>;

std::unexpected<Error> library_failed() {
  std::array<char, 256> words{};
  ERR_error_string_n(ERR_get_error(), words.data(), words.size());
  return fail(Fault::system, fmt::format("cannot make a certificate: {}", words.data()));
}

std::time_t seconds(WallTime time) {
  return std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
}

std::string text_of(BIO* memory) {
  char* octets = nullptr;
  const long size = BIO_get_mem_data(memory, &octets);
  return size > 0 ? std::string(octets, static_cast<std::size_t>(size)) : std::string();
}

Certificate certificate_of(const std::string& pem) {
  const MemoryBio memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
}

PrivateKey key_of(const std::string& pem) {
  const MemoryBio memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return PrivateKey(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
}

Result<CertifiedKey> as_pem(X509* certificate, EVP_PKEY* key) {
  const MemoryBio first(BIO_new(BIO_s_mem()));
  const MemoryBio second(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(first.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(second.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return library_failed();
  return CertifiedKey{text_of(first.get()), text_of(second.get())};
}

/// A serial number that nobody can guess, positive and of 16 octets (RFC 5280 §4.1.2.2).
bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> octets{};
  if (RAND_bytes(octets.data(), octets.size()) != 1) return false;
  octets[0] = static_cast<unsigned char>((octets[0] & 0x7FU) | 0x40U);
  const std::unique_ptr<BIGNUM, FreedBy<BN_free>> number(BN_bin2bn(octets.data(), octets.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

struct ExtensionText {
  int kind;  ///< an OpenSSL NID
  const char* value;
};

/// A certificate that is not signed yet: its key, its dates and its subject. The subject has no CN, because GnuTLS
/// takes that of a server for a name, and finds it against the constraints.
Certificate draft(EVP_PKEY* key, const char* subject, WallTime now, std::chrono::hours life) {
  Certificate made(X509_new());
  if (!made) return nullptr;
  auto* name = X509_get_subject_name(made.get());
  const auto* text = reinterpret_cast<const unsigned char*>(subject);
  const bool good = X509_set_version(made.get(), 2) == 1 && set_serial(made.get()) &&
                    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
                    ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds(now - earlier)) != nullptr &&
                    ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds(now + life)) != nullptr &&
                    X509_set_pubkey(made.get(), key) == 1;
  return good ? std::move(made) : nullptr;
}

bool extend(X509* certificate, X509* issuer, const std::vector<ExtensionText>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  for (const auto& [kind, value] : extensions) {
    const CertificateExtension made(X509V3_EXT_nconf_nid(nullptr, &context, kind, value));
    if (!made || X509_add_ext(certificate, made.get(), -1) != 1) return false;
  }
  return true;
}

bool sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

Result<CertifiedKey> make_authority(WallTime now) {
  const PrivateKey key(EVP_EC_gen("P-256"));
  if (!key) return library_failed();
  const auto made = draft(key.get(), "tacet on this machine only", now, authority_life);
  const std::vector<ExtensionText> extensions{{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                              {NID_key_usage, "critical,keyCertSign"},
                                              {NID_name_constraints, only_this_machine},
                                              {NID_subject_key_identifier, "hash"}};
  if (!made || !extend(made.get(), made.get(), extensions) || !sign(made.get(), made.get(), key.get()))
    return library_failed();
  return as_pem(made.get(), key.get());
}

Result<CertifiedKey> make_leaf(const CertifiedKey& authority, WallTime now) {
  const auto issuer = certificate_of(authority.certificate);
  const auto issuer_key = key_of(authority.key);
  if (!issuer || !issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1)
    return fail(Fault::malformed, "the certificate and the key of the local authority do not belong together");
  const PrivateKey key(EVP_EC_gen("P-256"));
  if (!key) return library_failed();
  const auto made = draft(key.get(), "tacet", now, leaf_life);
  const std::vector<ExtensionText> extensions{{NID_basic_constraints, "critical,CA:FALSE"},
                                              {NID_key_usage, "critical,digitalSignature"},
                                              {NID_ext_key_usage, "serverAuth"},
                                              {NID_subject_alt_name, "IP:127.0.0.1,IP:::1"},
                                              {NID_subject_key_identifier, "hash"},
                                              {NID_authority_key_identifier, "keyid:always"}};
  if (!made || !extend(made.get(), issuer.get(), extensions) || !sign(made.get(), issuer.get(), issuer_key.get()))
    return library_failed();
  return as_pem(made.get(), key.get());
}

Result<CertificateFacts> read_certificate(const std::string& pem) {
  const auto certificate = certificate_of(pem);
  std::tm ends{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &ends) != 1) {
    ERR_clear_error();
    return fail(Fault::malformed, "no certificate in PEM");
  }
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return library_failed();
  const std::unique_ptr<unsigned char, FreedBy<[](void* octets) { OPENSSL_free(octets); }>> kept(der);
  std::string base64((static_cast<std::size_t>(size) + 2) / 3 * 4 + 1, '\0');
  base64.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), der, size)));
  return CertificateFacts{WallTime(std::chrono::seconds(::timegm(&ends))), std::move(base64)};
}

bool vouches_for(const std::string& authority, const std::string& leaf, WallTime now) {
  const auto issuer = certificate_of(authority);
  const auto certificate = certificate_of(leaf);
  const CertificateStore store(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  if (!issuer || !certificate || !store || !context || X509_STORE_add_cert(store.get(), issuer.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr) != 1) {
    ERR_clear_error();
    return false;
  }
  auto* wanted = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(wanted, seconds(now));
  X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set1_ip_asc(wanted, "127.0.0.1");
  const bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace tacet
