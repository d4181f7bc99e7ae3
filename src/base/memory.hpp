#pragma once

namespace tacet {

/// Gives freed memory back to the system; the C library would keep it. Call it after something large has ended; it
/// takes up to a millisecond.
void give_back_memory() noexcept;

}  // namespace tacet
