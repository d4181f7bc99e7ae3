#include "cli/setup/probe.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "base/descriptor.hpp"
#include "cli/ask/control_client.hpp"
#include "cli/ask/parsed_json.hpp"
#include "dns/message_builder.hpp"
#include "listen/bind.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

constexpr int tries = 3;
constexpr int milliseconds_each = 2000;
constexpr int own_names = 4;

std::vector<std::uint8_t> query_for(const Question& question) {
  auto query = MessageBuilder(question).finish(flag::rd);
  store16(query, 0, static_cast<std::uint16_t>(std::random_device()()));
  return query;
}

/// One conversation with the server.
class Probe {
public:
  explicit Probe(const SocketAddress& server) : server_(server) {}

  Result<void> connect() {
    const auto where = kernel_address(server_);
    if (!where) return fail(where.error());
    socket_ = Descriptor(::socket(where->family(), SOCK_DGRAM, 0));
    if (!socket_) return socket_error();
    const bool is_connected = ::connect(socket_.get(), where->get(), where->size) == 0;
    if (server_.address.is_loopback() && (is_connected ? !is_local() : errno == ENETUNREACH))
      return fail(Fault::no_network,
                  fmt::format("this machine does not have the address {} now: is the loopback interface down? (ip link "
                              "set lo up)",
                              server_.address.to_string()));
    return is_connected ? Result<void>() : socket_error();
  }

  /// The response code. Faults: unreachable, timeout, system.
  Result<Rcode> ask(const Question& question) {
    const auto query = query_for(question);
    for (int i = 0; i < tries; ++i) {
      if (::send(socket_.get(), query.data(), query.size(), 0) < 0) return socket_error();
      const auto rcode = await_reply(query);
      if (!rcode) return fail(rcode.error());
      if (*rcode) return **rcode;
    }
    return fail(Fault::timeout, fmt::format("no answer from {} port {}", server_.address.to_string(), server_.port));
  }

private:
  /// False if the queries would leave this machine. Without the interface lo, a default route takes them.
  bool is_local() const {
    KernelAddress own{.storage = {}, .size = sizeof own.storage};
    if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own.storage), &own.size) != 0) return false;
    const auto address = IpAddress::from_kernel(*own.get());
    return address && address->is_loopback();
  }

  /// Nothing if there is no reply in time.
  Result<std::optional<Rcode>> await_reply(const std::vector<std::uint8_t>& query) {
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    while (::poll(&readable, 1, milliseconds_each) > 0) {
      std::array<std::uint8_t, 512> reply{};
      const auto size = ::recv(socket_.get(), reply.data(), reply.size(), 0);
      if (size < 0) return socket_error();
      if (size >= 12 && reply[0] == query[0] && reply[1] == query[1] && (reply[2] & 0x80) != 0)
        return std::optional(static_cast<Rcode>(reply[3] & flag::rcode_mask));
    }
    return std::optional<Rcode>();
  }

  std::unexpected<Error> socket_error() const {
    if (errno == ECONNREFUSED)
      return fail(Fault::unreachable,
                  fmt::format("nobody answers at {} port {}", server_.address.to_string(), server_.port));
    return fail(Fault::system, fmt::format("{}: {}", server_.address.to_string(), std::strerror(errno)));
  }

  const SocketAddress server_;
  Descriptor socket_;
};

/// Checks that the server serves this machine. The caller compares tacet's count.
Result<void> ask_own_names(Probe& probe, const std::string& server) {
  for (int i = 0; i < own_names; ++i) {
    const auto rcode = probe.ask({Name::from_text(fresh_name()).value(), Type::a});
    if (!rcode) return fail(rcode.error());
    if (*rcode == Rcode::refused)
      return fail(Fault::refused,
                  fmt::format("{} refuses the queries of this machine: see `allow` in its configuration", server));
  }
  return {};
}

/// Succeeds if an upstream answers anything. An upstream need not know these names: its failure counts as an answer,
/// too.
Result<void> look_something_up(Probe& probe, const std::string& server, const std::string& socket) {
  const auto before = query_count(socket);
  const std::array<Question, 2> questions{{{{}, Type::ns}, {Name::from_text("example.com.").value(), Type::a}}};
  for (const auto& question : questions) {
    const auto rcode = probe.ask(question);
    if (!rcode && rcode.error().fault != Fault::timeout) return fail(rcode.error());
    if (rcode && *rcode != Rcode::servfail) return {};
  }
  const auto after = query_count(socket);
  if (before && after && after->upstream > before->upstream) return {};
  return fail(Fault::protocol, fmt::format("{} listens, but cannot look names up: no upstream answers, see its log "
                                           "(asked for `. NS` and `example.com A`: SERVFAIL)",
                                           server));
}

std::uint64_t answers_of_upstreams(const ParsedJson& status) {
  std::uint64_t sum = 0;
  for (const auto& upstream : status.at("upstreams")) sum += number(upstream, "answers");
  return sum;
}

bool has_zone(const ParsedJson& status, std::string_view name) {
  for (const auto& zone : status.at("zones")) {
    const auto& text = zone.at("zone").get_ref<const std::string&>();
    if (text == name || text + "." == name) return true;
  }
  return false;
}

}  // namespace

Result<QueryCount> query_count(const std::string& socket) {
  const auto status = ask(socket, {.method = "GET", .path = "/status"});
  if (!status) return fail(status.error());
  try {
    const auto& queries = status->at("queries");
    return QueryCount{.taken = number(queries, "udp") + number(queries, "tcp"),
                      .local = number(status->at("answers"), "policy"),
                      .upstream = answers_of_upstreams(*status),
                      .forwards_test = has_zone(*status, "test.")};
  } catch (const ParsedJson::exception& missing) {
    return fail(Fault::protocol, fmt::format("the running tacet is of another version: {}", missing.what()));
  }
}

std::string fresh_name() {
  std::random_device random;
  return fmt::format("tacet-{:08x}{:08x}.test.", random(), random());
}

Result<void> probe_resolver(const SocketAddress& at, const std::string& socket) {
  const std::string server = at.address.to_string();
  Probe probe(at);
  if (auto connected = probe.connect(); !connected) return connected;
  const auto before = query_count(socket);
  const auto served = ask_own_names(probe, server);
  const auto after = query_count(socket);
  if (!served && (before || served.error().fault != Fault::refused)) return served;  // another program may refuse, too
  const auto looked_up = look_something_up(probe, server, socket);
  if (before && after && after->taken >= before->taken + own_names) return looked_up;
  const auto also = looked_up ? std::string() : "; and " + looked_up.error().detail;
  if (!before || !after)
    return fail(
        Fault::refused,
        fmt::format("{} answers at port {}, but nothing shows that it is tacet (the port is held by {}): {}{}", server,
                    at.port, holder_of(at, SOCK_DGRAM), (before ? after : before).error().detail, also));
  return fail(
      Fault::refused,
      fmt::format("the program at {} port {} is not the tacet that listens on {}, which has counted none of the "
                  "queries (`ss -lpn sport = :{}` names it){}",
                  server, at.port, socket, at.port, also));
}

}  // namespace tacet
