#pragma once
// The life of a framework (mesos.md 1.8, 1.10).
//
//              ┌──────────────stream closed──────────────┐
//              ▼                                         │
//  ──SUBSCRIBE──> connected <──SUBSCRIBE (same id)── disconnected ──failover_timeout──┐
//                    └──────────────────TEARDOWN──────────────────────────────────────┴──> removed: its id is burnt

#include "engine/turn.hpp"

namespace windlass::engine {

void subscribe(Turn& turn, const FrameworkSubscribe& event);
void stream_closed(Turn& turn, const FrameworkStreamClosed& event);
// Executors are shut down, nobody is told of the tasks, the stream is closed.
void remove_framework(Turn& turn, Framework& framework);
// An operator's: answers 200, or 400 when there is no such framework any more.
void tear_down(Turn& turn, const FrameworkTeardown& event);
// Answers 200 or 400.
void update_framework(Turn& turn, RequestId request, Framework& framework, const calls::UpdateFramework& call);

// The heartbeat that is due; the failover timeout that has passed.
void expire(Turn& turn, Framework& framework);

}  // namespace windlass::engine
