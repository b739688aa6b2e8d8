#pragma once
// The agent, as the older reads of the master and its own show it.

#include "api/mesos/views/views.hpp"
#include "node/engine_port.hpp"
#include "wire/json/writer.hpp"

namespace windlass {

// The member "capabilities".
void write_agent_capabilities(JsonWriter& json);
// Members of its entry in /state, /state-summary and /slaves. `held`: what all frameworks hold.
void write_slave_summary(JsonWriter& json, const EngineView& engine, const Holding& held);

}  // namespace windlass
