#pragma once
// Fetches the URIs of a task into its sandbox, as the Mesos fetcher does. Blocks: call it on a pool thread.

#include "base/error.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace windlass {

struct FetchUri {
  std::string value = {};        // http, https, ftp, ftps, file://, or an absolute path
  bool executable = false;       // chmod 0755 and no extraction
  bool extract = true;           // .tar .tgz .tar.gz .tbz2 .tar.bz2 .txz .tar.xz .zip; .gz is uncompressed
  bool cache = false;            // accepted; every fetch bypasses the cache
  std::string output_file = {};  // relative path in the sandbox; empty: what follows the last "/" of value

  friend bool operator==(const FetchUri&, const FetchUri&) = default;
};

struct FetchJob {
  std::vector<FetchUri> uris = {};
  std::string sandbox = {};   // absolute, exists, writable for user
  std::string user = {};      // who reads local files, writes the sandbox and owns what is fetched; empty: ours
  std::string log_path = {};  // lines are appended here; empty: <sandbox>/stderr
  std::chrono::seconds stall_timeout{60};        // less than 1 byte per second for so long is a failure
  const std::atomic<bool>* cancelled = nullptr;  // set from another thread; looked at several times a second
  std::atomic<std::uint64_t>* moved = nullptr;   // grows with each byte that is fetched, copied or unpacked
};

// All of them, in order; stops at the first failure. Errors: Errc::invalid for the URI itself ("Malformed URI (missing
// path): …", "Illegal characters in URI"), Errc::unavailable, not_found, timeout, forbidden, disk, malformed,
// cancelled. The same text is in the log. Archives never write outside of the sandbox: members with ".." fail the
// fetch, a leading "/" is dropped, no member is written through a symbolic link, device nodes are refused.
[[nodiscard]] Result<void> fetch(const FetchJob& job);

// The name under which a URI lands in the sandbox. Errors: Errc::invalid with the texts above.
[[nodiscard]] Result<std::string> fetch_file_name(const FetchUri& uri);

}  // namespace windlass
