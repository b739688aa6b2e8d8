#include "io/http/server_message.hpp"

#include "base/text.hpp"
#include "io/http/gzip.hpp"

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

namespace windlass {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

// Made once a second: at thousands of answers a second the formatting would be felt. Used on the loop thread only.
std::string date_header() {
  const std::time_t now = std::time(nullptr);
  static std::time_t cached_at = -1;
  static char text[64];
  if (now != cached_at) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    cached_at = now;
  }
  return text;
}

// A line break in a value would let it forge further headers.
void append_header(std::string& head, std::string_view name, std::string_view value) {
  for (const std::string_view part : {name, std::string_view{": "}, value}) {
    for (const char c : part) head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  }
  head += "\r\n";
}

// "http://host/path" (absolute form) becomes "/path".
std::string_view origin_form(std::string_view target) {
  if (!target.starts_with("http://") && !target.starts_with("https://")) return target;
  const std::size_t slash = target.find('/', target.find("//") + 2);
  return slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
}

}  // namespace

std::optional<HttpRefusal> refusal_of(const error_code& error) {
  if (error == http::error::body_limit) return HttpRefusal{413, "the body is too large"};
  if (error == http::error::header_limit) return HttpRefusal{431, "the header is too large"};
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_version).category()) {
    return HttpRefusal{400, "not a valid HTTP request: " + error.message()};
  }
  return std::nullopt;
}

std::variant<HttpRequest, HttpRefusal> make_request(HttpRequestParser& parser, const std::string& remote,
                                                    std::size_t body_bytes_max) {
  auto message = parser.release();
  HttpRequest request;
  request.keep_alive = message.keep_alive();
  request.method = std::string{message.method_string()};
  request.target = std::string{message.target()};
  request.remote = remote;
  const std::string_view target = origin_form(request.target);
  // Cut before it is decoded: an escaped "?" is a part of the path.
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.raw_path = std::string{target.substr(0, mark)};
  auto path = percent_decode(request.raw_path);
  auto query = parse_query(target.substr(std::min(mark + 1, target.size())));
  if (!path || !query) return HttpRefusal{400, "the target has a broken percent escape"};
  request.path = std::move(*path);
  request.query = std::move(*query);
  for (const auto& field : message) {
    request.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  }
  request.body = std::move(message.body());
  // As Mesos takes it (mesos.md 1.2). Any other encoding is left to the handler, which finds the header.
  const std::string* encoding = find_header(request.headers, "content-encoding");
  if (encoding != nullptr && equal_ignoring_case(*encoding, "gzip")) {
    auto plain = gunzip(request.body, body_bytes_max);
    if (!plain && plain.error().code == Errc::invalid) return HttpRefusal{413, plain.error().message};
    if (!plain) return HttpRefusal{400, plain.error().message};
    request.body = std::move(*plain);
  }
  return request;
}

std::string make_head(const HttpResponse& response, const HttpFraming& framing) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += http_reason(response.status);
  head += "\r\n";
  head += date_header();
  if (!response.content_type.empty()) append_header(head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) append_header(head, name, value);
  // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
  if (response.stream) {
    if (!framing.http_1_0) head += "Transfer-Encoding: chunked\r\n";
  } else if (response.status >= 200 && response.status != 204) {
    append_header(head, "Content-Length", std::to_string(response.body.size()));
  }
  if (!framing.keep_alive) {
    head += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
  return head;
}

bool allows_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace windlass
