#pragma once
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <expected>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.hpp"
#include "control/control.hpp"

namespace tacet {

using nlohmann::json;

/// A directory for one test.
class Folder {
public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "control-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return path_ / name; }

private:
  std::filesystem::path path_;
};

inline sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

template <class Call>
int with_address(Call call, int descriptor, const std::string& path) {
  const auto address = address_of(path);
  const void* const any = &address;
  return call(descriptor, static_cast<const sockaddr*>(any), sizeof address);
}

inline Descriptor connect_to(const std::string& path) {
  Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(with_address(::connect, client.get(), path) == 0);
  return client;
}

inline std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(descriptor, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

inline void send_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server may have heard enough
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

struct HttpAnswer {
  int status = 0;
  json body;
};

inline HttpAnswer parse(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  REQUIRE(text.starts_with("HTTP/1.1 "));
  REQUIRE(end != std::string::npos);
  return {std::stoi(text.substr(9, 3)), json::parse(text.substr(end + 4))};
}

inline HttpAnswer ask(const std::string& path, const std::string& line,
                      const std::string& headers = "Host: localhost\r\n") {
  const auto client = connect_to(path);
  send_all(client.get(), line + " HTTP/1.1\r\n" + headers + "\r\n");
  return parse(read_all(client.get()));
}

inline Result<std::unique_ptr<Control>> listen_at(const std::string& path, ControlHandlers handlers) {
  auto socket = ControlSocket::listen(path);
  if (!socket) return fail(std::move(socket.error()));
  return Control::create(std::move(*socket), std::move(handlers));
}

/// A control socket whose handlers remember what they were asked.
struct ControlFixture {
  Folder folder;
  std::string path = folder / "control.sock";
  std::vector<CacheScope> flushed;  // read only after an answer came
  std::vector<LogLevel> levels;     // the same
  std::expected<Reloaded, ReloadFaults> reloaded;
  std::unique_ptr<Control> control = make();

  std::unique_ptr<Control> make() {
    ControlHandlers handlers;
    handlers.status = [] {
      Snapshot snapshot;
      snapshot.metrics.udp_queries = 42;
      return Result<Snapshot>(snapshot);
    };
    handlers.exposure = [] { return Result<ExposureReport>(ExposureReport{}); };
    handlers.flush = [this](const CacheScope& scope) {
      flushed.push_back(scope);
      return Result<std::size_t>(3);
    };
    handlers.cache = [](const CacheScope& scope) {
      CacheReport report{.lists = scope.name.has_value()};
      report.statistics.entries = 7;
      return Result<CacheReport>(report);
    };
    handlers.explain_question = [](const Question& asked) {
      return Result<AnswerExplanation>(AnswerExplanation{.question = asked});
    };
    handlers.reload = [this] { return reloaded; };
    handlers.set_log_level = [this](LogLevel level) { levels.push_back(level); };
    auto made = listen_at(path, std::move(handlers));
    REQUIRE(made.has_value());
    return std::move(*made);
  }
};

}  // namespace tacet
