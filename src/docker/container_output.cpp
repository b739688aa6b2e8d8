#include "docker/container_output.hpp"

#include "io/nothrow.hpp"
#include "wire/docker/stream.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

constexpr auto drain_check = 10ms;
// How long nothing may come before the output counts as ended, or as stuck; every byte begins it anew.
constexpr auto drain_patience = 5s;

}  // namespace

struct ContainerOutput::Impl {
  Impl(asio::any_io_executor the_loop, DockerClient& the_docker, Files the_files)
      : loop{the_loop}, docker{the_docker}, files{the_files} {}

  asio::awaitable<Result<void>> open(std::string id);
  asio::awaitable<Result<std::string>> read();
  asio::awaitable<void> copy_all();
  asio::awaitable<void> pause(std::chrono::milliseconds time);
  void close();

  asio::any_io_executor loop;
  DockerClient& docker;
  const Files files;
  bool tty = false;
  bool is_open = false;
  // Tells a file that takes nothing from a container that says nothing.
  bool is_writing = false;
  bool given_up = false;  // for good: nothing more is copied
  bool attached_before = false;
  std::array<std::uint64_t, 2> written{};  // stdout, stderr

  // The current connection: one of the two.
  RawConnection attached;
  StreamingResponse logs;
  bool from_logs = false;
  OutputReader reader;
};

void ContainerOutput::Impl::close() {
  attached.close();
  logs.close();
}

asio::awaitable<void> ContainerOutput::Impl::pause(std::chrono::milliseconds time) {
  asio::steady_timer timer{loop, time};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
}

// Later connections read the daemon's log from its beginning and pass over what is written already. Log drivers that
// cannot be read leave only what comes from now on.
asio::awaitable<Result<void>> ContainerOutput::Impl::open(std::string id) {
  reader = OutputReader{tty};
  from_logs = false;
  if (attached_before) {
    auto opening = docker.follow_logs(id);
    auto opened = co_await std::move(opening);
    if (opened) {
      logs = std::move(*opened);
      reader.skip(written[0], written[1]);
      from_logs = true;
      co_return Result<void>{};
    }
    // Docker cannot be reached, or the container is gone: to attach would fail just so.
    if (opened.error().code == Errc::not_found || opened.error().code == Errc::unavailable) co_return opened.error();
  }
  auto attaching = docker.attach(id);
  auto got = co_await std::move(attaching);
  if (!got) co_return got.error();
  attached = std::move(*got);
  // From now on what was written is part of the daemon's log, too.
  attached_before = true;
  co_return Result<void>{};
}

asio::awaitable<Result<std::string>> ContainerOutput::Impl::read() {
  if (from_logs) return logs.read_some();
  return attached.read_some();
}

asio::awaitable<void> ContainerOutput::Impl::copy_all() {
  while (true) {
    auto reading = read();
    auto bytes = co_await std::move(reading);
    // An error here and an end look alike: Docker closes the stream in both cases, and the watch tells which it was.
    if (!bytes || bytes->empty()) co_return;
    auto pieces = reader.feed(*bytes);
    for (OutputPiece& piece : pieces) {
      OutputFile& file = piece.stream == 1 ? files.out : files.err;
      // One piece after the other, and no read meanwhile: a container that writes faster than the disk takes it is
      // slowed down by Docker, and no memory fills up.
      auto writing = write_output(file, std::move(piece.bytes), written[static_cast<std::size_t>(piece.stream - 1)]);
      is_writing = true;
      co_await std::move(writing);
      is_writing = false;
      if (given_up) co_return;
    }
  }
}

ContainerOutput::ContainerOutput(asio::any_io_executor loop, DockerClient& docker, Files files)
    : impl_{std::make_unique<Impl>(std::move(loop), docker, files)} {}
ContainerOutput::~ContainerOutput() = default;

void ContainerOutput::set_tty(bool tty) { impl_->tty = tty; }
bool ContainerOutput::is_open() const { return impl_->is_open && !impl_->given_up; }
std::uint64_t ContainerOutput::written() const { return impl_->written[0] + impl_->written[1]; }

asio::awaitable<void> ContainerOutput::copy(std::string id, std::function<void(Result<void>)> on_open) {
  if (impl_->given_up) co_return on_open({});
  // Two copies would write the same bytes twice. The old one ends by itself once its connection is closed.
  while (impl_->is_open) {
    impl_->close();
    auto pausing = impl_->pause(drain_check);
    co_await std::move(pausing);
  }
  impl_->is_open = true;
  auto opening = impl_->open(std::move(id));
  auto opened = co_await std::move(opening);
  on_open(opened);
  if (opened) {
    auto copying = impl_->copy_all();
    co_await std::move(copying);
  }
  impl_->close();
  impl_->is_open = false;
}

// Docker may tell of the end before the last output has come. Silence counts as the end of the output, too: a stream
// that hangs must not hide the task's end.
asio::awaitable<void> ContainerOutput::drained() {
  auto patience = std::chrono::milliseconds{drain_patience};
  std::uint64_t seen = written();
  while (is_open() && patience.count() > 0) {
    auto pausing = impl_->pause(drain_check);
    co_await std::move(pausing);
    patience -= drain_check;
    if (written() != seen) patience = drain_patience;
    seen = written();
  }
}

asio::awaitable<void> ContainerOutput::give_up_when_stuck() {
  auto patience = std::chrono::milliseconds{drain_patience};
  std::uint64_t seen = written();
  while (is_open() && patience.count() > 0) {
    auto pausing = impl_->pause(drain_check);
    co_await std::move(pausing);
    patience -= drain_check;
    if (!impl_->is_writing || written() != seen) patience = drain_patience;
    seen = written();
  }
  if (!is_open()) co_return;
  impl_->given_up = true;
  impl_->close();
}

}  // namespace windlass
