#pragma once
// How the client commands reach the API: one exchange at a time, blocking.

#include "base/error.hpp"

#include <functional>
#include <string>

namespace windlass {

struct ApiRequest {
  std::string method = "GET";
  std::string target;     // path and query, percent-encoded
  std::string body = {};  // empty: none
  std::string accept = "application/json";
  std::string content_type = "application/json";  // of the body
};

struct ApiReply {
  int status = 0;
  std::string body;
};

// Any status is a reply. Errors: the server was not reached, or its answer broke off; `where` names it.
using Transport = std::function<Result<ApiReply>(const ApiRequest& request)>;

// Where the API is, and who we are there.
struct ApiPlace {
  std::string url;               // "http://host:port", without a user
  std::string credentials = {};  // "user:password"; empty: none
};

Transport http_transport(const ApiPlace& place);

}  // namespace windlass
