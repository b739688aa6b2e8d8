#pragma once
// Runs tests/scenarios/*.test: what an operator does and what they then see, as text. The language is described in
// tests/scenarios/README.md.

#include "sim/cluster.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::sim {

// One line: its words, and those of the form name=value.
struct ScenarioLine {
  int number = 0;
  std::string text;
  std::vector<std::string> words;
  std::map<std::string, std::string> options;
};

// Errors carry the line's number in `where`: Errc::malformed.
[[nodiscard]] Result<std::vector<ScenarioLine>> parse_scenario(std::string_view text);

// A line that cannot be carried out, or does not hold.
struct LineError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Words of a line as values. Throw LineError.
const std::string& word(const ScenarioLine& line, std::size_t index);
std::int64_t to_number(const std::string& text);
double to_amount(const std::string& text);
// 10s, 500ms, 20m, 2h.
Duration to_duration(const std::string& text);
void allow_options(const ScenarioLine& line, const std::set<std::string>& known);

class Scenario {
 public:
  explicit Scenario(std::vector<ScenarioLine> lines);

  // "" when all expectations held; else "12: expect running web 2: it is 1".
  std::string run();
  // Of the world, for reading what happened.
  [[nodiscard]] std::vector<std::string> log() const;

 private:
  void run_line(const ScenarioLine& line);
  void start_world();

  // Verbs.
  void machine(const ScenarioLine& line);
  void image(const ScenarioLine& line);
  void at(const ScenarioLine& line);
  void advance(const ScenarioLine& line);
  void settle(const ScenarioLine& line);
  void start(const ScenarioLine& line);
  void stop(const ScenarioLine& line);
  void scale(const ScenarioLine& line);
  void kill(const ScenarioLine& line);
  void crash(const ScenarioLine& line);
  void down(const ScenarioLine& line);
  void up(const ScenarioLine& line);
  void cut(const ScenarioLine& line);
  void exit_container(const ScenarioLine& line);
  void docker(const ScenarioLine& line);
  void guest(const ScenarioLine& line);
  void partition(const ScenarioLine& line);
  void power_fails(const ScenarioLine& line);
  void gone(const ScenarioLine& line);
  void network(const ScenarioLine& line);
  void remember(const ScenarioLine& line);
  void expect(const ScenarioLine& line);
  void always(const ScenarioLine& line);

  // What can be expected.
  void expect_answer(const ScenarioLine& line);
  void expect_number(const ScenarioLine& line, std::int64_t seen);
  void expect_same(const ScenarioLine& line);
  void expect_healed(const ScenarioLine& line);
  void expect_guest(const ScenarioLine& line);

  [[nodiscard]] Machine& machine_of(const ScenarioLine& line);
  [[nodiscard]] MesosAgent& agent_of(const ScenarioLine& line, std::size_t index);
  void send(const AppId& id, scheduler::Event command);
  void run_for(Duration time);
  [[nodiscard]] std::int64_t running(const AppId& id) const;
  [[nodiscard]] std::int64_t measure(const std::string& what, const AppId& id) const;
  // On one host, or on all.
  [[nodiscard]] std::set<std::string> containers_of(const AppId& id, const std::string& host = {}) const;
  [[nodiscard]] std::string picture() const;

  struct Always {
    std::string text;
    std::string what;
    AppId app;
    std::string comparison;
    std::int64_t number = 0;
  };

  std::vector<ScenarioLine> lines_;
  ClusterOptions options_;
  Faults faults_;
  std::map<std::string, ImageKind> images_;  // set before the world began
  std::unique_ptr<Cluster> cluster_;         // from the first line that needs it
  std::string answer_;                       // to the newest request: "", "ok", "404", "no answer"
  std::int64_t killed_ = 0;
  std::map<AppId, std::set<std::string>> remembered_;
  std::vector<Always> always_;
};

}  // namespace windlass::sim
