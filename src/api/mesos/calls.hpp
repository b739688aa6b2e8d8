#pragma once
// POST /api/v1/scheduler and POST /api/v1/executor: checks in the order of mesos.md 1.3 and 1.5, then the engine.

#include "io/http/server.hpp"
#include "node/engine_port.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <variant>

namespace windlass {

// REQUIRES (both): engine outlives the call.
[[nodiscard]] asio::awaitable<HttpResponse> serve_scheduler_call(HttpRequest request, FrameworkPort& engine);
[[nodiscard]] asio::awaitable<HttpResponse> serve_executor_call(HttpRequest request, EnginePort& engine);

// text/plain; charset=utf-8, as Mesos answers errors.
HttpResponse mesos_text(int status, std::string text);
// 405 with the Allow header and Mesos' sentence.
HttpResponse mesos_method_not_allowed(const std::string& method, const std::string& allowed);
// 406 with Mesos' sentence.
HttpResponse mesos_accept_refused();
// The checks of method and Content-Type: an answer when the request is refused, else the encoding of its body.
std::variant<HttpResponse, Encoding> check_post(const HttpRequest& request);
// The type to answer in: JSON when the Accept header admits both or is absent (mesos.md 1.3). None: 406.
std::optional<Encoding> accepted_encoding(const HttpRequest& request);

}  // namespace windlass
