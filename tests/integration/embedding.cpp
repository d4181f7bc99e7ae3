// A program that has the resolver inside: PORT UPSTREAM-PORT CA-FILE HOSTS-FILE. It ends with its standard input.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <tacet/server.hpp>
#include <thread>

namespace {

tacet::Config config_of(char** words) {
  tacet::UpstreamConfig upstream;
  upstream.port = static_cast<std::uint16_t>(std::atoi(words[2]));
  upstream.host = "127.0.0.1";
  upstream.host_is_address = true;
  upstream.path = "/dns-query";
  upstream.url = "https://127.0.0.1:" + std::to_string(upstream.port) + upstream.path;
  upstream.ca_file = words[3];
  tacet::Config config = tacet::Config::defaults();
  config.listen = {{.address = "127.0.0.1", .port = static_cast<std::uint16_t>(std::atoi(words[1]))}};
  config.upstreams = {upstream};
  config.hosts.file = words[4];
  config.control.socket.clear();
  return config;
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  const auto server = tacet::Server::create(config_of(words));
  if (!server) {
    std::cerr << server.error().detail << '\n';
    return 1;
  }
  std::thread stopper([&server] {
    std::cin.get();
    (*server)->stop();
  });
  const auto served = (*server)->run();
  stopper.join();
  return served ? 0 : 1;
}
