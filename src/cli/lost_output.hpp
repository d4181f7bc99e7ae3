#pragma once

namespace tacet {

/// Writes out what stands in std::cout. True, with a line on std::cerr, if output got lost, as on a full disk. A reader
/// that has left, as `head` does, wants no more, so nothing is lost then.
bool output_is_lost();

}  // namespace tacet
