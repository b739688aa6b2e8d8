#pragma once
// Small synchronous file and machine queries. Errors name the path in Error.where.

#include "base/error.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace windlass {

// Errors: Errc::not_found, forbidden, invalid when it is larger than the limit, disk.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max = 16 * 1024 * 1024);
// A regular file below the directory, to which no symbolic link and no ".." leads away from it; at most 1 MiB. The path
// is relative to the directory, or absolute and begins with it. Errors: as above, forbidden for other files.
[[nodiscard]] Result<std::string> read_file_beneath(const std::string& directory, const std::string& path);
// The same, but only the last bytes of it, at most so many.
[[nodiscard]] Result<std::string> read_file_end_beneath(const std::string& directory, const std::string& path,
                                                        std::size_t bytes_max);
// Readers see the old or the new content, also after a power cut: temporary file, fsync, rename, fsync of the folder.
[[nodiscard]] Result<void> write_file_atomically(const std::string& path, std::string_view content, mode_t mode = 0644);
// Creates the file when it is missing.
[[nodiscard]] Result<void> append_file(const std::string& path, std::string_view content, mode_t mode = 0644);
// mkdir -p. Only folders that this call makes get the mode (regardless of umask).
[[nodiscard]] Result<void> make_directories(const std::string& path, mode_t mode = 0755);
// To the user's uid and primary gid; not recursive, does not follow a symbolic link. Errors: Errc::not_found for an
// unknown user, forbidden.
[[nodiscard]] Result<void> change_owner(const std::string& path, const std::string& user);
// rm -rf; a path that does not exist is fine. Does not follow symbolic links.
[[nodiscard]] Result<void> remove_tree(const std::string& path);

struct DiskSize {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;  // to unprivileged users
};
[[nodiscard]] Result<DiskSize> disk_size(const std::string& path);
// MemTotal of /proc/meminfo, in bytes.
[[nodiscard]] Result<std::uint64_t> memory_total();
// Processors that this process may run on, at least 1.
[[nodiscard]] unsigned cpu_count();
// From the kernel: the seed of a Prng that makes ids.
[[nodiscard]] std::uint64_t random_seed();
// The machine's host name.
[[nodiscard]] std::string host_name();
// An id that changes with every boot; a ProcessId is good only while it stays the same.
[[nodiscard]] Result<std::string> boot_id();
// The IPv4 address of the interface of the default route. Errors: Errc::not_found when there is none.
[[nodiscard]] Result<std::string> default_route_address();

}  // namespace windlass
