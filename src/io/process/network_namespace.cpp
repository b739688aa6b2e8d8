#include "io/process/network_namespace.hpp"

#include "base/check.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace windlass {

namespace {

// Of the thread: setns changes only the thread that calls it, and /proc/self would be the main thread's.
constexpr const char* own_network = "/proc/thread-self/ns/net";

Error network_error(const std::string& what, int error) {
  const Errc code = error == ENOENT || error == ESRCH   ? Errc::not_found
                    : error == EACCES || error == EPERM ? Errc::forbidden
                                                        : Errc::unavailable;
  return Error{code, what + ": " + std::generic_category().message(error), {}};
}

Result<Fd> make_tcp_socket(int family) {
  Fd socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
  if (socket.value < 0) return network_error("make a socket", errno);
  return socket;
}

bool are_same(const Fd& a, const Fd& b) {
  struct stat left {};
  struct stat right {};
  return ::fstat(a.value, &left) == 0 && ::fstat(b.value, &right) == 0 && left.st_dev == right.st_dev &&
         left.st_ino == right.st_ino;
}

}  // namespace

Result<Fd> open_socket_in(const std::string& network_namespace, int family) {
  const Fd theirs{::open(network_namespace.c_str(), O_RDONLY | O_CLOEXEC)};
  if (theirs.value < 0) return network_error("open " + network_namespace, errno);
  const Fd ours{::open(own_network, O_RDONLY | O_CLOEXEC)};
  if (ours.value < 0) return network_error(std::string{"open "} + own_network, errno);
  // A container in the host's network. To enter it would need CAP_SYS_ADMIN, to stay needs nothing.
  if (are_same(theirs, ours)) return make_tcp_socket(family);
  if (::setns(theirs.value, CLONE_NEWNET) != 0)
    return network_error("enter the network of " + network_namespace, errno);
  auto socket = make_tcp_socket(family);
  // Whoever was allowed in is allowed back out. If it failed, all that follows would happen in the wrong network.
  CHECK(::setns(ours.value, CLONE_NEWNET) == 0);
  return socket;
}

}  // namespace windlass
