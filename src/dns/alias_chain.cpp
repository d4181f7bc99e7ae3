#include "dns/alias_chain.hpp"

#include <algorithm>

#include "dns/record_copy.hpp"
#include "dns/record_walk.hpp"

namespace tacet {
namespace {

/// A CNAME or DNAME as it lies in an answer section.
struct Alias {
  ResourceRecord record;
  Name owner, target;
};

/// The aliases of an answer section; none if there are more than any chain needs.
std::vector<Alias> aliases_in(Bytes wire, const MessageIndex& index) {
  constexpr std::size_t most = 4 * most_aliases;
  std::vector<Alias> aliases;
  bool too_many = false;
  for_each_record(wire, index, [&](const ResourceRecord& record) {
    const bool is_alias = record.type == Type::cname || record.type == Type::dname;
    if (!is_alias || record.section != Section::answer || record.rclass != Class::in || too_many) return;
    too_many = aliases.size() == most;
    aliases.push_back({record, expand_name(wire, record.owner), expand_name(wire, record.rdata)});
  });
  return too_many ? std::vector<Alias>{} : aliases;
}

const Alias* cname_of(std::span<const Alias> aliases, const Name& name) {
  const auto found = std::ranges::find_if(
      aliases, [&](const Alias& alias) { return alias.record.type == Type::cname && alias.owner == name; });
  return found == aliases.end() ? nullptr : &*found;
}

const Alias* dname_over(std::span<const Alias> aliases, const Name& name) {
  const auto found = std::ranges::find_if(aliases, [&](const Alias& alias) {
    return alias.record.type == Type::dname && name.under(alias.owner) && !(name == alias.owner);
  });
  return found == aliases.end() ? nullptr : &*found;
}

bool follows_aliases(const MessageIndex& index) {
  const auto not_for = {Type::cname, Type::any, Type::rrsig, Type::nsec};
  return index.qclass == Class::in && std::ranges::find(not_for, index.type) == not_for.end();
}

/// Writes the aliases of an answer that belong to a chain.
class ChainWriter {
public:
  ChainWriter(MessageBuilder& builder, Bytes wire)
      : builder_(builder),
        wire_(wire),
        index_(index_message(wire).value()),
        aliases_(aliases_in(wire, index_)) {}

  void write(std::span<const Name> chain) {
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) step(chain[i], chain[i + 1]);
  }

private:
  void step(const Name& from, const Name& to) {
    const Alias* dname = dname_over(aliases_, from);
    if (dname != nullptr && std::ranges::find(written_, dname) == written_.end()) {
      write_signed(*dname);
      written_.push_back(dname);
    }
    if (const Alias* cname = cname_of(aliases_, from)) return write_signed(*cname);
    if (dname == nullptr) return;
    builder_.begin_record({.owner = from, .type = Type::cname, .ttl = dname->record.ttl});
    builder_.compressed_name(to);
    builder_.end_record();
  }

  void write_signed(const Alias& alias) {
    copy_record(builder_, wire_, alias.record);
    for_each_record(wire_, index_, [&](const ResourceRecord& record) {
      const bool covers = record.section == Section::answer && record.type == Type::rrsig && record.rdata_size >= 2 &&
                          static_cast<Type>(load16(wire_, record.rdata)) == alias.record.type;
      if (covers && expand_name(wire_, record.owner) == alias.owner) copy_record(builder_, wire_, record);
    });
  }

  MessageBuilder& builder_;
  Bytes wire_;
  MessageIndex index_;
  std::vector<Alias> aliases_;
  std::vector<const Alias*> written_;
};

std::uint16_t joined_flags(const AnswerImage& front, const AnswerImage& rest) {
  const std::uint16_t first = load16(front.wire, 2), last = load16(rest.wire, 2);
  const auto both = static_cast<std::uint16_t>(first & last & flag::ad);
  return static_cast<std::uint16_t>(flag::qr | flag::ra | both | (last & (flag::tc | flag::rcode_mask)));
}

}  // namespace

std::optional<Name> redirected(const Name& name, const Name& owner, const Name& target) {
  const Bytes prefix = name.wire().first(name.wire().size() - owner.wire().size());
  std::vector<std::uint8_t> wire(prefix.begin(), prefix.end());
  wire.insert(wire.end(), target.wire().begin(), target.wire().end());
  const auto made = Name::from_wire(wire);
  return made ? std::optional(*made) : std::nullopt;
}

std::vector<Name> alias_chain(const AnswerImage& image) {
  const MessageIndex index = index_message(image.wire).value();
  const Name asked = expand_name(image.wire, header_size);
  std::vector<Name> chain{asked};
  if (!follows_aliases(index) || index.answers == 0) return chain;
  const std::vector<Alias> aliases = aliases_in(image.wire, index);
  for (;;) {
    const Alias* cname = cname_of(aliases, chain.back());
    const Alias* dname = cname == nullptr ? dname_over(aliases, chain.back()) : nullptr;
    if (cname == nullptr && dname == nullptr) return chain;
    const std::optional<Name> next =
        cname != nullptr ? cname->target : redirected(chain.back(), dname->owner, dname->target);
    if (!next) return chain;
    if (chain.size() > most_aliases || std::ranges::find(chain, *next) != chain.end()) return {asked};
    chain.push_back(*next);
  }
}

bool leaves_open(const AnswerImage& image, const Name& last) {
  if (image.kind == AnswerKind::positive) return false;
  const MessageIndex index = index_message(image.wire).value();
  bool denied = false;
  for_each_record(image.wire, index, [&](const ResourceRecord& record) {
    if (record.section == Section::authority && record.type == Type::soa)
      denied = denied || last.under(expand_name(image.wire, record.owner));
  });
  return !denied;
}

AnswerImage join(const AnswerImage& front, std::span<const Name> chain, const AnswerImage& rest) {
  const MessageIndex asked = index_message(front.wire).value();
  const Question question{expand_name(front.wire, header_size), asked.type, asked.qclass};
  MessageBuilder builder(question);
  ChainWriter(builder, front.wire).write(chain);
  for_each_record(rest.wire, index_message(rest.wire).value(),
                  [&](const ResourceRecord& record) { copy_record(builder, rest.wire, record); });
  auto message = Message::parse(builder.finish(joined_flags(front, rest)));
  if (!message) message = Message::parse(MessageBuilder(question).finish(flag::qr | std::uint16_t(Rcode::servfail)));
  AnswerImage joined = make_image(*message, true);  // drops from both parts what a client must not see
  joined.extended_error = rest.extended_error ? rest.extended_error : front.extended_error;
  joined.security = weaker(front.security, rest.security);
  joined.crosses = true;
  return joined;
}

}  // namespace tacet
