#include "scheduler/world.hpp"

#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

namespace windlass::scheduler {
namespace {

void expect_same(const World& left, const World& right) {
  EXPECT_EQ(left.framework_id, right.framework_id);
  EXPECT_EQ(left.connected, right.connected);
  EXPECT_EQ(left.counters, right.counters);
  ASSERT_EQ(left.apps.size(), right.apps.size());
  for (const auto& [id, view] : left.apps) {
    const AppView& other = *right.apps.at(id);
    EXPECT_EQ(*view->app, *other.app);
    EXPECT_EQ(view->missing, other.missing);
    ASSERT_EQ(view->instances.size(), other.instances.size()) << id.value;
    for (std::size_t i = 0; i < view->instances.size(); ++i) EXPECT_EQ(*view->instances[i], *other.instances[i]);
  }
}

TEST(World, UpdatedIsTheSameAsMadeAnew) {
  Dialogue d;
  const auto check = [&] { expect_same(*d.world, *make_world(d.state)); };
  d.subscribe();
  const auto tasks = d.run(make_app("/a_b", 3));
  check();
  d.run(make_app("/a/b", 2));
  check();
  d.update(tasks[0], TaskState::failed);
  check();
  d.say(ScaleApp{.request = 1, .id = AppId{"/a_b"}, .instances = 1});
  check();
  d.update(tasks[1], TaskState::killed);
  check();
  d.say(StopApp{.request = 1, .id = AppId{"/a/b"}});
  check();
  d.start(make_app("/a/b", 1));
  check();
  EXPECT_EQ(d.world->apps.at(AppId{"/a/b"})->instances.size(), 2U) << "the old ones are ending";
  d.restart();
  check();
  EXPECT_EQ(d.world->apps.size(), 2U);
}

TEST(World, SharesWhatHasNotChangedAndLeavesOldPicturesAlone) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/a", 2));
  d.run(make_app("/b", 2));
  const auto before = d.world;
  d.update(tasks[0], TaskState::failed);
  const AppId a{"/a"};
  const AppId b{"/b"};
  EXPECT_EQ(before->apps.at(b), d.world->apps.at(b));
  EXPECT_EQ(before->apps.at(a)->instances.size(), 2U);
  ASSERT_EQ(d.world->apps.at(a)->instances.size(), 1U);
  const auto& left = d.world->apps.at(a)->instances[0];
  EXPECT_TRUE(left == before->apps.at(a)->instances[0] || left == before->apps.at(a)->instances[1]) << "not copied";
}

}  // namespace
}  // namespace windlass::scheduler
