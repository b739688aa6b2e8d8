#pragma once
// POST /api/v1 of master and agent: the v1 operator calls (mesos.md 1.6, 5.9).

#include "io/http/server.hpp"
#include "node/engine_port.hpp"

#include <optional>

namespace windlass {

HttpResponse serve_master_call(const HttpRequest& request, const EngineView& engine);
// The framework that a valid TEARDOWN call of the master names. None: it is another call, or must be refused as
// serve_master_call() does it.
std::optional<FrameworkId> teardown_call(const HttpRequest& request);
HttpResponse serve_agent_call(const HttpRequest& request, const EngineView& engine);

}  // namespace windlass
