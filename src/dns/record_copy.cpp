#include "dns/record_copy.hpp"

namespace tacet {
namespace {

void copy_rdata(MessageBuilder& builder, Bytes wire, const ResourceRecord& record) {
  const RdataShape shape = shape_of(record);
  std::size_t at = names_begin(wire, record, shape);
  builder.octets(wire.subspan(record.rdata, at - record.rdata));
  for (int names = shape.names; names > 0; --names) {
    const Name name = expand_name(wire, at);
    if (shape.form == RdataShape::Names::compressible) builder.compressed_name(name);
    if (shape.form != RdataShape::Names::compressible) builder.plain_name(name);
    at = skip_name(wire, at);
  }
  builder.octets(wire.subspan(at, record.rdata + record.rdata_size - at));
}

}  // namespace

RdataShape shape_of(const ResourceRecord& record) {
  return record.rclass == Class::in ? shape_of(record.type) : RdataShape{.open_end = true};
}

std::size_t names_begin(Bytes wire, const ResourceRecord& record, const RdataShape& shape) {
  std::size_t at = record.rdata + std::size_t{shape.before};
  for (int strings = shape.strings; strings > 0; --strings) at += wire[at] + 1U;
  return at;
}

void copy_record(MessageBuilder& builder, Bytes wire, const ResourceRecord& record) {
  builder.begin_record({.section = record.section,
                        .owner = expand_name(wire, record.owner),
                        .type = record.type,
                        .rclass = record.rclass,
                        .ttl = record.ttl});
  copy_rdata(builder, wire, record);
  builder.end_record();
}

}  // namespace tacet
