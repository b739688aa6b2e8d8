#include "executor/container_end.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace windlass::executor {
namespace {

const std::string our_start = "2026-01-01T00:00:00Z", later_start = "2026-01-01T00:01:00Z";

ContainerView ended(int exit_code, const std::string& started_at = our_start) {
  return {.started = true, .started_at = started_at, .exit_code = exit_code};
}

struct Case {
  const char* what;
  ContainerEnd said;
  Result<ContainerView> view;
  Result<ContainerEnd> end;
};

const Error gone{Errc::not_found, "No such container: c1", {}};
const Error away{Errc::unavailable, "connection refused", {}};

std::vector<Case> cases() {
  ContainerView out_of_memory = ended(137), broken = ended(127);
  out_of_memory.oom_killed = true;
  broken.error = "exec: no such file";
  return {
      {"Docker's word, and nothing to add", {.exit_code = 3}, ended(3), ContainerEnd{.exit_code = 3}},
      {"a success", {}, ended(0), ContainerEnd{}},
      {"only the inspect tells of the memory",
       {.exit_code = 137},
       out_of_memory,
       ContainerEnd{.exit_code = 137, .oom_killed = true}},
      {"only the inspect tells what went wrong",
       {.exit_code = 127},
       broken,
       ContainerEnd{.exit_code = 127, .error = "exec: no such file"}},
      {"the wait's own words count more",
       {.exit_code = 127, .error = "from the wait"},
       broken,
       ContainerEnd{.exit_code = 127, .error = "from the wait"}},
      {"removed since (--rm): the end is known", {.exit_code = 3}, gone, ContainerEnd{.exit_code = 3}},
      {"Docker is away since: the end is known", {}, away, ContainerEnd{}},
      {"Podman's guess, and the inspect knows",
       {.error = "container was removed"},
       ended(7),
       ContainerEnd{.exit_code = 7, .error = "container was removed"}},
      {"Podman's guess, and it is gone", {.error = "container was removed"}, gone, gone},
      {"Podman's guess, and nobody can be asked", {.error = "container was removed"}, away, away},
      {"started again: 0 is a guess of Docker's",
       {},
       ended(0, later_start),
       Error{Errc::closed, "it was started again", {}}},
      {"started again, but the end was told before",
       {.exit_code = 3},
       ended(0, later_start),
       ContainerEnd{.exit_code = 3}},
      {"an inspect that does not tell the start", {}, ended(0, ""), ContainerEnd{}},
  };
}

TEST(ContainerEnd, IsReadFromTheWaitAndAnInspect) {
  for (const Case& each : cases()) {
    const auto end = read_end(each.said, each.view, our_start);
    ASSERT_EQ(end.has_value(), each.end.has_value()) << each.what;
    if (end) {
      EXPECT_EQ(*end, *each.end) << each.what;
    } else {
      EXPECT_EQ(end.error(), each.end.error()) << each.what;
    }
  }
}

TEST(ContainerEnd, AnInspectMaySeeIt) {
  EXPECT_EQ(seen_end(ended(3)), (ContainerEnd{.exit_code = 3}));
  EXPECT_EQ(seen_end(ContainerView{}), std::nullopt) << "never started";
  ContainerView running = ended(0);
  running.running = true;
  EXPECT_EQ(seen_end(running), std::nullopt);
}

}  // namespace
}  // namespace windlass::executor
