#include "transport/network/network_identity.hpp"

namespace tacet {

Result<std::string> NetworkIdentity::take() { return std::string(); }
bool NetworkIdentity::add(Bytes) { return true; }
std::string NetworkIdentity::text() const { return {}; }

}  // namespace tacet
