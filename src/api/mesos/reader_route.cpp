#include "api/mesos/reader_route.hpp"

#include "io/offload.hpp"

#include <utility>

namespace windlass {
namespace {

// A named function object instead of a capturing lambda (STYLE 26).
struct Making {
  MakeAnswer make;
  HttpRequest request;
  EngineView view;

  HttpResponse operator()() const { return make(request, view); }
};

// On a thread of its own: /state of a cluster with many tasks takes long enough to delay heartbeats. The view is an
// immutable picture, so that nothing can change under it.
asio::awaitable<HttpResponse> make_beside_loop(Making making, EnginePort& engine) {
  auto offloading = offload(engine.readers(), std::move(making));
  auto response = co_await std::move(offloading);
  co_return response;
}

}  // namespace

Route reader_route(const char* method, const char* path, MakeAnswer make, EnginePort& engine) {
  return {method, path, [make = std::move(make), &engine](RouteRequest request) {
            return make_beside_loop({make, std::move(request.http), engine.view()}, engine);
          }};
}

}  // namespace windlass
