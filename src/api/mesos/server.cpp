#include "api/mesos/server.hpp"

#include "api/mesos/calls.hpp"
#include "api/mesos/reads.hpp"

#include <string_view>
#include <utility>

namespace windlass {
namespace {

// "/slave(1)/state" -> "/state"; libprocess serves both. A trailing "/" is dropped, as its longest-prefix match does.
std::string local_path(const std::string& path, std::string_view process) {
  std::string rest = path;
  if (rest.starts_with(process) && (rest.size() == process.size() || rest[process.size()] == '/')) {
    rest.erase(0, process.size());
  }
  while (rest.size() > 1 && rest.ends_with('/')) rest.pop_back();
  return rest.empty() ? "/" : rest;
}

asio::awaitable<HttpResponse> serve_master(HttpRequest request, EnginePort& engine) {
  const std::string path = local_path(request.path, "/master");
  if (path == "/api/v1/scheduler") {
    auto serving = serve_scheduler_call(std::move(request), engine);
    auto response = co_await std::move(serving);
    co_return response;
  }
  co_return serve_master_read(request, path, engine);
}

asio::awaitable<HttpResponse> serve_agent(HttpRequest request, EnginePort& engine) {
  const std::string path = local_path(request.path, "/slave(1)");
  if (path == "/api/v1/executor") {
    auto serving = serve_executor_call(std::move(request), engine);
    auto response = co_await std::move(serving);
    co_return response;
  }
  co_return serve_agent_read(request, path, engine);
}

}  // namespace

HttpHandler master_handler(EnginePort& engine) {
  return [&engine](HttpRequest request) { return serve_master(std::move(request), engine); };
}

HttpHandler agent_handler(EnginePort& engine) {
  return [&engine](HttpRequest request) { return serve_agent(std::move(request), engine); };
}

}  // namespace windlass
