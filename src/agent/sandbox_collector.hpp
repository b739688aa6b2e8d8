#pragma once
// Removes old sandboxes, as Mesos does: those whose executor ended longer ago than gc_delay, and sooner the fuller the
// disk is, so that an app that fails every few minutes does not fill it.
//
//   allowed age = gc_delay × max(0, 1 − gc_disk_headroom − used share of the disk)      (mesos.md 3.8)
//
// Two exceptions: a sandbox that is in use is never removed, and one that was used within the last hour is kept unless
// the allowed age is 0, since somebody may be about to read why its task has failed.

#include "base/time.hpp"

#include <set>
#include <string>
#include <vector>

namespace windlass {

struct CollectorSettings {
  std::string work_dir;
  Duration gc_delay = std::chrono::hours{7 * 24};
  double gc_disk_headroom = 0.1;  // share of the disk that is to stay free
};

// How full the disk of the path is, by bytes or by inodes, whichever is fuller: 0 to 1. 0 when nobody can tell.
[[nodiscard]] double used_share(const std::string& path);

// The age from which a sandbox goes. Never negative.
[[nodiscard]] Duration allowed_age(const CollectorSettings& settings, double used);

// The sandboxes below work_dir, `in_use` (container ids) left out, that have to go now. Takes time in proportion to all
// sandboxes: call it on a pool thread.
[[nodiscard]] std::vector<std::string> old_sandboxes(const CollectorSettings& settings,
                                                     const std::set<std::string>& in_use, double used, TimePoint now);

// Removes the sandbox, and the folders above it that are empty then, up to work_dir.
void remove_sandbox(const CollectorSettings& settings, const std::string& sandbox);

}  // namespace windlass
