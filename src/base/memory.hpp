#pragma once

namespace tacet {

/// Gives memory that was freed back to the system, where the C library would keep it for whoever asks next. For after
/// something large has ended; it takes up to a millisecond.
void give_back_memory() noexcept;

}  // namespace tacet
