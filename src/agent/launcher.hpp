#pragma once
// Starts, watches and ends the processes of executors for the engine. Facts go back as engine events.

#include "base/time.hpp"
#include "engine/step.hpp"
#include "io/process/process.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

class ExecutorLauncher {
 public:
  struct Settings {
    std::string work_dir;
    std::string executor_program;  // what command and Docker tasks without an executor of their own run in
    std::string docker_host;       // what executors find in DOCKER_HOST; empty: nothing, they use Docker's default
    std::string agent_ip = "127.0.0.1";
    std::uint16_t agent_port = 5051;
    Duration executor_shutdown_grace_period = std::chrono::seconds{5};  // for executors that do not say theirs
    Duration executor_reregistration_timeout = std::chrono::seconds{2};
    Duration recovery_timeout = std::chrono::minutes{15};
    Duration fetcher_stall_timeout = std::chrono::minutes{1};
    Duration fetch_report_interval = std::chrono::seconds{5};  // how often a fetch that moves is told of
    // Old sandboxes (agent/sandbox_collector.hpp), looked for this often.
    Duration gc_delay = std::chrono::hours{7 * 24};
    double gc_disk_headroom = 0.1;
    Duration disk_watch_interval = std::chrono::minutes{1};
    std::string max_log_size = "10MB";  // of a task's stdout, and of its stderr, before they are rotated; "0": never
    std::int64_t max_log_files = 5;     // that are kept of each
    bool switch_user = true;
    bool cgroups = true;
    std::string cgroups_root = "mesos";
  };
  using AgentIdSource = std::function<AgentId()>;  // known once the core has started
  using Post = std::function<void(engine::Event)>;

  // `post` takes events on the loop; both functions must outlive the launcher.
  ExecutorLauncher(asio::any_io_executor loop, Settings settings, AgentIdSource agent_id, Post post);
  ~ExecutorLauncher();

  // Sandbox, URIs, cgroup, process. A process that an earlier engine started for the same container is taken over
  // instead of started twice. Answered by ExecutorStarted or ExecutorLaunchFailed, and later by ExecutorExited; before
  // that, as long as its URIs arrive, by ExecutorFetching.
  void launch(engine::LaunchExecutor call);
  // Takes over an executor that the journal knows. When its process is gone: ExecutorExited without a status.
  void resume(const ContainerId& container, const ExecutorRecord& record);
  // SIGKILL to the executor, then to everything that it leaves behind. Answered by ExecutorExited.
  void destroy(const ContainerId& container);
  // Stops watching; processes live on. Waits for launches that are under way.
  [[nodiscard]] asio::awaitable<void> stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass
