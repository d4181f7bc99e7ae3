#include <stdbool.h>  // first: ldns/common.h defines bool itself unless this was seen, and g++ 14 then rejects std headers
//
#include <ldns/ldns.h>

#include <cstdlib>
#include <memory>

#include "dns/ldns.hpp"
#include "tacet/message.hpp"

namespace tacet {

Result<std::string> presentation(Bytes wire) {
  if (const Result<MessageIndex> index = index_message(wire); !index) return fail(index.error());
  ldns_pkt* parsed = nullptr;
  const ldns_status status = ldns_wire2pkt(&parsed, wire.data(), wire.size());
  if (status != LDNS_STATUS_OK) return fail(Fault::malformed, ldns_get_errorstr_by_id(status));
  const std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)> packet(parsed, ldns_pkt_free);
  const std::unique_ptr<char, decltype(&std::free)> text(ldns_pkt2str(packet.get()), std::free);
  if (!text) return fail(Fault::malformed, "ldns cannot print this message");
  return std::string(text.get());
}

std::string presentation_library_version() { return std::string("ldns ") + ldns_version(); }

}  // namespace tacet
