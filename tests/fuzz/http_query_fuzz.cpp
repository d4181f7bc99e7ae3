// Requests to the HTTPS listener, as a head of HTTP/1 and as the parts that HTTP/2 brings.
#include "fuzz/property.hpp"
#include "listen/http/http_query.hpp"
#include "listen/http/http_request.hpp"
#include "transport/http/base64url.hpp"

using namespace tacet;
using namespace tacet::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> input = copy_of({octets, size});
  const std::string text(input.begin(), input.end());
  if (const auto head = parse_http_request(text)) {
    require(head->path.starts_with('/'), "a path begins at the root");
    require(!head->method.empty(), "a request has a method");
  }
  const auto line = text.find('\n');
  HttpQuery request{
      .method = text.substr(0, std::min(text.find(' '), line)), .target = {}, .content_type = {}, .body = {}};
  request.target = text.substr(std::min(request.method.size() + 1, text.size()), line);
  if (line != std::string::npos) request.content_type = text.substr(line + 1, 40);
  request.body = input;
  const auto message = message_of(request);
  if (!message) {
    require(message.error() >= 400 && message.error() < 500, "a refusal is the client's fault");
    require(error_response(message.error()).status == message.error(), "each refusal has words");
  } else {
    require(!message->empty() && message->size() <= HttpQuery::most_body, "a message has a size");
    require(path_of(request) == doh_path, "only one path carries queries");
    if (request.method != "POST")
      require(request.target.find("dns=" + base64url(*message)) != std::string::npos, "it is what was sent");
  }
  static_cast<void>(response_with(input));
  return 0;
}
