#include "transport/http_transfer.hpp"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "dns/wire.hpp"

namespace tacet {

namespace {

constexpr std::string_view media_type = "application/dns-message";

/// Media types compare without case, and parameters may follow (RFC 9110 §8.3.1).
bool is_dns_message(const char* content_type) {
  if (content_type == nullptr) return false;
  std::string_view given(content_type);
  given = given.substr(0, given.find_first_of("; \t"));
  if (given.size() != media_type.size()) return false;
  for (std::size_t at = 0; at < given.size(); ++at)
    if (fold(static_cast<std::uint8_t>(given[at])) != static_cast<std::uint8_t>(media_type[at])) return false;
  return true;
}

}  // namespace

HttpTransfer::HttpTransfer() : easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, words_.data());
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}

/// The URL stays: libcurl copies the long part of a request as it is when it is told it by itself, but parses it, and
/// writes it anew octet by octet, when it comes as a part of a URL (a tenth of all that a query costs).
void HttpTransfer::load(const HttpRequest& request, const std::string& path) {
  tag_ = request.tag;
  look_ = Look::fresh;
  body_.clear();
  words_[0] = '\0';
  asked_for_.assign(path).append(request.query);
  curl_easy_setopt(easy_, CURLOPT_REQUEST_TARGET, asked_for_.c_str());
}

bool HttpTransfer::outlived_look() {
  if (look_ == Look::fresh) {
    look_ = Look::seen;
    return false;
  }
  return look_ == Look::seen;
}

Result<std::vector<std::uint8_t>> HttpTransfer::take_body() {
  long status = 0;
  const char* type = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_TYPE, &type);
  if (status != 200) return fail(Fault::protocol, fmt::format("HTTP {}", status));
  if (!is_dns_message(type))
    return fail(Fault::protocol, fmt::format("media type {} instead of {}", type ? type : "none", media_type));
  return std::exchange(body_, {});
}

std::string HttpTransfer::words(CURLcode code) const {
  return words_[0] != '\0' ? words_.data() : curl_easy_strerror(code);
}

bool HttpTransfer::is_http2() const {
  long version = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_2_0;
}

std::size_t HttpTransfer::on_body(char* data, std::size_t, std::size_t count, void* self) {
  auto& body = static_cast<HttpTransfer*>(self)->body_;
  if (body.size() + count > max_message_size) return 0;  // the transfer fails, the connection goes on
  const auto* octets = reinterpret_cast<const std::uint8_t*>(data);
  body.insert(body.end(), octets, octets + count);
  return count;
}

}  // namespace tacet
