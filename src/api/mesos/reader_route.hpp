#pragma once
// A route whose answer is made beside the loop, because it may be long or may have to read files.

#include "api/routes.hpp"
#include "node/engine_port.hpp"

#include <functional>

namespace windlass {

// Runs on one of the readers' threads. REQUIRES: it touches only its arguments and what never changes.
using MakeAnswer = std::function<HttpResponse(const HttpRequest& request, const EngineView& engine)>;

// REQUIRES: engine outlives the route.
Route reader_route(const char* method, const char* path, MakeAnswer make, EnginePort& engine);

}  // namespace windlass
