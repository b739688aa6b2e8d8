#pragma once
// A route whose answer is made beside the loop: it may be long, and it may take files to make it.

#include "api/routes.hpp"
#include "node/engine_port.hpp"

#include <functional>

namespace windlass {

// Runs on a thread of the readers'. REQUIRES: it touches nothing but its arguments and what does not change.
using MakeAnswer = std::function<HttpResponse(const HttpRequest& request, const EngineView& engine)>;

// REQUIRES: engine outlives the route.
Route reader_route(const char* method, const char* path, MakeAnswer make, EnginePort& engine);

}  // namespace windlass
