#include "io/process/child.hpp"

#include "io/fd.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <utility>

namespace windlass {

namespace {

// How long to wait for a process that was killed, so that it does not stay as a zombie.
constexpr int reap_limit_ms = 100;

// The read end of a child's output. Keeps itself alive while it reads; close() ends that.
// Read all the time, not only at the end: a child whose pipe is full would never end.
class TailReader : public std::enable_shared_from_this<TailReader> {
 public:
  TailReader(const asio::any_io_executor& loop, int fd, std::size_t most) : descriptor_{loop, fd}, most_{most} {}

  void read() {
    auto take = [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) {
      if (error) return;
      self->keep(count);
      self->read();
    };
    descriptor_.async_read_some(asio::buffer(piece_), std::move(take));
  }
  // What is there already is taken; what comes later, from a process that was left behind, is not waited for.
  std::string close() {
    boost::system::error_code error;
    descriptor_.cancel(error);
    descriptor_.non_blocking(true, error);
    for (std::size_t pieces = 0; pieces < pieces_at_end_max; ++pieces) {
      const std::size_t count = descriptor_.read_some(asio::buffer(piece_), error);
      if (error || count == 0) break;
      keep(count);
    }
    descriptor_.close(error);
    return std::move(tail_);
  }

 private:
  static constexpr std::size_t pieces_at_end_max = 256;

  void keep(std::size_t count) {
    tail_.append(piece_.data(), count);
    if (tail_.size() > most_) tail_.erase(0, tail_.size() - most_);
  }

  asio::posix::stream_descriptor descriptor_;
  const std::size_t most_;
  std::array<char, 1024> piece_{};
  std::string tail_;
};

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{Errc::unavailable, "there is no pipe to be had", {}};
  return Pipe{Fd{ends[0]}, Fd{ends[1]}};
}

// Blocks for that long at most: it runs in a destructor, where nothing can be awaited.
void reap_soon(pid_t pid) {
  const Fd fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  pollfd waiting{fd.value, POLLIN, 0};
  if (fd.value >= 0) ::poll(&waiting, 1, reap_limit_ms);
  ::waitpid(pid, nullptr, WNOHANG);
}

// A process that does not outlive its caller.
struct Child {
  ProcessId id;
  bool has_ended = false;

  explicit Child(ProcessId process) : id{process} {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // Also after its own end: processes that it has started may still run.
  ~Child() {
    static_cast<void>(kill_session(id));
    if (!has_ended) reap_soon(id.pid);
  }
};

int code_of_status(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 1;
}

}  // namespace

asio::awaitable<Result<ChildOutcome>> run_child(ProcessSpec spec, ChildOutput wanted) {
  auto loop = co_await asio::this_coro::executor;
  auto out = make_pipe();
  auto err = make_pipe();
  if (!out) co_return out.error();
  if (!err) co_return err.error();
  spec.stdout_fd = out->write.value;
  spec.stderr_fd = wanted.separate_stderr ? err->write.value : out->write.value;
  auto started = start_process(spec);
  // While we hold a write end ourselves, the pipe has no end.
  out->write = Fd{};
  err->write = Fd{};
  if (!started) co_return started.error();
  Child child{started->id};
  auto out_reader = std::make_shared<TailReader>(loop, std::exchange(out->read.value, -1), wanted.most);
  auto err_reader = std::make_shared<TailReader>(loop, std::exchange(err->read.value, -1), wanted.most);
  out_reader->read();
  err_reader->read();
  auto waiting = wait_process(child.id);
  auto status = co_await std::move(waiting);
  child.has_ended = status.has_value();
  ChildOutcome outcome{.out = out_reader->close(), .err = err_reader->close()};
  if (!status) co_return status.error();
  // Only when somebody else has reaped it.
  if (!*status) co_return Error{Errc::unavailable, "nobody knows how the command ended", {}};
  outcome.code = code_of_status(**status);
  co_return outcome;
}

}  // namespace windlass
