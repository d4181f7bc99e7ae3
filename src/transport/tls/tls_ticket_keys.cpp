#include "transport/tls/tls_ticket_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

namespace tacet {
namespace {

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

template <std::size_t size>
bool fill(std::array<std::uint8_t, size>& octets) {
  return RAND_bytes(octets.data(), size) == 1;
}

bool set_mac(EVP_MAC_CTX* mac, std::array<std::uint8_t, 32> key) {
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1), OSSL_PARAM_construct_end()};
  const bool done = EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  return done;
}

// What OpenSSL reads from the answer of the callback.
constexpr int failed = -1, unknown_key = 0, good = 1, good_and_to_be_renewed = 2;

}  // namespace

TlsTicketKeys::TlsTicketKeys() : present_(make()) {}

TlsTicketKeys::~TlsTicketKeys() {
  OPENSSL_cleanse(&present_, sizeof present_);
  OPENSSL_cleanse(&former_, sizeof former_);
}

TlsTicketKeys::Key TlsTicketKeys::make() {
  Key key;
  key.usable = fill(key.name) && fill(key.cipher) && fill(key.mac);
  return key;
}

void TlsTicketKeys::turn(Instant now) {
  const std::lock_guard lock(mutex_);
  if (!began_) began_ = now;
  if (now - *began_ < lifetime) return;
  former_ = std::exchange(present_, make());
  began_ = now;
}

void TlsTicketKeys::forget() {
  const std::lock_guard lock(mutex_);
  present_ = make();
  former_ = Key{};
  began_.reset();
}

void TlsTicketKeys::use_in(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, context_index(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  constexpr auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime);
  SSL_CTX_set_timeout(context, seconds.count());
}

int TlsTicketKeys::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                             int sealing) {
  auto* keys = static_cast<TlsTicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  const std::lock_guard lock(keys->mutex_);
  return sealing != 0 ? keys->seal(name, iv, cipher, mac) : keys->open(name, iv, cipher, mac);
}

int TlsTicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  if (!present_.usable) return unknown_key;  // no ticket
  std::ranges::copy(present_.name, name);
  const auto* method = EVP_aes_256_cbc();
  const bool done = RAND_bytes(iv, EVP_CIPHER_get_iv_length(method)) == 1 &&
                    EVP_EncryptInit_ex(cipher, method, nullptr, present_.cipher.data(), iv) == 1 &&
                    set_mac(mac, present_.mac);
  return done ? good : failed;
}

int TlsTicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  for (const Key* key : {&present_, &former_}) {
    if (!key->usable || !std::equal(key->name.begin(), key->name.end(), name)) continue;
    const bool done =
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1 && set_mac(mac, key->mac);
    if (!done) return failed;
    return key == &present_ ? good : good_and_to_be_renewed;
  }
  return unknown_key;
}

}  // namespace tacet
