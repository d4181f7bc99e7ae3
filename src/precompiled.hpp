/// The headers of the language and of fmt that most files include, compiled once for all of them. Nothing relies on it:
/// each file includes what it uses. Do not ask for __OPTIMIZE__ behind it: fmt's pragmas leave that defined in g++'s
/// precompiled form at every level.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>
