#include "io/process/command_output.hpp"

#include "io/nothrow.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_bytes = 16 * 1024;
// Often enough that the end of a short task is not held up noticeably.
constexpr auto drain_check = 10ms;
constexpr std::chrono::milliseconds drain_patience = 5s;

}  // namespace

struct CommandOutput::Impl {
  struct Stream {
    Stream(const asio::any_io_executor& loop, OutputFile& the_file, int in, int out)
        : file{the_file}, reading{loop, in}, end{out} {}
    OutputFile& file;
    asio::posix::stream_descriptor reading;
    Fd end;
    std::uint64_t written = 0;
    bool done = false;
  };

  static asio::awaitable<void> copy(Stream& stream);

  asio::any_io_executor loop;
  // Behind pointers: the copying coroutines hold references to them.
  std::array<std::unique_ptr<Stream>, 2> streams;  // stdout, stderr
};

// Each piece is written before the next is read: where the disk is full, the pipe fills up and the task waits.
asio::awaitable<void> CommandOutput::Impl::copy(Stream& stream) {
  while (true) {
    std::string bytes(read_bytes, '\0');
    auto read = co_await stream.reading.async_read_some(asio::buffer(bytes), nothrow);
    auto& [error, count] = read;
    if (error) break;
    bytes.resize(count);
    auto writing = write_output(stream.file, std::move(bytes), stream.written);
    co_await std::move(writing);
  }
  stream.done = true;
}

Result<std::unique_ptr<CommandOutput>> CommandOutput::create(asio::any_io_executor loop, OutputFile& out,
                                                             OutputFile& err) {
  auto impl = std::make_unique<Impl>();
  impl->loop = loop;
  for (std::size_t i = 0; i < 2; ++i) {
    int ends[2];
    // O_CLOEXEC: an end that another child of ours inherits would keep the pipe open for as long as that child runs.
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return Error{Errc::unavailable, "pipe: " + std::generic_category().message(errno), {}};
    }
    impl->streams[i] = std::make_unique<Impl::Stream>(loop, i == 0 ? out : err, ends[0], ends[1]);
  }
  return std::unique_ptr<CommandOutput>{new CommandOutput{std::move(impl)}};
}

CommandOutput::CommandOutput(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
CommandOutput::~CommandOutput() = default;

int CommandOutput::out_end() const { return impl_->streams[0]->end.value; }
int CommandOutput::err_end() const { return impl_->streams[1]->end.value; }

void CommandOutput::close_ends() {
  for (auto& stream : impl_->streams) stream->end = Fd{};
}

asio::awaitable<void> CommandOutput::copy_out() { return Impl::copy(*impl_->streams[0]); }
asio::awaitable<void> CommandOutput::copy_err() { return Impl::copy(*impl_->streams[1]); }

// Not simply until the pipes end: a task may leave a process behind that holds its stdout for ever. Patience counts
// from the last byte, so that a long rest is still written in full.
asio::awaitable<void> CommandOutput::drained() {
  const auto is_done = [this] { return impl_->streams[0]->done && impl_->streams[1]->done; };
  const auto written = [this] { return impl_->streams[0]->written + impl_->streams[1]->written; };
  std::uint64_t seen = written();
  for (auto patience = drain_patience; !is_done() && patience > 0ms; patience -= drain_check) {
    asio::steady_timer timer{impl_->loop, drain_check};
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
    if (written() != seen) patience = drain_patience;
    seen = written();
  }
}

}  // namespace windlass
