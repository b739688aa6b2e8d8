#pragma once
// POST /api/v1 of master and agent: the v1 operator calls (mesos.md 1.6, 5.9).

#include "io/http_server.hpp"
#include "node/engine_port.hpp"

namespace windlass {

HttpResponse serve_master_call(const HttpRequest& request, const EngineView& engine);
HttpResponse serve_agent_call(const HttpRequest& request, const EngineView& engine);

}  // namespace windlass
