#pragma once
// How a container ended, from what Docker and Podman say of it. Their words are not always what they seem.

#include "base/error.hpp"
#include "model/container_spec.hpp"

#include <optional>
#include <string>

namespace windlass::executor {

// An inspect that sees it ended: the end by that. The wait for it need not be asked then, and may hang. None: it runs,
// or was never started.
std::optional<ContainerEnd> seen_end(const ContainerView& view);

// `said` is the answer to Docker's wait (or seen_end), `view` what an inspect after it has shown, `started_at` when the
// start began that is the task. Errors: nobody knows how that start ended; the inspect's own error, or Errc::closed
// when it was started again.
[[nodiscard]] Result<ContainerEnd> read_end(ContainerEnd said, const Result<ContainerView>& view,
                                            const std::string& started_at);

}  // namespace windlass::executor
