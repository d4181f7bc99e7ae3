#pragma once

namespace tacet {

/// Blocks all signals in this thread: the main thread handles them.
void block_signals();

}  // namespace tacet
