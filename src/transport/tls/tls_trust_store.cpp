#include <openssl/err.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {

namespace {

/// Where systems keep their bundle, after the place that OpenSSL was built to look at.
std::string system_bundle() {
  const std::array places = {X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt",
                             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
  for (const char* place : places)
    if (::access(place, R_OK) == 0) return place;
  return places[1];
}

TrustStore::State::Stamp stamp_of(const std::string& file) {
  struct stat found{};
  if (::stat(file.c_str(), &found) != 0) return {};
#ifdef __APPLE__
  return {found.st_mtimespec, found.st_ino, found.st_size};
#else
  return {found.st_mtim, found.st_ino, found.st_size};
#endif
}

Result<StorePointer> read_bundle(const std::string& file) {
  StorePointer store(X509_STORE_new());
  ERR_clear_error();
  if (store && X509_STORE_load_file(store.get(), file.c_str()) == 1) return store;
  if (!store || is_scarcity(ERR_peek_error())) throw std::bad_alloc();
  const bool readable = ::access(file.c_str(), R_OK) == 0;
  const std::string words =
      readable ? take_tls_error() : "the file cannot be read: " + std::generic_category().message(errno);
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

Result<std::shared_ptr<TrustStore>> TrustStore::load(const std::string& file) {
  std::shared_ptr<TrustStore> trust = begin_load(file);
  if (Result<void> read = trust->await(); !read) return fail(std::move(read.error()));
  return trust;
}

std::shared_ptr<TrustStore> TrustStore::begin_load(const std::string& file) {
  auto state = std::make_unique<State>();
  state->file = file.empty() ? system_bundle() : file;
  state->stamp = stamp_of(state->file);
  state->reading = std::async(std::launch::async, [state = state.get()]() -> Result<void> {
                     // A store that trusts nobody takes the place of one that could not be read.
                     state->store.reset(X509_STORE_new());
                     if (!state->store) return fail(Fault::overloaded, "out of memory");
                     Result<StorePointer> store = read_bundle(state->file);
                     if (!store) return fail(std::move(store.error()));
                     state->store = std::move(*store);
                     return {};
                   }).share();
  return std::shared_ptr<TrustStore>(new TrustStore(std::move(state)));
}

Result<void> TrustStore::await() const { return state_->reading.get(); }

void TrustStore::refresh() {
  state_->reading.wait();
  const State::Stamp seen = stamp_of(state_->file);
  {
    const std::lock_guard lock(state_->mutex);
    if (seen == state_->stamp) return;
    state_->stamp = seen;  // before it is read: one reader is enough, and a bad file is complained of once
  }
  Result<StorePointer> fresh = state_->read_again(seen);
  if (!fresh) {
    log::warn("{}; the authorities read before stay in use", fresh.error().detail);
    return;
  }
  const std::lock_guard lock(state_->mutex);
  if (seen != state_->stamp) return;  // it changed once more meanwhile, and who saw that has read it
  log::info("{} has changed and was read again", state_->file);
  std::swap(state_->store, *fresh);
  ++state_->generation;
}

/// Without memory the file is as good as unseen.
Result<StorePointer> TrustStore::State::read_again(const Stamp& seen) {
  try {
    return read_bundle(file);
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(mutex);
    if (seen == stamp) stamp = {};
    throw;
  }
}

const std::string& TrustStore::file() const { return state_->file; }

unsigned TrustStore::generation() const {
  const std::lock_guard lock(state_->mutex);
  return state_->generation;
}

std::string tls_library_version() { return OpenSSL_version(OPENSSL_VERSION); }

}  // namespace tacet
