#include "api/marathon/responses.hpp"

#include "api/accept.hpp"
#include "base/text.hpp"

#include <utility>

namespace windlass {
namespace {

constexpr const char* json_type = "application/json";

}  // namespace

HttpResponse json_response(int status, std::string body) {
  return {.status = status, .headers = {}, .content_type = json_type, .body = std::move(body), .stream = nullptr};
}

HttpResponse text_response(int status, std::string body) {
  return {.status = status, .headers = {}, .content_type = "text/plain", .body = std::move(body), .stream = nullptr};
}

HttpResponse message_response(int status, const std::string& message) {
  return json_response(status, write_message(message));
}

// With a type in spite of there being no body, as in all v1 (marathon.md 1.3).
HttpResponse no_content() { return json_response(204, {}); }

// 199, a warning of any kind: the request has been carried out all the same.
void add_warning(HttpResponse& response, const std::string& text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  response.headers.emplace_back("Warning", "199 windlass \"" + quoted + "\"");
}

HttpResponse field_errors(const std::vector<FieldError>& errors) { return json_response(422, write_v1_errors(errors)); }

HttpResponse uri_not_found(const HttpRequest& request) {
  return message_response(404, "URI not found: " + request.path);
}

HttpResponse method_not_allowed(const HttpRequest&, const std::string& allow) {
  HttpResponse response = message_response(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", allow);
  return response;
}

std::optional<HttpResponse> refuse_body_type(const HttpRequest& request) {
  const std::string* type = find_header(request.headers, "content-type");
  // None is taken for JSON, the only type that there is.
  if (type == nullptr || type->empty()) return std::nullopt;
  std::string media = type->substr(0, type->find(';'));
  while (media.ends_with(' ')) media.pop_back();
  const bool json = equal_ignoring_case(media, json_type) || equal_ignoring_case(media, "text/json") ||
                    (media.size() > 5 && equal_ignoring_case(media.substr(media.size() - 5), "+json"));
  if (json) return std::nullopt;
  return message_response(415, "Unsupported Media Type: send the body as application/json");
}

std::optional<HttpResponse> refuse_accept(const HttpRequest& request) {
  if (choose_type(find_header(request.headers, "accept"), {json_type})) return std::nullopt;
  return message_response(406, "Not Acceptable: this is served as application/json");
}

// The only table from causes to statuses of this API.
int status_of(Errc code) {
  switch (code) {
    case Errc::invalid: return 422;
    case Errc::malformed: return 400;
    case Errc::not_found: return 404;
    case Errc::conflict: return 409;
    case Errc::forbidden: return 403;
    case Errc::unsupported: return 501;
    case Errc::timeout: return 504;
    case Errc::cancelled:
    case Errc::closed:
    case Errc::unavailable: return 503;
    case Errc::no_space: return 507;
    case Errc::disk:
    case Errc::internal: return 500;
  }
  return 500;
}

HttpResponse error_response(const Error& error) {
  // It names files of this machine, which are nobody else's business.
  if (error.code == Errc::disk) return message_response(500, "Internal Server Error");
  return message_response(status_of(error.code), to_string(error));
}

}  // namespace windlass
