#pragma once
// What an engine does when its process begins (mesos.md 3.5).

#include "engine/turn.hpp"

#include <string>

namespace windlass::engine {

// Frameworks are disconnected from now on, executors that run have a while to subscribe again, those that were about to
// be started are started, those of frameworks that do not checkpoint are killed.
void recover(Turn& turn);

// Where executors call, "ip:port". Each is told once, when it starts.
std::string agent_address(const AgentInfo& agent);

}  // namespace windlass::engine
