#pragma once
// Sockets that live in the network of a container, while we stay in ours.

#include "base/error.hpp"
#include "io/fd.hpp"

#include <string>

namespace windlass {

// A non-blocking TCP socket of that family (AF_INET, AF_INET6) in the namespace that the path names
// ("/proc/<pid>/ns/net"). A socket keeps the namespace that it was made in, so the calling thread is there only while
// it makes it: no other thread or process, and no code of a coroutine, ever runs in it. Needs CAP_SYS_ADMIN, unless it
// is our own namespace. Errors: Errc::forbidden, not_found (no such process), unavailable.
[[nodiscard]] Result<Fd> open_socket_in(const std::string& network_namespace, int family);

}  // namespace windlass
