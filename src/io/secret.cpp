#include "io/secret.hpp"

#include "io/files.hpp"

#include <sys/stat.h>

#include <cstring>
#include <string_view>

namespace windlass {
namespace {

constexpr std::size_t secret_bytes_max = 64 * 1024;
constexpr mode_t rights_of_others = S_IRWXG | S_IRWXO;

// A path with a colon in it begins with "/" or "./"; a user's name does not.
bool is_path(const std::string& text) {
  return text.starts_with('/') || text.starts_with('.') || text.find(':') == std::string::npos;
}

}  // namespace

Result<std::string> read_secret(const std::string& text_or_path) {
  if (!is_path(text_or_path)) return text_or_path;
  struct stat found {};
  // Refused rather than read with a warning: a secret that others can read is none, and a start that fails is noticed.
  if (::stat(text_or_path.c_str(), &found) == 0 && (found.st_mode & rights_of_others) != 0) {
    return Error{Errc::forbidden, "others than its owner may use this file: chmod 600 it", text_or_path};
  }
  return read_file(text_or_path, secret_bytes_max);
}

// The arguments stay readable in /proc/<pid>/cmdline for as long as we run, to every user of the machine.
void hide_secret(int argc, char** argv, const std::string& flag) {
  const std::string joined = flag + "=";
  for (int at = 1; at < argc; ++at) {
    char* value = nullptr;
    if (std::string_view{argv[at]}.starts_with(joined)) value = argv[at] + joined.size();
    if (argv[at] == flag && at + 1 < argc) value = argv[++at];
    if (value != nullptr && !is_path(value)) std::memset(value, '*', std::strlen(value));
  }
}

}  // namespace windlass
