#pragma once
// The life of a framework (mesos.md 1.8, 1.10), as in engine/frameworks.hpp.

#include "fleet/turn.hpp"

namespace windlass::fleet {

void subscribe(Turn& turn, const FrameworkSubscribe& event);
void stream_closed(Turn& turn, const FrameworkStreamClosed& event);
// Its tasks are forgotten, nobody is told of them; the stream is closed.
void remove_framework(Turn& turn, Framework& framework);
// An operator's: answers 200, or 400 when there is no such framework any more.
void tear_down(Turn& turn, const FrameworkTeardown& event);
// Answers 200 or 400.
void update_framework(Turn& turn, engine::RequestId request, Framework& framework, const calls::UpdateFramework& call);

// Sends the heartbeat that is due, or removes the framework when its failover timeout has passed.
void expire(Turn& turn, Framework& framework);
// When expire() is to be called next.
std::optional<TimePoint> next_alarm(const Framework& framework);

}  // namespace windlass::fleet
