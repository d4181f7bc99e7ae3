#include "transport/tls/tls_server.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <new>
#include <utility>

#include "base/file_text.hpp"
#include "base/log.hpp"
#include "transport/tls/tls_server_stream.hpp"
#include "transport/tls/tls_ticket_keys.hpp"

namespace tacet {
namespace {

/// A chain has a few certificates of some kilobytes.
constexpr std::size_t most_octets = std::size_t{1} << 20;

using CertificatePointer = std::unique_ptr<X509, FreedBy<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using NamesPointer = std::unique_ptr<GENERAL_NAMES, FreedBy<GENERAL_NAMES_free>>;
using SourcePointer = std::unique_ptr<BIO, FreedBy<BIO_free>>;
using TextCleanser = decltype([](std::string* text) { OPENSSL_cleanse(text->data(), text->size()); });
/// Two files as they were read.
using FileStamps = std::pair<std::optional<FileStamp>, std::optional<FileStamp>>;

std::unexpected<Error> unfit(const std::string& file, std::string_view why) {
  return fail(Fault::invalid_config, fmt::format("{}: {}", file, why));
}

SourcePointer source_of(const std::string& text) {
  SourcePointer source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!source) throw std::bad_alloc();
  return source;
}

/// So that OpenSSL asks nobody at a terminal.
char no_password[] = "";

/// Takes the server's certificate and then its chain.
Result<void> add_certificates(SSL_CTX* context, const std::string& text, const std::string& file) {
  const SourcePointer source = source_of(text);
  const CertificatePointer own(PEM_read_bio_X509_AUX(source.get(), nullptr, nullptr, no_password));
  if (!own) return unfit(file, "holds no certificate in PEM: " + take_tls_error());
  if (SSL_CTX_use_certificate(context, own.get()) != 1)
    return unfit(file, "its certificate cannot be used: " + take_tls_error());
  while (CertificatePointer next{PEM_read_bio_X509(source.get(), nullptr, nullptr, no_password)})
    if (SSL_CTX_add0_chain_cert(context, next.get()) == 1) static_cast<void>(next.release());
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (error != 0 && !at_end) return unfit(file, "a certificate of its chain cannot be read: " + take_tls_error());
  ERR_clear_error();
  return {};
}

Result<void> add_key(SSL_CTX* context, const std::string& text, const CertificateFiles& files) {
  const SourcePointer source = source_of(text);
  const KeyPointer key(PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, no_password));
  if (!key) return unfit(files.key, "holds no private key in PEM without a passphrase: " + take_tls_error());
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1) return {};
  ERR_clear_error();
  return unfit(files.key, "its key does not fit the certificate in " + files.certificate);
}

Result<std::string> text_from(const Descriptor& file, const std::string& path) {
  auto text = file ? text_of(file.get(), most_octets) : std::nullopt;
  if (text) return *std::move(text);
  if (errno == ENOMEM) throw std::bad_alloc();
  return unfit(path, "cannot be read: " + reading_fault(errno));
}

/// The protocol that we speak, if the client offers it. A client that offers only others is turned away (RFC 7301
/// §3.2): it means another server.
int on_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
            unsigned offered_size, void* wanted) {
  const auto* list = static_cast<const std::string_view*>(wanted);
  unsigned char* chosen = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(list->data());
  const int found =
      SSL_select_next_proto(&chosen, out_size, ours, static_cast<unsigned>(list->size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// In the form of the extension, in the order of preference.
std::string_view& protocols_of(ServedProtocol protocol) {
  static std::string_view dns = "\3dot", http = "\2h2\10http/1.1";
  return protocol == ServedProtocol::dns ? dns : http;
}

constexpr std::uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                  SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF;

/// An idle connection keeps no buffers. The chain is the file's: OpenSSL must not look for one in each handshake.
constexpr long modes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                       SSL_MODE_NO_AUTO_CHAIN;

ContextPointer make_context(ServedProtocol protocol) {
  ContextPointer context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), tls_cipher_suites()) != 1 ||
      SSL_CTX_set1_groups_list(context.get(), tls_groups()) != 1)
    throw std::bad_alloc();
  SSL_CTX_set_options(context.get(), options);
  SSL_CTX_set_mode(context.get(), modes);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // the client keeps its session, in a ticket
  constexpr std::string_view identity = "tacet";
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(identity.data()),
                                 identity.size());
  SSL_CTX_set_alpn_select_cb(context.get(), on_alpn, &protocols_of(protocol));
  return context;
}

WallTime wall_time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

struct TlsServer::State {
  CertificateFiles files;
  ServedProtocol protocol;
  OpenFile open;
  TlsTicketKeys ticket_keys;  // outlives the contexts
  mutable std::mutex mutex;   // guards what follows
  FileStamps stamps;
  ContextPointer context;

  /// A new context with the present content of the files, whose stamps it notes in `seen`.
  Result<ContextPointer> read(FileStamps& seen) {
    const Descriptor certificate(open(files.certificate));
    auto chain = text_from(certificate, files.certificate);
    if (!chain) return fail(std::move(chain.error()));
    const Descriptor key(open(files.key));
    auto secret = text_from(key, files.key);
    if (!secret) return fail(std::move(secret.error()));
    const std::unique_ptr<std::string, TextCleanser> cleanser(&*secret);
    seen = {stamp_of(certificate.get()), stamp_of(key.get())};
    ERR_clear_error();
    ContextPointer made = make_context(protocol);
    if (auto added = add_certificates(made.get(), *chain, files.certificate); !added) return fail(added.error());
    if (auto added = add_key(made.get(), *secret, files); !added) return fail(added.error());
    ticket_keys.use_in(made.get());
    return made;
  }
};

TlsServer::TlsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsServer::~TlsServer() = default;

Result<std::shared_ptr<TlsServer>> TlsServer::load(CertificateFiles files, ServedProtocol protocol, OpenFile open) {
  auto state = std::make_unique<State>(std::move(files), protocol, std::move(open));
  auto context = state->read(state->stamps);
  if (!context) return fail(std::move(context.error()));
  state->context = *std::move(context);
  return std::shared_ptr<TlsServer>(new TlsServer(std::move(state)));
}

const CertificateFiles& TlsServer::files() const { return state_->files; }

void TlsServer::refresh() {
  State& state = *state_;
  // Each minute comes here, so it opens the files only if they may have changed.
  const FileStamps named{stamp_at(state.files.certificate), stamp_at(state.files.key)};
  {
    const std::lock_guard lock(state.mutex);
    if (named.first && named.second && named == state.stamps) return;
  }
  FileStamps seen;
  auto fresh = state.read(seen);
  const std::lock_guard lock(state.mutex);
  if (seen == state.stamps) return;  // also for files that are still unusable: that was logged
  state.stamps = seen;
  if (!fresh) {
    log::warn("{}. The former certificate stays in use", fresh.error().detail);
    return;
  }
  log::info("{} and its key have changed and were read again", state.files.certificate);
  state.ticket_keys.forget();
  state.context = *std::move(fresh);
}

void TlsServer::turn_ticket_keys(Instant now) { state_->ticket_keys.turn(now); }

CertificateTerm TlsServer::term() const {
  const std::lock_guard lock(state_->mutex);
  const X509* const own = SSL_CTX_get0_certificate(state_->context.get());
  return {wall_time_of(X509_get0_notBefore(own)), wall_time_of(X509_get0_notAfter(own))};
}

bool TlsServer::holds_address(const IpAddress& address) const {
  const std::lock_guard lock(state_->mutex);
  return X509_check_ip(SSL_CTX_get0_certificate(state_->context.get()), address.octets().data(),
                       address.octets().size(), 0) == 1;
}

std::string TlsServer::first_name() const {
  const std::lock_guard lock(state_->mutex);
  const NamesPointer names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(SSL_CTX_get0_certificate(state_->context.get()), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const each = sk_GENERAL_NAME_value(names.get(), i);
    if (each->type != GEN_DNS) continue;
    const std::string name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(each->d.dNSName)),
                           static_cast<std::size_t>(ASN1_STRING_length(each->d.dNSName)));
    if (!name.starts_with('*')) return name;
  }
  return {};
}

std::unique_ptr<ByteStream> TlsServer::accept(Descriptor socket) const {
  const std::lock_guard lock(state_->mutex);  // each connection holds its context from here on
  return std::make_unique<TlsServerStream>(state_->context.get(), std::move(socket));
}

}  // namespace tacet
