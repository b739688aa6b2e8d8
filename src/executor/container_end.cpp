#include "executor/container_end.hpp"

namespace windlass::executor {

std::optional<ContainerEnd> seen_end(const ContainerView& view) {
  // A container that was created and never started has exit code 0, too, and must not count as one that has finished.
  if (!view.started || view.running) return std::nullopt;
  return ContainerEnd{.exit_code = view.exit_code};
}

Result<ContainerEnd> read_end(ContainerEnd said, const Result<ContainerView>& view, const std::string& started_at) {
  // Podman answers the wait for a container that somebody removes with code 0, and an error beside it that says so.
  const bool is_guess = said.exit_code == 0 && !said.error.empty();
  if (!view && is_guess) return view.error();
  // The container is gone or Docker is away, but how it ended was told before.
  if (!view) return said;
  // Docker answers the wait for a container that is started again before its end could be told with code 0, which would
  // be a success.
  const bool is_overtaken = said.exit_code == 0 && !view->started_at.empty() && view->started_at != started_at;
  if (is_overtaken) return Error{Errc::closed, "it was started again", {}};
  if (is_guess) said.exit_code = view->exit_code;
  // Docker's answer to wait has no field for this: only the inspect tells it.
  said.oom_killed = said.oom_killed || view->oom_killed;
  // The wait's own words count more: they belong to this end, while the inspect may show what came after it.
  if (said.error.empty()) said.error = view->error;
  return said;
}

}  // namespace windlass::executor
