#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tacet/name.hpp"

namespace tacet {

template <auto Release>
struct TestReleaser {
  template <class T>
  void operator()(T* held) const {
    Release(held);
  }
};
using TestKey = std::unique_ptr<EVP_PKEY, TestReleaser<EVP_PKEY_free>>;
using TestCertificate = std::unique_ptr<X509, TestReleaser<X509_free>>;

/// A certification authority to throw away; its certificate lies in a temporary file, as a client wants it.
class TestAuthority {
public:
  struct Issued {
    TestCertificate certificate;
    TestKey key;
  };

  TestAuthority() : key_(EVP_EC_gen("P-256")), certificate_(make(key_.get(), "test authority", 3600)) {
    extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(certificate_.get());
    file_ = std::filesystem::temp_directory_path() / "tacet-ca-XXXXXX";
    const int fd = ::mkstemp(file_.data());
    if (fd < 0) throw std::runtime_error("no temporary file");
    ::close(fd);
    write_file();
  }
  ~TestAuthority() { ::unlink(file_.c_str()); }

  const std::string& file() const { return file_; }
  void write_file() const {
    std::FILE* out = std::fopen(file_.c_str(), "w");
    if (out == nullptr) throw std::runtime_error("cannot write " + file_);
    PEM_write_X509(out, certificate_.get());
    std::fclose(out);
  }

  /// `names` in OpenSSL's words: "DNS:dns.test,IP:127.0.0.1"; none if empty. `lasts` in seconds from now on, negative
  /// for expired.
  Issued issue(const std::string& names, long lasts = 3600) const {
    TestKey key(EVP_EC_gen("P-256"));
    TestCertificate made = make(key.get(), "leaf", lasts);
    X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
    if (!names.empty()) extend(made.get(), NID_subject_alt_name, names.c_str());
    sign(made.get());
    return {std::move(made), std::move(key)};
  }

private:
  static TestCertificate make(EVP_PKEY* key, const char* name, long lasts) {
    static long serial = 1;
    TestCertificate made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), lasts);
    X509_set_pubkey(made.get(), key);
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(made.get(), subject);
    return made;
  }
  static void extend(X509* certificate, int nid, const char* value) {
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
  }
  void sign(X509* certificate) const { X509_sign(certificate, key_.get(), EVP_sha256()); }

  TestKey key_;
  TestCertificate certificate_;
  std::string file_;
};

/// What a TLS server has for all its connections.
class TestTlsServer {
public:
  explicit TestTlsServer(const TestAuthority::Issued& issued) : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), issued.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), issued.key.get());
  }
  SSL_CTX* get() { return context_.get(); }

private:
  std::unique_ptr<SSL_CTX, TestReleaser<SSL_CTX_free>> context_;
};

/// The server's end of one TLS connection, without a socket.
class TestTlsPeer {
public:
  explicit TestTlsPeer(TestTlsServer& server) : ssl_(SSL_new(server.get())) {
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }
  /// Takes octets from the client; the plaintext, and whether the connection is still good.
  std::vector<std::uint8_t> receive(Bytes cipher) {
    BIO_write(SSL_get_rbio(ssl_.get()), cipher.data(), static_cast<int>(cipher.size()));
    std::vector<std::uint8_t> plain;
    std::uint8_t octets[4096];
    int count = 0;
    while ((count = SSL_read(ssl_.get(), octets, sizeof octets)) > 0) {
      plain.insert(plain.end(), octets, octets + count);
      records.push_back(static_cast<std::size_t>(count));
    }
    ERR_clear_error();
    return plain;
  }
  void send(Bytes plain) { SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())); }
  void close() { SSL_shutdown(ssl_.get()); }
  std::vector<std::uint8_t> take() {
    std::vector<std::uint8_t> cipher(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())));
    if (!cipher.empty()) BIO_read(SSL_get_wbio(ssl_.get()), cipher.data(), static_cast<int>(cipher.size()));
    return cipher;
  }
  std::string name_asked() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  SSL* get() { return ssl_.get(); }
  std::vector<std::size_t> records;  ///< octets of each that came so far, if none was longer than 4 KiB

private:
  std::unique_ptr<SSL, TestReleaser<SSL_free>> ssl_;
};

}  // namespace tacet
