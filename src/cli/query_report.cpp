#include "cli/query_report.hpp"

#include <fmt/format.h>

#include <array>
#include <sstream>

#include "base/duration.hpp"
#include "dns/answer_image.hpp"
#include "dns/edns.hpp"
#include "dns/ldns.hpp"

namespace tacet {
namespace {

/// True for a line of ldns with an unknown time, or with padding.
bool is_noise(std::string_view line) {
  static constexpr std::array<std::string_view, 3> noise{";; Query time:", ";; WHEN:", "; PADDING:"};
  for (const auto start : noise)
    if (line.starts_with(start)) return true;
  return false;
}

bool is_heading(std::string_view line) { return line.starts_with(";; ") && line.ends_with(" SECTION:"); }

/// ldns' text without noise, empty sections and repeated empty lines.
std::string without_noise(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  std::string heading;
  bool gap = false;
  for (std::string line; std::getline(lines, line);) {
    if (is_noise(line)) continue;
    if (line.empty()) {
      heading.clear();
      gap = true;
    } else if (is_heading(line)) {
      heading = line;
    } else {
      if (gap) out += '\n';
      if (!heading.empty()) out += heading + '\n';
      out += line + '\n';
      heading.clear();
      gap = false;
    }
  }
  return out;
}

/// True if a zone's plain DNS server answered.
bool came_in_clear(const Exchange& exchange) {
  return exchange.facts && (exchange.facts->transport == Transport::udp || exchange.facts->transport == Transport::tcp);
}

std::string how_it_came(const QueryOutcome& outcome) {
  const Exchange& exchange = outcome.response.exchange;
  std::string text = fmt::format("answered by    {}\n", exchange.upstream);
  if (came_in_clear(exchange)) {
    text += "connection     plain DNS, not encrypted\n";
  } else if (const auto* facts = exchange.facts.get()) {
    const auto group = facts->key_exchange.empty() ? "key exchange unknown" : facts->key_exchange;
    text += fmt::format("connection     {} to {}, {}, {}, {}\n", to_string(facts->transport), facts->address,
                        facts->tls_version, group, facts->resumed ? "session resumed" : "full handshake");
    text += fmt::format("path           {}{}{}, connected in {:.1f} ms\n",
                        facts->interface.empty() ? "interface unknown" : "by " + facts->interface,
                        facts->proxy.empty() ? "" : ", through the proxy " + facts->proxy,
                        facts->rung == Rung::configured ? "" : fmt::format(", on the rung {}", to_string(facts->rung)),
                        milliseconds(facts->connect_time));
    text += fmt::format("certificate    checked for {}\n", facts->verified);
  }
  return text + fmt::format("round trip     {:.1f} ms ({:.1f} ms in all)\n", milliseconds(exchange.round_trip),
                            milliseconds(outcome.taken));
}

std::string name_exposure(const ConnectionFacts& facts) {
  if (facts.sni.empty()) return "no server name was sent in clear (no SNI)";
  return fmt::format("the server name {} was sent in clear (SNI): every network on the path can read it", facts.sni);
}

std::string what_the_network_sees(const ConnectionFacts& facts) {
  if (facts.proxy.empty()) return fmt::format("the network sees that you connect to {}", facts.address);
  return fmt::format("the proxy {} sees that you connect to {}; the network sees that you connect to the proxy",
                     facts.proxy, facts.address);
}

std::string what_was_exposed(const Message& query, const QueryOutcome& outcome) {
  const Exchange& exchange = outcome.response.exchange;
  std::string text = "exposed\n";
  const auto add = [&text](std::string_view line) { text += fmt::format("  - {}\n", line); };
  if (came_in_clear(exchange)) {
    add(fmt::format("the question and the answer travelled in clear: everybody on the path to {} can read them",
                    exchange.upstream));
    return text;
  }
  if (exchange.facts) {
    add(name_exposure(*exchange.facts));
    add(what_the_network_sees(*exchange.facts));
  }
  add(fmt::format(
      "the question was encrypted and padded to {} octets; the answer ({} octets) was {}padded by the server",
      query.wire().size(), outcome.response.message.wire().size(), is_padded(outcome.response.message) ? "" : "not "));
  if (outcome.plaintext_lookups == 0)
    add("no plaintext look-up was made");
  else
    add(fmt::format("{} look-up{} of an upstream's name went out in plaintext (bootstrap)", outcome.plaintext_lookups,
                    outcome.plaintext_lookups == 1 ? "" : "s"));
  add(fmt::format("{} and its operator know your question", exchange.upstream));
  return text;
}

/// What the daemon would make of the answer.
std::string verdict(const QueryOutcome& outcome) {
  if (!outcome.judgement) return {};
  const Judgement& judgement = *outcome.judgement;
  const std::string why = judgement.why ? judgement.why->text : "";
  switch (judgement.status) {
    case SecurityStatus::secure:
      return fmt::format("verdict        secure: signed, and proven from the root{}\n", why.empty() ? "" : "; " + why);
    case SecurityStatus::insecure:
      return fmt::format("verdict        insecure: {}\n", why.empty() ? "its zone is proven to be unsigned" : why);
    case SecurityStatus::bogus:
      return fmt::format("verdict        bogus: {}\n", why);
    case SecurityStatus::indeterminate:
      break;
  }
  return fmt::format("verdict        not known: {}\n", why.empty() ? "the upstream failed" : why);
}

/// The answer as a client without DO gets it, if its signatures came for the validation only.
Result<std::string> answer_text(const QueryOutcome& outcome) {
  const Message& message = outcome.response.message;
  if (outcome.shows_signatures) return presentation(message.wire());
  return presentation(make_image(message, false).wire);
}

}  // namespace

Result<std::string> upstream_report(const Message& query, const QueryOutcome& outcome) {
  const auto answer = answer_text(outcome);
  if (!answer) return fail(answer.error());
  return without_noise(*answer) + '\n' + verdict(outcome) + how_it_came(outcome) + '\n' +
         what_was_exposed(query, outcome);
}

Result<std::string> local_report(Bytes wire) {
  const auto answer = presentation(wire);
  if (!answer) return fail(answer.error());
  return without_noise(*answer) + "\nanswered here, nothing was sent: such a question never leaves the machine\n";
}

std::string failure_report(const Error& error, const std::vector<ChannelReport>& channels) {
  std::string text =
      fmt::format("tacet: no answer: {}\n", error.detail.empty() ? to_string(error.fault) : error.detail);
  for (const auto& channel : channels)
    if (!channel.state.last_error.empty()) text += fmt::format("  {}: {}\n", channel.id, channel.state.last_error);
  return text;
}

}  // namespace tacet
