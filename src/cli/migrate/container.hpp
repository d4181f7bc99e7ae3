#pragma once
#include <string>
#include <utility>
#include <vector>

#include "config/document.hpp"

namespace tacet {

/// One container of a compose file or a Kubernetes manifest: the settings of the program in it.
struct Container {
  std::string image;
  std::vector<std::string> words;                              ///< of its command line
  std::vector<std::pair<std::string, std::string>> variables;  ///< of its environment
  /// "127.0.0.1:53:5053/udp" as written, or joined from its parts.
  std::vector<std::string> ports;
};

/// Every container of a document: each mapping with an image or a command of its own.
std::vector<Container> containers_in(const Node& document);

/// The machine's address ("0.0.0.0" for all) and port for a container's port.
struct PublishedPort {
  std::string address, port;
};
/// Where the machine answers for this port of the container. Nothing if the port is not published under one number.
std::vector<PublishedPort> published(const Container& container, const std::string& port);

}  // namespace tacet
