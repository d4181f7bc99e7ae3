#pragma once
#include "dns/message_builder.hpp"
#include "dns/rdata_shape.hpp"

namespace tacet {

/// The shape of a record's RDATA; opaque outside class IN.
RdataShape shape_of(const ResourceRecord& record);

/// The offset of the first name in a record's RDATA, if there is one. `wire` is an indexed message.
std::size_t names_begin(Bytes wire, const ResourceRecord& record, const RdataShape& shape);

/// Copies a record of an indexed message. Expands the names in it, and compresses them again where that is allowed.
void copy_record(MessageBuilder& builder, Bytes wire, const ResourceRecord& record);

}  // namespace tacet
