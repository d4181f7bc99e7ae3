#pragma once
#include "report/json.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// The way that a connection takes: family, interface, proxy and the time that connecting took. null before the first
/// connection.
Json path_json(const ConnectionFacts* facts);

}  // namespace tacet
