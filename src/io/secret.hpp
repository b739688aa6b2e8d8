#pragma once
// A secret that a person gives to a program: the text itself or, better, the path of a file, which `ps` does not show.

#include "base/error.hpp"

#include <string>

namespace windlass {

// "user:password" itself, or what the file of that path holds. Errors: Errc::forbidden for a file that others than its
// owner may read or write, and those of read_file; none shows the secret.
[[nodiscard]] Result<std::string> read_secret(const std::string& text_or_path);

// Overwrites, in the memory that `ps` shows, the values of the flag: of --name=user:password and of --name
// user:password. Paths stay, they are no secret. REQUIRES: argv is main's own; whoever needs the values has copied
// them.
void hide_secret(int argc, char** argv, const std::string& flag);

}  // namespace windlass
