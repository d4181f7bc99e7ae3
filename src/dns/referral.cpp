#include "dns/referral.hpp"

#include "dns/record_walk.hpp"

namespace tacet {

bool is_referral(const Message& response) {
  const MessageIndex& index = response.index();
  if (index.rcode() != Rcode::noerror || index.answers > 0 || index.has(flag::aa) || index.has(flag::ra)) return false;
  bool names_servers = false, has_soa = false;
  for_each_record(response.wire(), index, [&](const ResourceRecord& record) {
    if (record.section != Section::authority) return;
    names_servers = names_servers || record.type == Type::ns;
    has_soa = has_soa || record.type == Type::soa;
  });
  return names_servers && !has_soa;
}

}  // namespace tacet
