#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/file_text.hpp"
#include "base/log.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {

namespace {

constexpr std::size_t most_octets = std::size_t{64} << 20;

using InfosPointer =
    std::unique_ptr<STACK_OF(X509_INFO),
                    decltype([](STACK_OF(X509_INFO) * infos) { sk_X509_INFO_pop_free(infos, X509_INFO_free); })>;

std::string system_bundle() {
  const auto places = TrustStore::system_bundles();
  const auto there = [](const std::string& place) { return ::access(place.c_str(), R_OK) == 0; };
  const auto found = std::ranges::find_if(places, there);
  return found != places.end() ? *found : places[1];
}

/// Adds every certificate and revocation list, as X509_STORE_load_file() does, which opens files by itself.
bool add_all(X509_STORE* store, const std::string& text) {
  const std::unique_ptr<BIO, FreedBy<BIO_free>> source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  char no_password = 0;
  const InfosPointer infos(source ? PEM_X509_INFO_read_bio(source.get(), nullptr, nullptr, &no_password) : nullptr);
  if (!infos) return false;
  int count = 0;
  for (int i = 0; i < sk_X509_INFO_num(infos.get()); ++i) {
    const X509_INFO* info = sk_X509_INFO_value(infos.get(), i);
    if (info->x509 != nullptr && X509_STORE_add_cert(store, info->x509) != 1) return false;
    if (info->crl != nullptr && X509_STORE_add_crl(store, info->crl) != 1) return false;
    if (info->x509 != nullptr || info->crl != nullptr) ++count;
  }
  if (count == 0) ERR_raise(ERR_LIB_X509, X509_R_NO_CERTIFICATE_OR_CRL_FOUND);
  return count > 0;
}

/// The store of an open bundle; if it is not open, errno tells why.
Result<StorePointer> read_bundle(const Descriptor& bundle, const std::string& file) {
  const auto text = bundle ? text_of(bundle.get(), most_octets) : std::nullopt;
  const int error = errno;
  if (!text && error == ENOMEM) throw std::bad_alloc();
  StorePointer store(X509_STORE_new());
  ERR_clear_error();
  if (store && text && add_all(store.get(), *text)) return store;
  if (!store || is_scarcity(ERR_peek_error())) throw std::bad_alloc();
  const std::string words = text ? take_tls_error() : "the file cannot be read: " + reading_fault(error);
  return fail(Fault::invalid_config, "no certificate authorities in " + file + ": " + words);
}

}  // namespace

bool is_scarcity(unsigned long error) { return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE; }

std::string reason_words(unsigned long error) {
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "unknown error";
}

std::string take_tls_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  return reason_words(error);
}

std::pair<StorePointer, unsigned> TrustStore::State::current() const {
  reading.wait();
  const std::lock_guard lock(mutex);
  if (!store) throw std::bad_alloc();
  X509_STORE_up_ref(store.get());
  return {StorePointer(store.get()), generation};
}

TrustStore::TrustStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrustStore::~TrustStore() = default;

Result<std::shared_ptr<TrustStore>> TrustStore::load(const std::string& file, OpenFile open) {
  std::shared_ptr<TrustStore> trust = begin_load(file, std::move(open));
  if (Result<void> read = trust->await(); !read) return fail(std::move(read.error()));
  return trust;
}

std::shared_ptr<TrustStore> TrustStore::begin_load(const std::string& file, OpenFile open) {
  auto state = std::make_unique<State>();
  state->file = file.empty() ? system_bundle() : file;
  state->open = std::move(open);
  state->reading = std::async(std::launch::async, [state = state.get()]() -> Result<void> {
                     // If the file cannot be read, use a store that trusts nobody.
                     state->store.reset(X509_STORE_new());
                     if (!state->store) return fail(Fault::overloaded, "out of memory");
                     const Descriptor bundle(state->open(state->file));
                     Result<StorePointer> store = read_bundle(bundle, state->file);
                     state->stamp = stamp_of(bundle.get());  // no other thread uses it before this ends
                     if (!store) return fail(std::move(store.error()));
                     state->store = std::move(*store);
                     return {};
                   }).share();
  return std::shared_ptr<TrustStore>(new TrustStore(std::move(state)));
}

Result<void> TrustStore::await() const { return state_->reading.get(); }

void TrustStore::refresh() {
  state_->reading.wait();
  {
    // Each minute comes here, so it opens the file only if it may have changed.
    const auto named = stamp_at(state_->file);
    const std::lock_guard lock(state_->mutex);
    if (named && named == state_->stamp) return;
  }
  const Descriptor bundle(state_->open(state_->file));
  const std::optional<FileStamp> seen = stamp_of(bundle.get());
  {
    const std::lock_guard lock(state_->mutex);
    if (seen == state_->stamp) return;
    state_->stamp = seen;  // set before the read: one thread reads, and a bad file is logged once
  }
  Result<StorePointer> fresh = state_->read_again(bundle, seen);
  if (!fresh) {
    log::warn("{}; the former authorities stay in use", fresh.error().detail);
    return;
  }
  const std::lock_guard lock(state_->mutex);
  if (seen != state_->stamp) return;  // it changed again, and another thread has read it
  log::info("{} has changed and was read again", state_->file);
  std::swap(state_->store, *fresh);
  ++state_->generation;
}

/// Without memory the change counts as unseen.
Result<StorePointer> TrustStore::State::read_again(const Descriptor& bundle, const std::optional<FileStamp>& seen) {
  try {
    return read_bundle(bundle, file);
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(mutex);
    if (seen == stamp) stamp.reset();
    throw;
  }
}

std::vector<std::string> TrustStore::system_bundles() {
  return {X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/cert.pem"};
}

const std::string& TrustStore::file() const { return state_->file; }

unsigned TrustStore::generation() const {
  const std::lock_guard lock(state_->mutex);
  return state_->generation;
}

std::string tls_library_version() { return OpenSSL_version(OPENSSL_VERSION); }

}  // namespace tacet
