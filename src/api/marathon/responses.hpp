#pragma once
// Answers that the Marathon API gives in many places, with their status codes and texts (marathon.md 1.3).

#include "base/error.hpp"
#include "io/http/server.hpp"
#include "wire/marathon/v1.hpp"

#include <optional>
#include <string>
#include <vector>

namespace windlass {

HttpResponse json_response(int status, std::string body);
HttpResponse text_response(int status, std::string body);
// {"message": ...}.
HttpResponse message_response(int status, const std::string& message);
// 204 without a body, but with a Content-Type, as Jersey sent it.
HttpResponse no_content();
// Adds `Warning: 199 windlass "<text>"` (RFC 7234, 5.5): it was done, but perhaps not as it was meant.
void add_warning(HttpResponse& response, const std::string& text);
// 422 {"errors":[...]}.
HttpResponse field_errors(const std::vector<FieldError>& errors);
// 404 {"message":"URI not found: <path>"}.
HttpResponse uri_not_found(const HttpRequest& request);
// 405 with Allow.
HttpResponse method_not_allowed(const HttpRequest& request, const std::string& allow);

// 415 when a body of another type than JSON comes; a missing Content-Type is taken for JSON.
std::optional<HttpResponse> refuse_body_type(const HttpRequest& request);
// 406 when the client takes no JSON.
std::optional<HttpResponse> refuse_accept(const HttpRequest& request);

// The one table from kinds of errors to statuses.
int status_of(Errc code);
// {"message"} with that status; what went wrong inside is not shown.
HttpResponse error_response(const Error& error);

}  // namespace windlass
