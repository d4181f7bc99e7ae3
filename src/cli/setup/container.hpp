#pragma once
#include <string>
#include <utility>
#include <vector>

#include "config/document.hpp"

namespace tacet {

/// What a compose file or a Kubernetes manifest says of one container, as far as it concerns the program in it.
struct Container {
  std::string image;
  std::vector<std::string> words;                              ///< of its command line
  std::vector<std::pair<std::string, std::string>> variables;  ///< of its environment
  /// "127.0.0.1:53:5053/udp" as it was written, or put together from its parts.
  std::vector<std::string> ports;
};

/// Every container that is described anywhere in a document: each mapping with an image or a command of its own.
std::vector<Container> containers_in(const Node& document);

/// Where the machine answers for a container's port: an address ("0.0.0.0" for all) and a port. Nothing if the port is
/// not published by a number of its own.
struct PublishedPort {
  std::string address, port;
};
std::vector<PublishedPort> published(const Container& container, const std::string& port);

}  // namespace tacet
