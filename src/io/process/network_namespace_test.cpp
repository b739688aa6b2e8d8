#include "io/process/network_namespace.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace windlass {
namespace {

TEST(NetworkNamespace, OfOurOwnNeedsNoRights) {
  auto socket = open_socket_in("/proc/self/ns/net", AF_INET);
  ASSERT_TRUE(socket) << to_string(socket.error());
  EXPECT_NE(::fcntl(socket->value, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(socket->value, F_GETFD) & FD_CLOEXEC, 0);
}

TEST(NetworkNamespace, ThatIsNotThereIsNamed) {
  const Error error = open_socket_in("/proc/1073741824/ns/net", AF_INET).error();
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.message, "open /proc/1073741824/ns/net: No such file or directory");
}

TEST(NetworkNamespace, OfAnotherKindIsRefused) { EXPECT_FALSE(open_socket_in("/proc/self/ns/uts", AF_INET)); }

ino_t own_network() {
  struct stat here {};
  ::stat("/proc/thread-self/ns/net", &here);
  return here.st_ino;
}

// A process in a network of its own, made in a user namespace of its own, so that any user can.
class Stranger {
 public:
  Stranger() {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid = ::fork();
    if (pid == 0) {
      const char ready = ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 'y' : 'n';
      if (::write(ends[1], &ready, 1) == 1) ::pause();
      ::_exit(0);
    }
    char ready = 'n';
    is_apart = ::read(ends[0], &ready, 1) == 1 && ready == 'y';
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~Stranger() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  pid_t pid = 0;
  bool is_apart = false;
};

// Root makes its socket there, others are refused; either way we are where we were.
TEST(NetworkNamespace, IsLeftAgainAtOnce) {
  const Stranger stranger;
  ASSERT_TRUE(stranger.is_apart) << "this machine lets nobody make namespaces";
  const ino_t before = own_network();
  auto socket = open_socket_in("/proc/" + std::to_string(stranger.pid) + "/ns/net", AF_INET);
  EXPECT_EQ(own_network(), before);
  if (::geteuid() == 0) {
    EXPECT_TRUE(socket) << to_string(socket.error());
  } else {
    EXPECT_EQ(socket.error().code, Errc::forbidden);
  }
}

}  // namespace
}  // namespace windlass
