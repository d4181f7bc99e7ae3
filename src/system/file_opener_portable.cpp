#include "system/file_opener.hpp"

namespace tacet {

Result<OpenFile> start_file_opener(const Config&, ConfigSource, const Users&) { return OpenFile(open_file); }

}  // namespace tacet
