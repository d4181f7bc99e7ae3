// Makes a zone by a series of choices, and its honest NSEC and NSEC3 records. Whatever part of them an attacker shows:
// nothing that the zone has is ever denied.
#include <set>
#include <string>

#include "dnssec/canonical.hpp"
#include "dnssec/denial.hpp"
#include "fuzz/property.hpp"
#include "unit/dnssec/denial_chain.hpp"

using namespace tacet;
using namespace tacet::fixture;
using fuzz::Choices;
using fuzz::require;

namespace {

constexpr std::array labels{"a", "b", "*", "w", "A", "z"};
constexpr std::array types{"A", "A TXT", "CNAME", "NS", "NS DS", "DNAME", "MX"};

std::string name_by(Choices& choices) {
  std::string name = "z.";
  for (std::size_t depth = choices.below(5); depth > 0; --depth)
    name = std::string(labels[choices.below(labels.size())]) + "." + name;
  return name;
}

bool is_above_or_at(const std::string& above, const std::string& name) { return named(name).under(named(above)); }

/// A zone as its owner sees it: no name below a delegation or a DNAME belongs to it.
struct ChosenZone {
  Owners owners{{"z.", "SOA NS"}};

  explicit ChosenZone(Choices& choices) {
    for (std::size_t count = choices.below(8); count > 0; --count) {
      const std::string name = name_by(choices), type = types[choices.below(types.size())];
      if (name != "z." && fits(name, type)) owners.push_back({name, type});
    }
    add_empty_non_terminals();
  }

  static bool ends_here(const std::string& type) { return type.starts_with("NS") || type == "DNAME"; }
  bool fits(const std::string& name, const std::string& type) const {
    for (const Owner& owner : owners) {
      if (owner.name == "z.") continue;
      if (named(owner.name) == named(name)) return false;
      if (ends_here(owner.types) && is_above_or_at(owner.name, name)) return false;
      if (ends_here(type) && is_above_or_at(name, owner.name)) return false;
    }
    return true;
  }

  void add_empty_non_terminals() {
    const Owners with_types = owners;
    for (const Owner& owner : with_types)
      for (Name above = named(owner.name).parent(); above.label_count() > 1; above = above.parent())
        if (types_at(above) == nullptr) owners.push_back({above.to_string(), ""});
  }

  /// Null if the name does not exist.
  const std::string* types_at(const Name& name) const {
    for (const Owner& owner : owners)
      if (named(owner.name) == name) return &owner.types;
    return nullptr;
  }

  /// The types that a query for the name finds, by itself or by a wildcard; null for none at all. Nothing is said about
  /// names below a delegation or a DNAME.
  const std::string* found_at(const Name& name) const {
    if (const std::string* own = types_at(name)) return own;
    for (Name above = name.parent();; above = above.parent())
      if (types_at(above) != nullptr) return types_at(wildcard_below(above));
  }
  bool is_below_an_end(const Name& name) const {
    for (const Owner& owner : owners)
      if (owner.name != "z." && ends_here(owner.types) && name.under(named(owner.name)) && !(name == named(owner.name)))
        return true;
    return false;
  }
};

bool lists(const std::string& all, std::string_view type) {
  return (" " + all + " ").find(" " + std::string(type) + " ") != std::string::npos;
}

/// Denials of a part of the zone's records. Their octets live as long as `records`.
void show(Denial& denial, const Records& records, Choices& choices) {
  for (const Record& record : records) {
    if (!choices.chance()) continue;
    const Name owner = name_of(record.owner);
    if (record.type == Type::nsec)
      denial.add(read_nsec(owner, record.rdata));
    else if (const auto nsec3 = read_nsec3(owner, named("z"), record.rdata))
      denial.add(*nsec3);
  }
}

void check(const ChosenZone& zone, const Denial& denial, const Name& name) {
  ProofBudget budget{.verifications = 0, .nsec3_blocks = 100000};
  const std::string* found = zone.found_at(name);
  const bool below_end = zone.is_below_an_end(name);
  const DenialProof no_name = denial.no_name(name, budget);
  const DenialProof no_a = denial.no_data(name, Type::a, budget);
  if (below_end) {
    require(no_name == DenialProof::none, "a name below a delegation or a DNAME is never denied");
    require(no_a == DenialProof::none, "nor are its records");
    require(denial.cut(name, budget) == CutProof::none, "nor is anything said about a delegation there");
    return;
  }
  if (found != nullptr) {
    require(no_name == DenialProof::none, "a name that exists, or that a wildcard makes, is never denied");
    require(no_a != DenialProof::secure || !(lists(*found, "A") || lists(*found, "CNAME")), "nor are its records");
    require(no_a != DenialProof::secure || !ChosenZone::ends_here(*found) || *found == "DNAME",
            "nor those below a cut");
  }
  const std::string* own = zone.types_at(name);
  const CutProof cut = denial.cut(name, budget);
  if (own != nullptr && name.label_count() > 1) {
    require(cut != CutProof::no_cut || !lists(*own, "NS"), "a delegation is never denied");
    require(cut != CutProof::insecure || (lists(*own, "NS") && !lists(*own, "DS")), "only one without DS is unsigned");
    for (Name encloser = name.parent(); encloser.label_count() > 0; encloser = encloser.parent())
      require(denial.no_closer(name, encloser, budget) == DenialProof::none, "no wildcard takes the place of a name");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  Choices choices({octets, size});
  const ChosenZone zone(choices);
  const Nsec3Parameters parameters{.flags = choices.chance() ? 1U : 0U,
                                   .iterations = static_cast<unsigned>(choices.below(3))};
  Owners signed_owners = zone.owners;  // an opt-out zone leaves unsigned delegations out
  const bool opts_out = parameters.flags == 1;
  if (opts_out) std::erase_if(signed_owners, [](const Owner& owner) { return owner.types == "NS"; });
  const Records nsec = nsec_chain(zone.owners),
                nsec3 = nsec3_chain("z", opts_out ? signed_owners : zone.owners, parameters);
  Denial by_nsec(named("z")), by_nsec3(named("z"));
  show(by_nsec, nsec, choices);
  show(by_nsec3, nsec3, choices);
  for (int questions = 0; questions < 4; ++questions) {
    const Name name = named(name_by(choices));
    check(zone, by_nsec, name);
    // What hides in an opt-out span may be denied, but only as insecure.
    ProofBudget budget{.verifications = 0, .nsec3_blocks = 100000};
    if (!opts_out) {
      check(zone, by_nsec3, name);
    } else if (zone.found_at(name) != nullptr || zone.is_below_an_end(name)) {
      require(by_nsec3.no_name(name, budget) != DenialProof::secure, "an opt-out span denies nothing securely");
    }
  }
  return 0;
}
