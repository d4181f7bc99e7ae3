#include "system/file_opener.hpp"

namespace tacet {

Result<OpenFile> start_file_opener(const Config&, ConfigSource, const Users&, std::vector<std::string>) {
  return OpenFile(open_file);
}

}  // namespace tacet
