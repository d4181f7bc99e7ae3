#pragma once

namespace tacet {

/// Whether what is written there comes to a terminal that knows escape sequences: TERM is not "dumb".
bool moves_cursor(int descriptor);

/// The same, and nobody asked for text without colours (https://no-color.org).
bool shows_colours(int descriptor);

}  // namespace tacet
