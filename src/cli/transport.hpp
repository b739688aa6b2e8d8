#pragma once
// How the client commands reach the API: one exchange at a time, blocking.

#include "base/error.hpp"

#include <functional>
#include <string>

namespace windlass {

struct ApiRequest {
  std::string method = "GET";
  std::string target;     // path and query, percent-encoded
  std::string body = {};  // JSON; empty: none
  std::string accept = "application/json";
};

struct ApiReply {
  int status = 0;
  std::string body;
};

// Any status is a reply. Errors: the server was not reached, or its answer broke off; `where` names it.
using Transport = std::function<Result<ApiReply>(const ApiRequest& request)>;

// To "http://host:port".
Transport http_transport(std::string url);

}  // namespace windlass
