#pragma once
#include "support/do53_scene.hpp"

namespace tacet {

/// A plain DNS server on loopback: every name has these addresses with a TTL of 30 s; an empty one is none.
class NameServer {
public:
  explicit NameServer(Loop& loop)
      : server_(loop, [this](const do53_test::Octets& query, bool) { return answer(query); }) {}

  SocketAddress address() const { return server_.address(); }
  std::size_t asked() const { return server_.by_udp.size(); }

  enum class Mood { answers, has_nothing, keeps_silent } mood = Mood::answers;
  do53_test::Octets v4{192, 0, 2, 1};
  do53_test::Octets v6{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

private:
  std::optional<do53_test::Octets> answer(const do53_test::Octets& query) const {
    if (mood == Mood::keeps_silent) return std::nullopt;
    auto reply = do53_test::bare(query);
    const std::uint8_t type = reply[reply.size() - 3];
    const auto& data = type == 28 ? v6 : v4;
    if (mood == Mood::has_nothing || data.empty()) return reply;
    reply[7] = 1;
    const auto length = static_cast<std::uint8_t>(data.size());
    const do53_test::Octets head{0xC0, 12, 0, type, 0, 1, 0, 0, 0, 30, 0, length};
    reply.insert(reply.end(), head.begin(), head.end());
    reply.insert(reply.end(), data.begin(), data.end());
    return reply;
  }

  do53_test::Server server_;
};

}  // namespace tacet
