#pragma once
// What operators and tools read of master and agent: /health, /version, /state, /files, metrics and the like, and the
// v1 operator calls (mesos.md 5). Anything else: 404 "404 Not Found.".

#include "io/http_server.hpp"
#include "node/engine_port.hpp"

namespace windlass {

// `path` is the request's path without a leading "/master" or "/slave(1)".
HttpResponse serve_master_read(const HttpRequest& request, const std::string& path, EnginePort& engine);
HttpResponse serve_agent_read(const HttpRequest& request, const std::string& path, EnginePort& engine);

}  // namespace windlass
