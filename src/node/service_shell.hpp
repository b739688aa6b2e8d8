#pragma once
// What the shells of all cores have in common: the core in its loop with its journal, the requests that wait for its
// answers, the tasks that run beside it. Used on the loop thread only; include it in .cpp files only.
//
//   ask ──event──▶ Runtime ── commit ──▶ act (the service: calls, picture) ──▶ the answers reach those who asked
//
// Core is as for Runtime, and has a type Answer: what its Effects' notices are, each with the number of its request.

#include "io/log.hpp"
#include "io/task_scope.hpp"
#include "node/pending_answers.hpp"
#include "node/runtime.hpp"
#include "store/journal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace windlass {

namespace asio = boost::asio;

template <class Core>
class ServiceShell {
 public:
  using State = typename Core::State;
  using Event = typename Core::Event;
  using Effects = typename Core::Effects;
  using Answer = typename Core::Answer;

  struct Setup {
    asio::any_io_executor loop;
    std::string name;
    std::unique_ptr<Journal> journal;
    State state;
    std::uint64_t seed = 0;
  };

  // `act` does what a batch comes to, once that is durable, except its answers: these go out after it has returned.
  ServiceShell(Setup setup, std::function<void(Effects&)> act)
      : act_{std::move(act)},
        name_{setup.name},
        journal_{std::move(setup.journal)},
        runtime_{setup.loop, std::move(setup.name),
                 *journal_,  std::move(setup.state),
                 setup.seed, [this](Effects effects) { carry_out(std::move(effects)); }},
        answers_{setup.loop},
        scope_{setup.loop, [](const std::string& name, const std::exception_ptr& error) {
                 log_error("task failed", {{"task", name}, {"error", describe(error)}});
                 std::_Exit(70);  // a service that has lost a part of itself would only seem to work
               }} {}

  // `first` is what the core hears before anything else.
  void start(Event first) {
    runtime_.post(std::move(first));
    scope_.spawn(name_, runtime_.run());
  }
  void post(Event event) { runtime_.post(std::move(event)); }
  void spawn(std::string name, asio::awaitable<void> task) { scope_.spawn(std::move(name), std::move(task)); }

  // Ends the loop and all that runs beside it.
  asio::awaitable<void> stop() {
    scope_.cancel_all();
    auto joined = scope_.join();
    co_await std::move(joined);
  }

  // Gives a request to the core, with a number of its own, and waits for the answer. None: it did not come in time (the
  // request may still take effect).
  asio::awaitable<std::optional<Answer>> ask(Event event, std::chrono::milliseconds limit) {
    const std::uint64_t id = answers_.next_id();
    std::visit([id](auto& each) { set_request(each, id); }, event);
    runtime_.post(std::move(event));
    auto waiting = answers_.wait(id, limit);
    auto answer = co_await std::move(waiting);
    co_return std::move(answer);
  }

  // Between two steps. While it has_pending_changes it is ahead of what anybody may be told.
  [[nodiscard]] const State& state() const { return runtime_.state(); }
  [[nodiscard]] bool has_pending_changes() const { return runtime_.has_pending_changes(); }
  // Of the journal: false while the disk is full.
  [[nodiscard]] bool has_room() { return journal_->has_room(); }
  [[nodiscard]] TimePoint now() const { return runtime_.now(); }
  [[nodiscard]] Prng& prng() { return runtime_.prng(); }

 private:
  template <class Request>
  static void set_request(Request& request, std::uint64_t id) {
    if constexpr (requires { request.request; }) request.request = id;
  }

  void carry_out(Effects effects) {
    act_(effects);
    for (Answer& answer : effects.notices) answers_.answer(answer.request, std::move(answer));
  }

  // Set once by the constructor.
  const std::function<void(Effects&)> act_;
  const std::string name_;
  const std::unique_ptr<Journal> journal_;

  Runtime<Core> runtime_;
  PendingAnswers<Answer> answers_;
  TaskScope scope_;
};

}  // namespace windlass
