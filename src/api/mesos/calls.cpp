#include "api/mesos/calls.hpp"

#include "api/accept.hpp"

#include <utility>
#include <variant>

namespace windlass {
namespace {

// What a framework may be behind with: statuses of a million tasks that begin at once.
constexpr std::size_t framework_stream_bytes_max = 256 * 1024 * 1024;
// Mesos' text to the letter (mesos.md 1.3), as all that are below.
constexpr const char* accept_refused = "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'";

HttpResponse plain_status(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

HttpResponse answer_of(const engine::Answer& answer) {
  if (answer.text.empty()) return plain_status(answer.status);
  return mesos_text(answer.status, answer.text);
}

HttpResponse stream_response(StreamPtr stream, Encoding encoding) {
  HttpResponse response;
  response.content_type = content_type(encoding);
  response.stream = std::move(stream);
  return response;
}

// Always 200 from here on: what the engine refuses is an ERROR event on the stream (mesos.md 1.3).
HttpResponse subscribe_framework(const HttpRequest& request, SchedulerCall call, FrameworkPort& engine) {
  const auto encoding = accepted_encoding(request);
  if (!encoding) return mesos_accept_refused();
  if (find_header(request.headers, "Mesos-Stream-Id") != nullptr) {
    return mesos_text(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
  }
  engine::FrameworkSubscribe subscribe{.stream = engine.make_stream_id(),
                                       .framework_id = std::move(call.framework_id),
                                       .subscribe = std::get<calls::Subscribe>(std::move(call.body))};
  auto stream = HttpStream::create(framework_stream_bytes_max);
  HttpResponse response = stream_response(stream, *encoding);
  response.headers.emplace_back("Mesos-Stream-Id", subscribe.stream.to_string());
  // Handed over before the response is sent, so that SUBSCRIBED is the first thing on the stream.
  engine.open_framework_stream(std::move(subscribe), std::move(stream), *encoding);
  return response;
}

}  // namespace

HttpResponse mesos_accept_refused() { return mesos_text(406, accept_refused); }

std::variant<HttpResponse, Encoding> check_post(const HttpRequest& request) {
  if (request.method != "POST") return mesos_method_not_allowed(request.method, "POST");
  const std::string* type = find_header(request.headers, "Content-Type");
  if (type == nullptr) return mesos_text(400, "Expecting 'Content-Type' to be present");
  // Equal to the letter, as Mesos compares: "application/json; charset=utf-8" is a 415 (mesos.md 1.3).
  if (*type == content_type(Encoding::json)) return Encoding::json;
  if (*type == content_type(Encoding::protobuf)) return Encoding::protobuf;
  return mesos_text(415, "Expecting 'Content-Type' of application/json or application/x-protobuf");
}

// JSON wins where both are accepted; qualities other than 0 do not count (mesos.md 1.3).
std::optional<Encoding> accepted_encoding(const HttpRequest& request) {
  const std::string* accept = find_header(request.headers, "Accept");
  if (accepts_type(accept, content_type(Encoding::json))) return Encoding::json;
  if (accepts_type(accept, content_type(Encoding::protobuf))) return Encoding::protobuf;
  return std::nullopt;
}

HttpResponse mesos_text(int status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

HttpResponse mesos_method_not_allowed(const std::string& method, const std::string& allowed) {
  HttpResponse response =
      mesos_text(405, "405 Method Not Allowed. Expecting one of { '" + allowed + "' }, but received '" + method + "'.");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

// Checks that need no state are made here, in Mesos' order; those that need some are the engine's (mesos.md 1.3).
asio::awaitable<HttpResponse> serve_scheduler_call(HttpRequest request, FrameworkPort& engine) {
  auto checked = check_post(request);
  if (auto* refusal = std::get_if<HttpResponse>(&checked)) co_return std::move(*refusal);
  auto call = decode_scheduler_call(request.body, std::get<Encoding>(checked));
  if (!call) co_return mesos_text(400, call.error().message);
  if (std::holds_alternative<calls::Subscribe>(call->body)) {
    co_return subscribe_framework(request, std::move(*call), engine);
  }
  engine::FrameworkCall framework_call{.call = std::move(*call)};
  if (const std::string* stream = find_header(request.headers, "Mesos-Stream-Id")) {
    framework_call.stream_header = *stream;
  }
  auto answer = co_await engine.submit(std::move(framework_call));
  co_return answer_of(answer);
}

asio::awaitable<HttpResponse> serve_executor_call(HttpRequest request, EnginePort& engine) {
  auto checked = check_post(request);
  if (auto* refusal = std::get_if<HttpResponse>(&checked)) co_return std::move(*refusal);
  auto call = decode_executor_call(request.body, std::get<Encoding>(checked));
  if (!call) co_return mesos_text(call.error().code == Errc::unsupported ? 501 : 400, call.error().message);
  // Before its ids are looked up: Mesos' library sends any ids with it (mesos.md 3.1).
  if (std::holds_alternative<executor_calls::Heartbeat>(call->body)) co_return plain_status(202);
  if (auto* subscribe = std::get_if<executor_calls::Subscribe>(&call->body)) {
    const auto encoding = accepted_encoding(request);
    if (!encoding) co_return mesos_accept_refused();
    // Made before the engine answers: what it sends to a new connection in the same step goes into it.
    auto stream = HttpStream::create();
    engine::ExecutorSubscribe event{
        .framework_id = call->framework_id, .executor_id = call->executor_id, .subscribe = std::move(*subscribe)};
    auto answer = co_await engine.submit(std::move(event), stream, *encoding);
    // Unlike a scheduler's, a refused executor gets a status, and the stream is never seen (mesos.md 3.4).
    if (answer.status != 200) co_return answer_of(answer);
    co_return stream_response(std::move(stream), *encoding);
  }
  engine::ExecutorCallReceived received{.call = std::move(*call)};
  auto answer = co_await engine.submit(std::move(received));
  co_return answer_of(answer);
}

}  // namespace windlass
