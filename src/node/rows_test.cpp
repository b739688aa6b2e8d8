#include "node/engine_rows.hpp"
#include "node/fleet_rows.hpp"
#include "node/scheduler_rows.hpp"

#include "wire/mesos/codec.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

template <class Write>
void commit(Journal& journal, const std::vector<Write>& writes) {
  const auto done = journal.commit(to_rows(writes));
  ASSERT_TRUE(done) << to_string(done.error());
}

FrameworkRecord framework(const std::string& id) {
  FrameworkRecord record;
  record.info.user = "root";
  record.info.name = "windlass";
  record.info.id = {id};
  record.info.checkpoint = true;
  record.info.capabilities = {Capability::partition_aware};
  record.registered = from_seconds(5);
  return record;
}

ExecutorRecord executor(const std::string& container) {
  ExecutorRecord record;
  record.framework_id = {"F"};
  record.info.id = {"e"};
  record.info.framework_id = {"F"};
  record.info.command = CommandInfo{.value = "run"};
  record.container_id = {container};
  record.pid = 42;
  record.directory = "/sandbox";
  return record;
}

TaskRecord task(const std::string& id) {
  TaskRecord record;
  record.framework_id = {"F"};
  record.info.id = {id};
  record.info.name = id;
  record.info.agent_id = {"S0"};
  record.info.resources = *parse_resources("cpus:1;ports:[31000-31001]");
  record.info.command = CommandInfo{.value = "sleep 1"};
  record.executor_id = {"e"};
  record.state = TaskState::running;
  TaskStatus status;
  status.task_id = {id};
  status.state = TaskState::running;
  record.updates = {status};
  return record;
}

TEST(EngineRows, WhatWasWrittenIsLoaded) {
  MemoryJournal journal;
  const EngineRecord self{"master", {"S0"}, 2, 9};
  commit<engine::Write>(journal,
                        {engine::PutEngine{self}, engine::PutFramework{{"F"}, framework("F")},
                         engine::PutFramework{{"G"}, framework("G")}, engine::PutExecutor{{"c"}, executor("c")},
                         engine::PutTask{{"F"}, {"t1"}, task("t1")}, engine::PutTask{{"F"}, {"t2"}, task("t2")}});
  commit<engine::Write>(journal, {engine::PutFramework{{"G"}, {}}, engine::PutTask{{"F"}, {"t2"}, {}}});
  engine::State state;
  const auto loaded = load_engine(journal, state);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_EQ(state.record, self);
  ASSERT_EQ(state.frameworks.size(), 1U);
  EXPECT_EQ(state.frameworks.at({"F"}).record.info.name, "windlass");
  EXPECT_TRUE(state.frameworks.at({"F"}).record.info.can(Capability::partition_aware));
  EXPECT_EQ(state.frameworks.at({"F"}).record.registered, from_seconds(5));
  ASSERT_EQ(state.executors.size(), 1U);
  EXPECT_EQ(state.executors.at({"c"}).record.pid, 42);
  EXPECT_EQ(state.executors.at({"c"}).record.info.command->value, "run");
  ASSERT_EQ(state.tasks.size(), 1U);
  const TaskRecord& found = state.tasks.at({{"F"}, {"t1"}}).record;
  EXPECT_EQ(found.state, TaskState::running);
  EXPECT_EQ(found.info.resources, task("t1").info.resources);
  ASSERT_EQ(found.updates.size(), 1U);
  EXPECT_EQ(found.updates[0].state, TaskState::running);
}

TEST(EngineRows, AnEmptyJournalIsAFreshState) {
  MemoryJournal journal;
  engine::State state;
  EXPECT_TRUE(load_engine(journal, state));
  EXPECT_EQ(state.record, EngineRecord{});
}

TEST(EngineRows, ARowThatCannotBeReadIsAnError) {
  for (const char* table : {"engine", "frameworks", "executors", "tasks"}) {
    MemoryJournal journal;
    ASSERT_TRUE(journal.commit({{table, "key", "\x01"}}));
    engine::State state;
    const auto loaded = load_engine(journal, state);
    ASSERT_FALSE(loaded) << table;
    EXPECT_EQ(loaded.error().code, Errc::malformed);
  }
  MemoryJournal journal;
  journal.fail_next(Errc::disk);
  engine::State state;
  EXPECT_EQ(load_engine(journal, state).error().code, Errc::disk);
}

fleet::TaskRecord fleet_task(const std::string& id) {
  fleet::TaskRecord record;
  record.framework_id = {"F"};
  record.id = {id};
  record.agent = 9;
  record.role = "web";
  record.resources = parse_resources("cpus(web):0.5;mem:64;ports:[31000-31001];bugs:{a,b}")->allocated_to("web");
  record.state = TaskState::running;
  record.changed = from_seconds(7);
  record.updates = {{TaskState::running, from_seconds(7), Uuid{{1, 2}}, "why"}};
  return record;
}

TEST(FleetRows, WhatWasWrittenIsLoaded) {
  MemoryJournal journal;
  const EngineRecord self{"master", {}, 2, 9};
  commit<fleet::Write>(
      journal, {fleet::PutEngine{self}, fleet::PutFramework{{"F"}, framework("F")},
                fleet::PutFramework{{"G"}, framework("G")}, fleet::PutTask{{"F"}, {"t1"}, fleet_task("t1")},
                fleet::PutTask{{"F"}, {"t2"}, fleet_task("t2")}, fleet::PutTask{{"X"}, {"t3"}, fleet_task("t3")}});
  commit<fleet::Write>(journal, {fleet::PutFramework{{"G"}, {}}, fleet::PutTask{{"F"}, {"t2"}, {}}});
  fleet::State state;
  const auto loaded = load_fleet(journal, state);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_EQ(state.record, self);
  ASSERT_EQ(state.frameworks.size(), 1U);
  const fleet::Framework& found = state.frameworks.at({"F"});
  EXPECT_EQ(found.record.info.name, "windlass");
  EXPECT_EQ(found.tasks.at({"t1"}).record, fleet_task("t1"));
}

TEST(FleetRows, ARowThatCannotBeReadIsAnError) {
  for (const char* table : {"fleet", "frameworks", "tasks"}) {
    MemoryJournal journal;
    ASSERT_TRUE(journal.commit({{table, "key", "\x01"}}));
    fleet::State state;
    const auto loaded = load_fleet(journal, state);
    ASSERT_FALSE(loaded) << table;
    EXPECT_EQ(loaded.error().code, Errc::malformed);
  }
  // Resources are a record inside the record.
  const std::vector<Row> rows = to_rows(std::vector<fleet::Write>{fleet::PutTask{{"F"}, {"t"}, fleet_task("t")}});
  std::string bytes = *rows.at(0).bytes;
  const auto name = bytes.find("cpus");
  ASSERT_NE(name, std::string::npos);
  bytes[name - 1] = 127;
  MemoryJournal journal;
  ASSERT_TRUE(journal.commit({{"tasks", "F/t", bytes}}));
  fleet::State state;
  const auto loaded = load_fleet(journal, state);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().where.find("resources"), std::string::npos) << to_string(loaded.error());
}

App app(const std::string& id) {
  App made;
  made.id = {id};
  made.cmd = "run";
  made.ports = {{10000}};
  return made;
}

InstanceId instance_id(int number) {
  const std::string digits = std::to_string(100'000'000 + number);
  return {"a.instance-00000000-0000-7000-8000-000" + digits};
}

Instance instance(int number) {
  Instance made;
  made.id = instance_id(number);
  made.app_id = {"/a"};
  made.condition = Condition::running;
  made.task_id = {made.id.value + "._app.1"};
  made.ports = {31000};
  return made;
}

template <class Record>
std::shared_ptr<const Record> shared(Record record) {
  return std::make_shared<const Record>(std::move(record));
}

std::vector<Instance> loaded_instances(const scheduler::State& state) {
  std::vector<Instance> all;
  for (const auto& [app, index] : state.index) {
    for (const auto& [key, row] : index.instances) all.push_back(*row);
  }
  return all;
}

TEST(SchedulerRows, WhatWasWrittenIsLoaded) {
  MemoryJournal journal;
  commit<scheduler::Write>(journal, {scheduler::PutFrameworkId{{"F"}}, scheduler::PutApp{{"/a"}, shared(app("/a"))},
                                     scheduler::PutApp{{"/b"}, shared(app("/b"))},
                                     scheduler::PutInstance{instance_id(1), shared(instance(1))},
                                     scheduler::PutInstance{instance_id(2), shared(instance(2))}});
  commit<scheduler::Write>(journal, {scheduler::PutApp{{"/b"}, {}}, scheduler::PutInstance{instance_id(1), {}}});
  scheduler::State state;
  const auto loaded = load_scheduler(journal, state);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_EQ(state.framework_id.value, "F");
  ASSERT_EQ(state.apps.size(), 1U);
  EXPECT_EQ(*state.apps.at({"/a"}), app("/a"));
  EXPECT_EQ(loaded_instances(state), std::vector{instance(2)});
  commit<scheduler::Write>(journal, {scheduler::PutFrameworkId{}});
  scheduler::State later;
  ASSERT_TRUE(load_scheduler(journal, later));
  EXPECT_TRUE(later.framework_id.empty());
}

TEST(SchedulerRows, ManyInstancesAreAllLoaded) {
  MemoryJournal journal;
  std::vector<scheduler::Write> writes;
  for (int n = 0; n < 10'000; ++n) {
    const int number = n * 7919 % 10'007;
    writes.push_back(scheduler::PutInstance{instance_id(number), shared(instance(number))});
  }
  commit<scheduler::Write>(journal, writes);
  scheduler::State state;
  ASSERT_TRUE(load_scheduler(journal, state));
  const std::vector<Instance> all = loaded_instances(state);
  EXPECT_EQ(all.size(), 10'000U);
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &Instance::id));
  for (const Instance& each : all) EXPECT_EQ(each, instance(std::stoi(each.id.value.substr(each.id.value.size() - 8))));
}

TEST(SchedulerRows, AnInstanceWhoseIdIsNotOursIsAnError) {
  for (const char* id : {"a.2", "a.instance-2", "a.instance-00000000-0000-7000-8000-00000000000x",
                         "a.instance-00000000x0000-7000-8000-000000000000"}) {
    MemoryJournal journal;
    Instance strange = instance(1);
    strange.id = {id};
    commit<scheduler::Write>(journal, {scheduler::PutInstance{strange.id, shared(strange)}});
    scheduler::State state;
    const auto loaded = load_scheduler(journal, state);
    ASSERT_FALSE(loaded) << id;
    EXPECT_EQ(loaded.error().code, Errc::malformed);
  }
}

TEST(SchedulerRows, ARowThatCannotBeReadIsAnError) {
  for (const char* table : {"apps", "instances"}) {
    MemoryJournal journal;
    ASSERT_TRUE(journal.commit({{table, "key", "\x01"}}));
    scheduler::State state;
    const auto loaded = load_scheduler(journal, state);
    ASSERT_FALSE(loaded) << table;
    EXPECT_EQ(loaded.error().code, Errc::malformed);
  }
}

}  // namespace
}  // namespace windlass
