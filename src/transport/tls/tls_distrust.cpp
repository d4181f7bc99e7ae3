#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "base/clock.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {

namespace {

/// The names in a certificate, so that a person sees the mistake: "a.test, b.test".
std::string names_in(const X509* certificate) {
  std::string names;
  const auto add = [&names](std::string_view name) {
    if (names.size() < 200) names.append(names.empty() ? "" : ", ").append(name);
  };
  const std::unique_ptr<GENERAL_NAMES, FreedBy<GENERAL_NAMES_free>> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!alternatives) return "no name: the one in its subject does not count";
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* each = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (each->type != GEN_DNS) continue;
    const auto* octets = reinterpret_cast<const char*>(ASN1_STRING_get0_data(each->d.dNSName));
    std::string name(octets, static_cast<std::size_t>(ASN1_STRING_length(each->d.dNSName)));
    for (char& c : name)
      if (c <= ' ' || c > '~') c = '?';  // the peer chose these octets, and they go to the log
    add(name);
  }
  return names;
}

std::string time_words(const std::tm& when) { return fmt::format("{:%Y-%m-%d %H:%M} UTC", when); }

/// A wrong clock makes good certificates look expired, so the text must show the clock.
std::string out_of_time(const X509* certificate, bool is_early, bool is_issuer) {
  std::tm border{};
  const ASN1_TIME* at = is_early ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate);
  const bool known = ASN1_TIME_to_tm(at, &border) == 1;
  const auto now = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(SystemClock().wall_time()));  // as OpenSSL does
  return fmt::format("{}{}; check this machine's clock, which says {}{}", is_issuer ? "has an issuer that " : "",
                     is_early ? "is not yet valid" : "has expired", time_words(fmt::gmtime(now)),
                     known ? fmt::format(" (valid {} {})", is_early ? "from" : "until", time_words(border)) : "");
}

std::string not_for(const char* what, const std::string& expected, const X509* certificate) {
  const std::string names = names_in(certificate);
  return fmt::format("is not valid for the {} {}{}", what, expected,
                     names.empty() ? "" : fmt::format(" (it is for {})", names));
}

}  // namespace

bool is_only_out_of_time(X509_STORE_CTX* check) {
  const int verdict = X509_STORE_CTX_get_error(check);
  return X509_STORE_CTX_get_error_depth(check) == 0 &&
         (verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID);
}

std::string objection(X509_STORE_CTX* check, const std::string& expected) {
  const int verdict = X509_STORE_CTX_get_error(check);
  const X509* const at_fault = X509_STORE_CTX_get_current_cert(check);
  const bool is_issuer = X509_STORE_CTX_get_error_depth(check) > 0;
  switch (verdict) {
    case X509_V_ERR_OUT_OF_MEM:
      return {};
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return not_for("name", expected, X509_STORE_CTX_get0_cert(check));
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return not_for("address", expected, X509_STORE_CTX_get0_cert(check));
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      if (at_fault != nullptr) return out_of_time(at_fault, verdict == X509_V_ERR_CERT_NOT_YET_VALID, is_issuer);
      break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "is not trusted: it is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "is not trusted: its authority is unknown here (`ca_file` can name another)";
    default:
      break;
  }
  return fmt::format("is not trusted: {}", X509_verify_cert_error_string(verdict));
}

}  // namespace tacet
