#include "transport/network/netwatch.hpp"

namespace tacet {

struct NetWatch::State {};

NetWatch::NetWatch(Loop&, std::function<void()>) {}
NetWatch::~NetWatch() = default;

}  // namespace tacet
