#include "container/policy_check.hpp"

#include "container/options.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using List = std::vector<std::string>;
using Right = ContainerRight;

ContainerPolicy denied(std::set<Right> rights) { return {.denied = std::move(rights)}; }

// What the operator's policy says to these options of `docker run`; "allowed" when nothing.
std::string said(const ContainerPolicy& policy, const List& options) {
  ContainerSpec spec{.name = "n", .image = "i"};
  auto applied = apply_docker_options(spec, options);
  EXPECT_TRUE(applied) << (applied ? "" : applied.error().message);
  auto checked = check_policy(spec, policy);
  if (checked) return "allowed";
  EXPECT_EQ(checked.error().code, Errc::forbidden);
  return checked.error().message;
}

TEST(ContainerPolicy, EachRightAndTheOptionsThatAskForIt) {
  const std::vector<std::pair<Right, List>> table{
      {Right::privileged, {"--privileged"}},
      {Right::mounts, {"--volume=/etc:/etc"}},
      {Right::mounts, {"--mount=type=bind,src=/etc,dst=/etc"}},
      {Right::mounts,
       {"--mount=type=volume,src=x,dst=/x,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/etc"}},
      {Right::mounts,
       {"--mount=type=volume,src=x,dst=/x,volume-opt=type=nfs,volume-opt=o=rbind,volume-opt=device=/etc"}},
      {Right::mounts, {"--mount=type=volume,src=x,dst=/x,volume-opt=type=ext4,volume-opt=device=/dev/sda"}},
      {Right::network, {"--network=host"}},
      {Right::pid, {"--pid=host"}},
      {Right::ipc, {"--ipc=host"}},
      {Right::uts, {"--uts=host"}},
      {Right::userns, {"--userns=host"}},
      {Right::cgroupns, {"--cgroupns=host"}},
      {Right::devices, {"--device=/dev/kvm"}},
      {Right::devices, {"--device=vendor.com/class=a"}},
      {Right::devices, {"--device-cgroup-rule=a *:* rwm"}},
      {Right::gpus, {"--gpus=all"}},
      {Right::capabilities, {"--cap-add=SYS_ADMIN"}},
      {Right::capabilities, {"--cap-add=ALL"}},
      {Right::security, {"--security-opt=seccomp=unconfined"}},
      {Right::security, {"--security-opt=systempaths=unconfined"}},
      {Right::security, {"--security-opt=no-new-privileges=false"}},
      {Right::containers, {"--network=container:x"}},
      {Right::containers, {"--pid=container:x"}},
      {Right::containers, {"--ipc=container:x"}},
      {Right::containers, {"--volumes-from=x"}},
      {Right::containers, {"--link=x"}},
      {Right::cgroup_parent, {"--cgroup-parent=/"}},
      {Right::runtime, {"--runtime=x"}},
      {Right::runtime, {"--annotation=a=b"}},
  };
  for (const auto& [right, options] : table) {
    const std::string option = options.front().substr(0, options.front().find('='));
    const std::string text = said(denied({right}), options);
    EXPECT_TRUE(text.starts_with("The operator of this agent does not allow ")) << options.front() << ": " << text;
    EXPECT_NE(text.find("(" + option), std::string::npos) << text;
    ContainerPolicy others = denied({all_container_rights().begin(), all_container_rights().end()});
    others.denied.erase(right);
    EXPECT_EQ(said(others, options), "allowed") << options.front();
    EXPECT_EQ(said({}, options), "allowed");
  }
}

TEST(ContainerPolicy, WhatNobodyNeedsToAllow) {
  const ContainerPolicy all = denied({all_container_rights().begin(), all_container_rights().end()});
  for (const List& options :
       {List{},
        {"-v", "named:/data"},
        {"-v", "/data"},
        {"--mount", "type=tmpfs,dst=/t"},
        {"--tmpfs", "/t"},
        {"--mount",
         "type=volume,src=x,dst=/x,volume-opt=type=nfs,volume-opt=device=:/export,volume-opt=o=addr=1.2.3.4"},
        {"--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"},
        {"--security-opt", "no-new-privileges"},
        {"--network", "mine", "--ip", "10.0.0.9"},
        {"--ipc", "private", "--pids-limit", "5"}}) {
    EXPECT_EQ(said(all, options), "allowed") << (options.empty() ? "" : options.back());
  }
}

TEST(ContainerPolicy, Exceptions) {
  ContainerPolicy policy = denied({Right::mounts, Right::devices, Right::capabilities});
  policy.mounts = {"/data", "/var/log"};
  policy.devices = {"/dev/dri"};
  policy.capabilities = {"CAP_NET_ADMIN"};
  EXPECT_EQ(said(policy, {"-v", "/data:/d", "-v", "/var/log/x:/l", "--mount", "type=bind,src=/data/y,dst=/y"}),
            "allowed");
  EXPECT_EQ(said(policy, {"-v", "/data/../etc:/d"}),
            "The operator of this agent does not allow the host's '/data/../etc' in a container (--volume)");
  EXPECT_NE(said(policy, {"-v", "/database:/d"}), "allowed");
  EXPECT_NE(said(policy, {"-v", "./data:/d"}), "allowed") << "nobody knows where that is";
  EXPECT_EQ(said(policy, {"--device", "/dev/dri/card0", "--cap-add", "NET_ADMIN"}), "allowed");
  EXPECT_NE(said(policy, {"--device", "/dev/kvm:/dev/dri/card0"}), "allowed");
  EXPECT_NE(said(policy, {"--cap-add", "ALL"}), "allowed");
  policy.capabilities = {"ALL"};
  EXPECT_EQ(said(policy, {"--cap-add", "SYS_ADMIN"}), "allowed");
  policy.mounts = {"/"};
  EXPECT_EQ(said(policy, {"-v", "/etc:/d"}), "allowed");
}

TEST(ContainerPolicy, TheExecutorsOwnControlGroup) {
  ContainerSpec spec{.name = "n", .image = "i"};
  spec.cgroup_parent = "/mesos/c1";
  EXPECT_TRUE(check_policy(spec, denied({Right::cgroup_parent}), "/mesos/c1"));
  EXPECT_FALSE(check_policy(spec, denied({Right::cgroup_parent}), "/mesos/c2"));
}

}  // namespace
}  // namespace windlass
