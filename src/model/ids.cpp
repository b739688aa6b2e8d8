#include "model/ids.hpp"

#include <algorithm>

namespace windlass {

std::string safe_path(const AppId& app) {
  std::string path = app.value.starts_with('/') ? app.value.substr(1) : app.value;
  std::replace(path.begin(), path.end(), '/', '_');
  return path;
}

}  // namespace windlass
