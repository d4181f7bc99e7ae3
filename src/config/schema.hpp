#pragma once
#include <string>

namespace tacet {

/// The JSON Schema (2020-12) of a configuration, made from the table of keys and the sentences of tacet.yaml(5), for
/// editors and programs that write configurations. It refuses nothing that read_config() accepts. What it cannot see it
/// names itself, under $comment.
std::string config_schema();

}  // namespace tacet
