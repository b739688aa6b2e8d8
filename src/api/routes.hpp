#pragma once
// One table of routes, and the matcher for it. All servers that have more than a handful of paths use it.
//
//   {GET,  "/v1/apps/{id}/tasks", ...}     {id} is one segment, percent-decoded; it may contain %2F
//   {GET,  "/v2/apps/{id...}", ...}        {id...} is the rest of the path, slashes included, and not empty
//
// The first route that fits wins, so the more specific one stands first. HEAD is served by GET.

#include "io/http/server.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

struct RouteRequest {
  HttpRequest http;
  std::map<std::string, std::string> params;  // what stood for {id} and the like
};

struct Route {
  using Handler = std::function<asio::awaitable<HttpResponse>(RouteRequest request)>;
  std::string method;
  std::string pattern;
  Handler handler;
};

// The answer of a handler that has it at once.
[[nodiscard]] asio::awaitable<HttpResponse> ready(HttpResponse response);

class Routes {
 public:
  using NotFound = std::function<HttpResponse(const HttpRequest&)>;
  using WrongMethod = std::function<HttpResponse(const HttpRequest&, const std::string& allow)>;

  // What to answer when no route has the path, and when one has it for other methods ("GET, POST").
  Routes(std::vector<Route> routes, NotFound not_found, WrongMethod wrong_method);

  // REQUIRES: the table outlives the answer.
  [[nodiscard]] asio::awaitable<HttpResponse> serve(HttpRequest request) const;

 private:
  std::vector<Route> routes_;
  NotFound not_found_;
  WrongMethod wrong_method_;
};

// The parameters of the pattern in a path as sent, or none when it does not fit (also: broken escapes). One "/" at the
// end of the path does not count.
[[nodiscard]] std::optional<std::map<std::string, std::string>> match_path(std::string_view pattern,
                                                                           std::string_view raw_path);

}  // namespace windlass
