#include "transport/http/http_fetch.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/freed_by.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_octets = 16U << 10U;

/// No exception may pass through libcurl.
std::size_t take(const char* octets, std::size_t, std::size_t size, void* into) {
  auto& text = *static_cast<std::string*>(into);
  try {
    text.append(octets, std::min(size, most_octets - text.size()));
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return text.size() == most_octets ? 0 : size;
}

}  // namespace

Result<FetchedDocument> http_fetch(const FetchRequest& request) {
  const std::unique_ptr<CURL, FreedBy<curl_easy_cleanup>> easy(curl_easy_init());
  const std::unique_ptr<curl_slist, FreedBy<curl_slist_free_all>> there(
      curl_slist_append(nullptr, fmt::format("::{}", to_string(request.address)).c_str()));
  if (!easy || !there) return fail(Fault::system, "no memory");
  FetchedDocument document;
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(request.patience).count();
  curl_easy_setopt(easy.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy.get(), CURLOPT_CONNECT_TO, there.get());
  curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(patience));
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  if (!request.ca_file.empty()) curl_easy_setopt(easy.get(), CURLOPT_CAINFO, request.ca_file.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &document.text);
  const CURLcode code = curl_easy_perform(easy.get());
  const bool is_cut = code == CURLE_WRITE_ERROR && document.text.size() == most_octets;
  if (code != CURLE_OK && !is_cut) return fail(Fault::unreachable, curl_easy_strerror(code));
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &document.status);
  const char* location = nullptr;
  if (curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &location) == CURLE_OK && location != nullptr)
    document.location = location;
  return document;
}

}  // namespace tacet
