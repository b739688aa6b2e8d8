// windlass-sim: runs seeds until one breaks a promise.

#include "base/time.hpp"
#include "sim/simulation.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::sim {
namespace {

constexpr const char* usage =
    "usage: windlass-sim [--seed N | --seeds A..B | --seconds S] [--hours H] [--verbose]\n"
    "  --seed N      this seed\n"
    "  --seeds A..B  these seeds, both ends included\n"
    "  --seconds S   as many random seeds as fit into S seconds\n"
    "  --hours H     simulated hours of each seed (default 2)\n"
    "  --verbose     print every event\n";

struct Request {
  std::uint64_t first = 1;
  std::uint64_t last = 20;
  std::optional<std::int64_t> seconds = {};
  std::int64_t hours = 2;
  bool verbose = false;
};

// For the handler of SIGABRT: a CHECK in a core ends the process, and the seed must not be lost with it.
std::uint64_t current_seed = 0;
const World* current_world = nullptr;

void print_seed(std::uint64_t seed, std::int64_t hours) {
  std::printf("seed=%llu, repeat: windlass-sim --seed %llu --hours %lld\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed), static_cast<long long>(hours));
}

std::int64_t current_hours = 0;

void print_recent() {
  for (const auto& line : current_world->recent()) std::printf("%s\n", line.c_str());
}

extern "C" void on_abort(int) {
  if (current_world != nullptr) print_recent();
  std::printf("FAILED: the process was aborted, see stderr\n");
  print_seed(current_seed, current_hours);
  std::fflush(stdout);
  std::_Exit(1);
}

bool parse(std::string_view text, std::uint64_t& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

bool parse(std::string_view text, std::int64_t& out) {
  std::uint64_t number = 0;
  if (!parse(text, number)) return false;
  out = static_cast<std::int64_t>(number);
  return true;
}

bool parse_seeds(std::string_view text, Request& request) {
  const auto dots = text.find("..");
  return dots != std::string_view::npos && parse(text.substr(0, dots), request.first) &&
         parse(text.substr(dots + 2), request.last);
}

std::optional<Request> parse(const std::vector<std::string>& arguments) {
  Request request;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--verbose") {
      request.verbose = true;
      continue;
    }
    if (i + 1 == arguments.size()) return {};
    const std::string& value = arguments[++i];
    bool good = false;
    if (name == "--seed") {
      good = parse(value, request.first);
      request.last = request.first;
    } else if (name == "--seeds") {
      good = parse_seeds(value, request);
    } else if (name == "--seconds") {
      request.seconds.emplace();
      good = parse(value, *request.seconds);
    } else if (name == "--hours") {
      good = parse(value, request.hours);
    }
    if (!good) return {};
  }
  return request;
}

bool run_seed(std::uint64_t seed, const Request& request, std::uint64_t& steps) {
  current_seed = seed;
  Simulation simulation{seed};
  simulation.world().set_verbose(request.verbose);
  current_world = &simulation.world();
  bool good = true;
  try {
    simulation.run(std::chrono::hours{request.hours});
  } catch (const Violation& violation) {
    if (!request.verbose) print_recent();
    std::printf("FAILED: %s\nfaults: %s\n", violation.what(), to_string(simulation.faults()).c_str());
    good = false;
  }
  if (good && request.verbose) {
    std::printf("log_hash=%016llx\n", static_cast<unsigned long long>(simulation.world().log_hash()));
  }
  steps += simulation.world().steps();
  current_world = nullptr;
  return good;
}

int run(Request request) {
  const Clock clock;
  const TimePoint start = clock.now();
  if (request.seconds) {
    request.first = Prng{static_cast<std::uint64_t>(start.time_since_epoch().count())}.below(1'000'000'000);
    request.last = request.first + 1'000'000'000;
  }
  current_hours = request.hours;
  std::signal(SIGABRT, on_abort);
  std::uint64_t steps = 0;
  std::uint64_t done = 0;
  for (std::uint64_t seed = request.first; seed <= request.last; ++seed) {
    if (request.seconds && clock.now() - start >= std::chrono::seconds{*request.seconds}) break;
    if (done == 0 && request.first != request.last) print_seed(seed, request.hours);
    std::fflush(stdout);
    if (!run_seed(seed, request, steps)) {
      print_seed(seed, request.hours);
      return 1;
    }
    ++done;
    current_seed = seed;
  }
  print_seed(current_seed, request.hours);
  const double took = to_seconds(clock.now()) - to_seconds(start);
  std::printf("%llu seeds, %llu steps, %.1f million steps a minute: no promise broken\n",
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(steps),
              static_cast<double>(steps) / 1e6 / (took > 0 ? took / 60 : 1));
  return 0;
}

}  // namespace
}  // namespace windlass::sim

int main(int argc, char** argv) {
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  if (arguments == std::vector<std::string>{"--help"}) {
    std::cout << windlass::sim::usage;
    return 0;
  }
  const auto request = windlass::sim::parse(arguments);
  if (!request) {
    std::cerr << windlass::sim::usage;
    return 2;
  }
  return windlass::sim::run(*request);
}
