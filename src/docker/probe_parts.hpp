#pragma once
// What the kinds of probes share. Include it in .cpp files only.

#include "base/error.hpp"
#include "docker/probe.hpp"
#include "io/deadline.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace windlass {

// The end of a probe's output that is kept, for the message.
inline constexpr std::size_t probe_output_max = 1024;

// 0: no limit. Errors of work are failures of the probe.
[[nodiscard]] inline asio::awaitable<ProbeResult> within(std::chrono::milliseconds limit,
                                                         asio::awaitable<Result<ProbeResult>> work) {
  if (limit.count() > 0) {
    auto limited = with_deadline<ProbeResult>(limit, std::move(work));
    auto result = co_await std::move(limited);
    if (!result && result.error().code == Errc::timeout) co_return probe_results::TimedOut{};
    if (!result) co_return probe_results::Failed{to_string(result.error())};
    co_return std::move(*result);
  }
  auto result = co_await std::move(work);
  if (!result) co_return probe_results::Failed{to_string(result.error())};
  co_return std::move(*result);
}

// Docker did not say, which tells nothing about the task; unless it was our own limit that ended the question.
[[nodiscard]] inline Result<ProbeResult> no_answer(const Error& error) {
  if (error.code == Errc::cancelled) return error;
  return ProbeResult{probe_results::Unknown{to_string(error)}};
}

// True when that process is one of the container's: Docker counts pids on its own machine, which may not be ours, and
// pids are used again.
[[nodiscard]] bool is_in_container(int pid, const std::string& container);
// Whether a group of /proc/<pid>/cgroup is the container's: "/docker/<id>", "/system.slice/docker-<id>.scope",
// "/libpod-<id>.scope/container". An id that is a part of another name does not count. REQUIRES: it is not empty.
[[nodiscard]] bool names_container(std::string_view groups, std::string_view container);

// --- probe_command.cpp -----------------------------------------------------------------------------------------------

[[nodiscard]] asio::awaitable<ProbeResult> run_exec_probe(DockerClient& docker, CommandInfo command, ProbeTarget target,
                                                          std::chrono::milliseconds limit);
[[nodiscard]] asio::awaitable<ProbeResult> run_process_probe(CommandInfo command, ProbeTarget target,
                                                             std::chrono::milliseconds limit);

// --- probe_connect.cpp -----------------------------------------------------------------------------------------------

[[nodiscard]] asio::awaitable<ProbeResult> run_http_probe(HttpProbe probe, ProbeTarget target,
                                                          std::chrono::milliseconds limit);
[[nodiscard]] asio::awaitable<ProbeResult> run_tcp_probe(TcpProbe probe, ProbeTarget target,
                                                         std::chrono::milliseconds limit);

}  // namespace windlass
