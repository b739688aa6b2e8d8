#pragma once
// Stands in front of every handler: who asks, and from where?
//
// Whoever may change something here is root on this machine. A browser works for everybody: any page that it shows can
// send requests to 127.0.0.1, and by DNS rebinding (a name of the attacker's that suddenly means 127.0.0.1) even seem
// to be of our own origin. So a request that changes something and comes from a browser must come from a page of ours,
// under a name that we know to be ours. Other clients send neither Origin nor Sec-Fetch-Site and notice nothing.

#include "api/credentials.hpp"
#include "io/http/server.hpp"

#include <optional>
#include <string>
#include <vector>

namespace windlass {

struct GuardOptions {
  // Names of this machine under which our own pages are reached, besides addresses and localhost; upper and lower case
  // are the same. With credentials any name will do: a browser sends them only to the origin that they were typed for.
  std::vector<std::string> host_names = {};
  Credentials credentials = {};
};

// Why this request of a browser is refused, or nothing.
[[nodiscard]] std::optional<std::string> browser_refusal(const HttpRequest& request, const GuardOptions& options);

// 401 with WWW-Authenticate for whoever does not say who it is (GET and HEAD of /ping excepted: load balancers ask it),
// 403 for browsers on foreign pages, else what `inner` answers.
[[nodiscard]] HttpHandler guarded(HttpHandler inner, GuardOptions options);

}  // namespace windlass
