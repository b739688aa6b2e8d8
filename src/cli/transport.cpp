#include "cli/transport.hpp"

#include "base/base64.hpp"
#include "io/http/client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace windlass {
namespace {

constexpr std::chrono::seconds answer_limit{30};

asio::awaitable<void> exchange(HttpClient& client, HttpClientRequest request, Result<HttpClientResponse>& out) {
  auto response = co_await client.request(std::move(request), answer_limit);
  out = std::move(response);
}

// A loop and a connection for each request: a command makes few, and may wait long between them.
Result<ApiReply> exchange_once(const ApiPlace& place, const ApiRequest& request) {
  const std::string& url = place.url;
  asio::io_context loop;
  auto client = HttpClient::create(loop.get_executor(), url);
  if (!client) return Error{client.error().code, client.error().message, url};
  HttpClientRequest message{.method = request.method, .target = request.target, .headers = {}, .body = request.body};
  message.headers.emplace_back("Accept", request.accept);
  if (!place.credentials.empty()) {
    message.headers.emplace_back("Authorization", "Basic " + encode_base64(place.credentials));
  }
  if (!request.body.empty()) message.headers.emplace_back("Content-Type", request.content_type);
  Result<HttpClientResponse> response{Error{Errc::closed, "no answer"}};
  std::exception_ptr thrown;
  auto task = exchange(**client, std::move(message), response);
  asio::co_spawn(loop, std::move(task), [&thrown](std::exception_ptr error) { thrown = error; });
  loop.run();
  // Errors of requests are results; what is thrown is a bug, and main tells of it.
  if (thrown) std::rethrow_exception(thrown);
  if (!response) return response.error();
  return ApiReply{response->status, std::move(response->body)};
}

}  // namespace

Transport http_transport(const ApiPlace& place) {
  return [place](const ApiRequest& request) { return exchange_once(place, request); };
}

}  // namespace windlass
