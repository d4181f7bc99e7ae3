#pragma once
#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/freed_by.hpp"
#include "transport/connection.hpp"
#include "transport/http/doh_method.hpp"
#include "transport/http/doh_response.hpp"

namespace tacet {

/// A request that waits for its turn.
struct DohRequest {
  Tag tag = 0;
  std::vector<std::uint8_t> query;     ///< a whole query with ID 0
  DohMethod method = DohMethod::post;  ///< the method of the last attempt
  bool was_refused = false;            ///< the server did not take the other method
  bool was_lost = false;               ///< a gateway lost it once

  Question question() const;
};

/// The settings of requests of one method. What it refers to must outlive the transfers that were loaded with it.
struct HttpForm {
  DohMethod method;
  const std::string& path;
  curl_slist* headers;
};

/// Sets a libcurl option. std::bad_alloc if libcurl cannot keep it: the request would differ without it.
template <class Value>
void set_option(CURL* easy, CURLoption option, Value value) {
  if (curl_easy_setopt(easy, option, value) == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
}

/// One easy handle of libcurl's and the request that it carries; used again and again by one link.
class HttpTransfer {
public:
  HttpTransfer();
  ~HttpTransfer() = default;
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  CURL* easy() const { return easy_.get(); }
  Tag tag() const { return request_.tag; }
  const DohRequest& request() const { return request_; }
  /// Of the response; 0 before there is one.
  long status() const;

  /// Makes it carry another request.
  void load(DohRequest request, const HttpForm& form);

  /// Returns the request; the transfer carries none afterwards.
  DohRequest take_request() { return std::move(request_); }

  /// True if it carries no request.
  void unload() { look_ = Look::idle; }

  /// True if it still carries the request that it carried at the last call.
  bool outlived_look();

  /// Octets of bodies that have come, of this request and all before it.
  std::uint64_t body_octets() const { return body_octets_; }

  /// The answer in the response to the request: doh_body() says what a response must be, and doh_answer() what an
  /// answer; their faults. Nothing of the response is left.
  Result<Message> take_answer();

  /// libcurl's words for what went wrong.
  std::string words(CURLcode code) const;

  bool is_http2() const;

private:
  void set_form(const HttpForm& form);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

  enum class Look : std::uint8_t { idle, fresh, seen };

  std::unique_ptr<CURL, FreedBy<curl_easy_cleanup>> easy_;
  DohRequest request_;
  std::optional<DohMethod> method_;  // the handle's present method
  Look look_ = Look::idle;
  std::string asked_for_;
  std::vector<std::uint8_t> body_;
  std::uint64_t body_octets_ = 0;
  std::array<char, CURL_ERROR_SIZE> words_{};
};

}  // namespace tacet
