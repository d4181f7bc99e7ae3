#pragma once
#include <nghttp2/nghttp2.h>

/// Only the session of HTTP/2 may include it.
namespace tacet {

/// The memory of nghttp2's sessions. Each session holds a buffer of 16 KiB for what it sends, and rarely uses more than
/// its beginning. So large blocks are pages of their own: a page that nobody has touched takes no memory. The result
/// may be used by all threads, and lives as long as the program.
nghttp2_mem& http2_memory();

}  // namespace tacet
