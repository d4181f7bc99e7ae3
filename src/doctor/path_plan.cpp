#include "doctor/path_plan.hpp"

#include <algorithm>

namespace tacet {
namespace {

constexpr std::size_t most_own_resolvers = 2;

/// A server to ask, and how people call it.
struct AskedServer {
  SocketAddress address;
  std::string name;
  bool is_public = false;
};

std::vector<AskedServer> servers_of(const Canaries& canaries, const PathPlanInput& input) {
  std::vector<AskedServer> servers;
  for (const auto& own : input.own_resolvers)
    if (servers.size() < most_own_resolvers) servers.push_back({own, own_resolver});
  for (const auto& resolver : canaries.resolvers) servers.push_back({resolver.address, resolver.operator_name, true});
  return servers;
}

Name child(const std::string& label, const Name& parent) {
  return Name::from_text(parent.is_root() ? label : label + "." + parent.to_string()).value();
}

/// Builds the list for one server.
class ServerPlan {
public:
  ServerPlan(const AskedServer& server, std::vector<ClearQuery>& out) : server_(server), out_(out) {}

  ClearQuery& add(std::string check, Question question) {
    out_.push_back({.check = std::move(check),
                    .server_name = server_.name,
                    .server = server_.address,
                    .question = std::move(question)});
    return out_.back();
  }

private:
  const AskedServer& server_;
  std::vector<ClearQuery>& out_;
};

void plan_identity(ServerPlan& plan) {
  plan.add("path.identity", {Name::from_text("id.server.").value(), Type::txt, Class::ch});
  plan.add("path.identity", {Name(), Type::ns}).nsid = true;
}

/// One canary in three goes to each server, but two at least: two of three have to agree before doctor believes them.
void plan_signed(ServerPlan& plan, const Canaries& canaries, std::size_t place) {
  constexpr std::size_t each = 3;
  for (std::size_t i = 0; i < std::min(each, canaries.signed_names.size()); ++i) {
    const auto at = (place * each + i) % canaries.signed_names.size();
    plan.add("path.forged", {canaries.signed_names[at], i == 1 ? Type::aaaa : Type::a}).dnssec = true;
  }
}

void plan_server(const AskedServer& server, std::size_t place, const Canaries& canaries, const PathPlanInput& input,
                 std::vector<ClearQuery>& out) {
  ServerPlan plan(server, out);
  if (server.is_public) plan_identity(plan);
  plan_signed(plan, canaries, place);
  plan.add("path.nxdomain", {child(input.random_labels[0], canaries.signed_names.front()), Type::a});
  plan.add("path.nxdomain", {child(input.random_labels[1], Name()), Type::a});
  for (const Name& name : canaries.ech_names) plan.add("path.ech", {name, Type::https});
  auto& by_tcp = plan.add("path.tcp53", {canaries.signed_names.front(), Type::ns});
  by_tcp.transport = PlainTransport::tcp;
}

}  // namespace

std::vector<ClearQuery> plan_path(const Canaries& canaries, const PathPlanInput& input) {
  std::vector<ClearQuery> plan;
  for (const auto& nowhere : canaries.nonservers) {
    const AskedServer server{nowhere, "an address without a server"};
    ServerPlan(server, plan).add("path.nonserver", {canaries.signed_names.front(), Type::a});
  }
  const auto servers = servers_of(canaries, input);
  for (std::size_t i = 0; i < servers.size(); ++i) plan_server(servers[i], i, canaries, input, plan);
  return plan;
}

std::vector<Question> reference_questions(const std::vector<ClearQuery>& plan) {
  std::vector<Question> questions;
  for (const auto& query : plan)
    if ((query.check == "path.forged" || query.check == "path.ech" || query.check == "path.nxdomain") &&
        std::ranges::find(questions, query.question) == questions.end())
      questions.push_back(query.question);
  return questions;
}

}  // namespace tacet
