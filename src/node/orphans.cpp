#include "node/orphans.hpp"

namespace windlass {

std::vector<FrameworkSummary> find_orphans(std::vector<FrameworkSummary> frameworks, std::string_view name,
                                           const FrameworkId& own) {
  // One that is connected has a scheduler at work; one without tasks has left nothing to save.
  std::erase_if(frameworks, [&](const FrameworkSummary& each) {
    return each.name != name || each.connected || each.live_tasks == 0 || each.id == own;
  });
  return frameworks;
}

std::string advice_on(const FrameworkSummary& orphan) {
  return "its scheduler's database is not this one. To have its tasks back, stop Windlass, put that scheduler.db into "
         "--work_dir and start again; to end them: windlass engine teardown " +
         orphan.id.value;
}

}  // namespace windlass
