#pragma once
#include <nlohmann/json_fwd.hpp>

#include "config/keys.hpp"

namespace tacet {

/// The JSON Schema of the values that a key of this form may have. A new form needs a line here.
nlohmann::ordered_json form_schema(const Form& form);

/// The texts that several forms have, by name: form_schema() refers to them as "#/$defs/NAME".
nlohmann::ordered_json shared_schemas();

/// An object with these keys and no others, described by the manual: those of `section`, or of the whole table.
template <class T>
nlohmann::ordered_json mapping_schema(std::span<const ConfigKey<T>> keys, std::string_view section = {});

}  // namespace tacet
