#include "docker/container_orphans.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace windlass {
namespace {

// own_name() of a child process, which has ended when this returns if it does not linger.
std::string name_of_child() {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string name = own_name();
    ::_exit(::write(ends[1], name.data(), name.size()) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  char name[256];
  const ssize_t size = ::read(ends[0], name, sizeof name);
  ::close(ends[0]);
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
  return {name, size > 0 ? static_cast<std::size_t>(size) : 0};
}

std::string with_word(const std::string& name, int place, const std::string& word) {
  std::size_t begin = 0;
  for (int i = 0; i < place; ++i) begin = name.find(' ', begin) + 1;
  const std::size_t end = std::min(name.find(' ', begin), name.size());
  return name.substr(0, begin) + word + name.substr(end);
}

TEST(Orphans, WeAreAlive) { EXPECT_FALSE(is_dead(own_name())); }

TEST(Orphans, AProcessThatHasEndedIsDead) { EXPECT_TRUE(is_dead(name_of_child())); }

TEST(Orphans, ARecycledPidIsNotTheOwner) { EXPECT_TRUE(is_dead(with_word(own_name(), 3, "1"))); }

TEST(Orphans, AnotherStartOfTheMachineEndsAll) { EXPECT_TRUE(is_dead(with_word(own_name(), 0, "other-boot"))); }

TEST(Orphans, OfAnotherPidNamespaceNobodyKnows) { EXPECT_FALSE(is_dead(with_word(name_of_child(), 1, "pid:[1]"))); }

TEST(Orphans, NamesThatAreNoneAreLeftAlone) {
  for (const char* name :
       {"", "x", "boot pid:[1]", "boot pid:[1] x 5", "boot pid:[1] -4 5", "boot pid:[1] 99999999999999 5"}) {
    EXPECT_FALSE(is_dead(name)) << name;
  }
}

}  // namespace
}  // namespace windlass
