#include "config/schema.hpp"

#include <nlohmann/json.hpp>

#include "config/forms/form_schema.hpp"

namespace tacet {

std::string config_schema() {
  using Schema = nlohmann::ordered_json;
  Schema schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "tacet.yaml, the configuration of tacet"},
                {"description", "Each key with its default is described in tacet.yaml(5)."},
                {"$comment",
                 "Only `tacet check` sees rules about several keys (a key that has no effect or needs another, servers "
                 "that are our own addresses, min_ttl above max_ttl, listen without allow), one thing given twice in "
                 "two spellings, bits behind a prefix, names beyond ASCII that IDNA refuses, the length of such texts "
                 "in octets, the state of files, and numbers and truths in YAML's other notations (0x10, 1e3, True)."}};
  schema.update(mapping_schema(config_keys()));
  schema["$defs"] = shared_schemas();
  return schema.dump(2) + "\n";
}

}  // namespace tacet
