#pragma once
// The ids of the Mesos protocol and of Marathon's data model.

#include "base/id.hpp"

#include <string>

namespace windlass {

using FrameworkId = Id<struct FrameworkTag>;
using AgentId = Id<struct AgentTag>;
using OfferId = Id<struct OfferTag>;
using TaskId = Id<struct TaskTag>;
using ExecutorId = Id<struct ExecutorTag>;
using ContainerId = Id<struct ContainerTag>;

// An absolute path: "/shop/cart". The v1 API shows and takes it without the leading slash.
using AppId = Id<struct AppTag>;
// "<safe app path>.instance-<uuid>", as Marathon writes it.
using InstanceId = Id<struct InstanceTag>;

// "/shop/cart" -> "shop_cart": how app paths appear in task ids and in text listings.
std::string safe_path(const AppId& app);

}  // namespace windlass
