// Tasks that begin and end together (LAUNCH_GROUP). They share the network of a holder, which begins before the first
// and ends after the last of them; groups on the host's network need none.

#include "executor/turn.hpp"

#include <algorithm>
#include <iterator>

namespace windlass::executor {

namespace {

template <class State>
// Asked of the states each time instead of counted: a member that has ended meanwhile can then never be waited for.
bool all_are(Turn& turn, const Group& group) {
  return std::ranges::all_of(group.members, [&](const TaskId& id) {
    const auto found = turn.state.tasks.find(id);
    return found != turn.state.tasks.end() && std::holds_alternative<State>(found->second);
  });
}

bool on_host(const ContainerSpec& spec) { return spec.network_mode == "host"; }

// What a container that shares another's network cannot have, it has through the holder.
void move_network(ContainerSpec& from, ContainerSpec& to) {
  std::ranges::move(std::exchange(from.ports, {}), std::back_inserter(to.ports));
  std::ranges::move(std::exchange(from.exposed, {}), std::back_inserter(to.exposed));
  std::ranges::move(std::exchange(from.dns, {}), std::back_inserter(to.dns));
  std::ranges::move(std::exchange(from.dns_search, {}), std::back_inserter(to.dns_search));
  std::ranges::move(std::exchange(from.dns_options, {}), std::back_inserter(to.dns_options));
  std::ranges::move(std::exchange(from.extra_hosts, {}), std::back_inserter(to.extra_hosts));
  std::ranges::move(std::exchange(from.links, {}), std::back_inserter(to.links));
  if (to.networks.empty()) to.networks = from.networks;
  if (to.mac_address.empty()) to.mac_address = from.mac_address;
  from.networks.clear();
  from.mac_address.clear();
  to.publish_all = std::exchange(from.publish_all, false) || to.publish_all;
  if (to.hostname.empty()) to.hostname = from.hostname;
  if (to.domainname.empty()) to.domainname = from.domainname;
  from.hostname.clear();
  from.domainname.clear();
}

// One of its tasks has not ended.
// Clearing has no job any more: a holder is removed beside the last container, and not after its end is told.
bool has_begun(const Turn& turn, const Group& group) {
  return std::ranges::any_of(group.members, [&](const TaskId& id) {
    const auto found = turn.state.tasks.find(id);
    return found != turn.state.tasks.end() && find_job(std::as_const(found->second)) != nullptr;
  });
}

// Fails the first that is still ready, and the others with it.
void fail_member(Turn& turn, const Group& group, const Error& error) {
  for (const TaskId& id : group.members) {
    const auto found = turn.state.tasks.find(id);
    if (found == turn.state.tasks.end() || !std::holds_alternative<Ready>(found->second)) continue;
    TaskTurn task{turn, id, found->second};
    return fail_launch(task, error);
  }
}

void make_holder(Turn& turn, GroupNumber number, Group& group) {
  MakeHolder call{.group = number, .spec = {}};
  for (const TaskId& id : group.members) {
    auto& ready = std::get<Ready>(turn.state.tasks.at(id));
    if (call.spec.image.empty()) {
      call.spec.image = ready.spec.image;
      call.spec.name = ready.spec.name + ".network";
      call.spec.network_mode = ready.spec.network_mode;
      call.spec.cgroup_parent = ready.spec.cgroup_parent;
      call.spec.labels = ready.spec.labels;
    } else if (ready.spec.network_mode != call.spec.network_mode) {
      return fail_member(turn, group, Error{Errc::invalid, "the tasks of a group have to be on one network", {}});
    }
  }
  for (const TaskId& id : group.members) {
    auto& ready = std::get<Ready>(turn.state.tasks.at(id));
    move_network(ready.spec, call.spec);
  }
  // The name is kept from now on: if Docker's answer is lost, it is all by which the holder can be found and removed.
  group.holder = Group::Holder::making;
  group.holder_name = call.spec.name;
  turn.call(std::move(call));
}

void create_all(Turn& turn, const Group& group) {
  for (const TaskId& id : group.members) {
    auto& ready = std::get<Ready>(turn.state.tasks.at(id));
    Job job = std::move(ready.job);
    ContainerSpec spec = std::move(ready.spec);
    // By id: a name may be changed by somebody else.
    if (!group.holder_id.empty()) spec.network_mode = "container:" + group.holder_id;
    TaskTurn task{turn, id, turn.state.tasks.at(id)};
    create(task, std::move(job), std::move(spec));
  }
}

}  // namespace

void launch_group(Turn& turn, const std::vector<TaskInfo>& tasks) {
  // A group that comes twice changes nothing.
  const bool known = std::ranges::any_of(tasks, [&](const auto& task) { return turn.state.tasks.contains(task.id); });
  if (known) return;
  // A process cannot join the network of a holder, and without one network the tasks would not be a group.
  if (std::ranges::any_of(tasks, is_command_task)) {
    for (const TaskInfo& task : tasks) refuse(turn, task, "Each task of a group has to be a container");
    turn.state.launched += static_cast<int>(tasks.size());
    return;
  }
  const GroupNumber number = turn.state.next_group++;
  // An executor that is shutting down refuses each of them in launch(): there is nobody to be a member.
  if (!turn.state.ending) {
    for (const TaskInfo& task : tasks) turn.state.groups[number].members.insert(task.id);
  }
  for (const TaskInfo& task : tasks) launch(turn, task, number);
  for (const TaskInfo& task : tasks) {
    const auto found = turn.state.tasks.find(task.id);
    if (!take_early_kill(turn, task.id) || found == turn.state.tasks.end()) continue;
    TaskTurn its{turn, found->first, found->second};
    end_task(its, Ending{.cause = Cause::kill});
  }
}

void member_ready(TaskTurn& turn) {
  const GroupNumber number = *find_job(turn.life)->group;
  Group& group = turn.state.groups.at(number);
  if (!all_are<Ready>(turn, group)) return;
  // There is nothing to own: the host's network outlives every task.
  const bool all_on_host = std::ranges::all_of(
      group.members, [&](const TaskId& id) { return on_host(std::get<Ready>(turn.state.tasks.at(id)).spec); });
  if (all_on_host) return create_all(turn, group);
  make_holder(turn, number, group);
}

void member_attached(TaskTurn& turn) {
  const Group& group = turn.state.groups.at(*find_job(turn.life)->group);
  // A member that fails before this point ends the others before any of their programs has run.
  if (!all_are<Attached>(turn, group)) return;
  for (const TaskId& id : group.members) {
    auto& attached = std::get<Attached>(turn.state.tasks.at(id));
    Job job = std::move(attached.job);
    const std::string container = attached.id;
    TaskTurn task{turn, id, turn.state.tasks.at(id)};
    start(task, std::move(job), container);
  }
}

void end_group(Turn& turn, GroupNumber number, const TaskId& task) {
  Group& group = turn.state.groups.at(number);
  // Ending the others comes back here once for each of them.
  if (std::exchange(group.ending, true)) return;
  for (const TaskId& id : group.members) {
    const auto found = turn.state.tasks.find(id);
    if (id == task || found == turn.state.tasks.end()) continue;
    TaskTurn other{turn, id, found->second};
    const Duration grace = kill_grace(turn.state.settings, find_job(found->second), {});
    end_task(other, Ending{.cause = Cause::group, .grace = grace});
  }
}

void on_holder_made(Turn& turn, const HolderMade& event) {
  const auto found = turn.state.groups.find(event.group);
  if (found == turn.state.groups.end() || found->second.holder != Group::Holder::making) return;
  Group& group = found->second;
  group.holder = Group::Holder::made;
  if (!event.view) {
    // Docker has refused, so that there is nothing to remove. Otherwise the holder may be there and counts as made.
    if (!is_unclear(event.view.error())) group.holder = Group::Holder::none;
    return fail_member(turn, group, event.view.error());
  }
  group.holder_id = event.view->id;
  group.addresses = event.view->addresses;
  // Otherwise one was killed meanwhile, and the others with it.
  if (all_are<Ready>(turn, group)) create_all(turn, group);
}

void on_holder_removed(Turn& turn, const HolderRemoved& event) {
  const auto found = turn.state.groups.find(event.group);
  if (found == turn.state.groups.end() || found->second.holder != Group::Holder::removing) return;
  // The group is forgotten all the same: waiting longer would keep the executor for ever, and the reaper tries again.
  if (event.error) turn.log("could not remove the network of a group: " + to_string(*event.error));
  turn.state.groups.erase(found);
}

bool holder_goes(const Turn& turn, GroupNumber number) {
  const auto found = turn.state.groups.find(number);
  return found != turn.state.groups.end() && found->second.holder != Group::Holder::none &&
         !has_begun(turn, found->second);
}

bool settle_groups(Turn& turn) {
  auto& groups = turn.state.groups;
  for (auto next = groups.begin(); next != groups.end();) {
    auto& [number, group] = *next;
    const bool needed = has_begun(turn, group);
    // While a holder is being made the group stays, though all its tasks may have ended: the answer says what to
    // remove.
    const bool over = group.holder == Group::Holder::none || (group.give_up_at && *group.give_up_at <= turn.in.now);
    if (!needed && over) {
      next = groups.erase(next);
      continue;
    }
    if (!needed && group.holder == Group::Holder::made) {
      group.holder = Group::Holder::removing;
      group.give_up_at = after(turn.in.now, removal_wait);
      // By its name only when nothing else is known: that may have been changed.
      turn.call(RemoveHolder{number, group.holder_id.empty() ? group.holder_name : group.holder_id});
    }
    ++next;
  }
  return groups.empty();
}

}  // namespace windlass::executor
