#include "transport/http/http_transfer.hpp"

#include <new>
#include <utility>

#include "base/shield.hpp"
#include "dns/wire.hpp"
#include "transport/http/base64url.hpp"

namespace tacet {

Question DohRequest::question() const {
  const Bytes octets(query);
  const std::size_t end = skip_name(octets, header_size);
  return {Name::from_checked_wire(octets.subspan(header_size, end - header_size)),
          static_cast<Type>(load16(octets, end)), static_cast<Class>(load16(octets, end + 2))};
}

HttpTransfer::HttpTransfer() : easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  set_option(easy(), CURLOPT_PRIVATE, static_cast<void*>(this));
  set_option(easy(), CURLOPT_ERRORBUFFER, words_.data());
  set_option(easy(), CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  set_option(easy(), CURLOPT_WRITEDATA, static_cast<void*>(this));
}

/// The URL stays the same. libcurl copies a request target that is set by itself. It parses one that is a part of a URL
/// and writes it anew octet by octet, which costs a tenth of all work for a query.
void HttpTransfer::load(DohRequest request, const HttpForm& form) {
  request_ = std::move(request);
  request_.method = form.method;
  look_ = Look::fresh;
  body_.clear();
  words_[0] = '\0';
  if (method_ != form.method) set_form(form);
  if (form.method == DohMethod::get) {
    asked_for_.assign(form.path).append(base64url(request_.query));
    set_option(easy(), CURLOPT_REQUEST_TARGET, asked_for_.c_str());
  } else {
    set_option(easy(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.query.size()));
    set_option(easy(), CURLOPT_POSTFIELDS, request_.query.data());
  }
}

void HttpTransfer::set_form(const HttpForm& form) {
  method_.reset();
  set_option(easy(), form.method == DohMethod::post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
  set_option(easy(), CURLOPT_HTTPHEADER, form.headers);
  set_option(easy(), CURLOPT_REQUEST_TARGET, form.path.c_str());
  method_ = form.method;
}

bool HttpTransfer::outlived_look() {
  if (look_ == Look::fresh) {
    look_ = Look::seen;
    return false;
  }
  return look_ == Look::seen;
}

long HttpTransfer::status() const {
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

Result<Message> HttpTransfer::take_answer() {
  const char* type = nullptr;
  curl_easy_getinfo(easy(), CURLINFO_CONTENT_TYPE, &type);
  DohResponse response{.status = status(), .media_type = {}, .age = {}, .body = std::exchange(body_, {})};
  if (type != nullptr) response.media_type = type;
  curl_header* age = nullptr;
  if (curl_easy_header(easy(), "Age", 0, CURLH_HEADER, -1, &age) == CURLHE_OK) response.age = age->value;
  Result<DohBody> body = doh_body(std::move(response));
  return body ? doh_answer(request_.question(), *std::move(body)) : fail(std::move(body.error()));
}

std::string HttpTransfer::words(CURLcode code) const {
  return words_[0] != '\0' ? words_.data() : curl_easy_strerror(code);
}

bool HttpTransfer::is_http2() const {
  long version = 0;
  curl_easy_getinfo(easy(), CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_2_0;
}

std::size_t HttpTransfer::on_body(char* data, std::size_t, std::size_t count, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  auto& body = transfer.body_;
  transfer.body_octets_ += count;
  if (body.size() + count > max_message_size) return 0;  // the transfer fails, the connection goes on
  return shielded(std::size_t{0}, [&] {
    const auto* octets = reinterpret_cast<const std::uint8_t*>(data);
    body.insert(body.end(), octets, octets + count);
    return count;
  });
}

}  // namespace tacet
