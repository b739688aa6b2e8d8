#pragma once
// Brings a container's output to two files: our own stdout and stderr, which the agent has made the sandbox's files, or
// those of a task that has files of its own.
// No byte is lost or doubled: writing waits for the files, and Docker waits for us; after a loss of the connection it
// goes on where it stopped. Used on the loop thread only.

#include "base/error.hpp"
#include "docker/client.hpp"
#include "io/process/output_file.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

class ContainerOutput {
 public:
  // Both outlive this.
  struct Files {
    OutputFile& out;
    OutputFile& err;
  };
  ContainerOutput(asio::any_io_executor loop, DockerClient& docker, Files files);
  ~ContainerOutput();

  // The container's output has no frames (it has a terminal).
  void set_tty(bool tty);
  // Connects, calls on_open with the outcome, then copies until the stream ends. A copy that is still going on is ended
  // first: there is never more than one.
  [[nodiscard]] asio::awaitable<void> copy(std::string id, std::function<void(Result<void>)> on_open);
  [[nodiscard]] bool is_open() const;
  // Bytes that have arrived in the files.
  [[nodiscard]] std::uint64_t written() const;
  // For a container that has been killed: Docker does not tell of its end before its output is taken. When the files
  // take nothing for a while (the disk is full) this closes the connection; what is not written by then is lost.
  // Returns when nothing is being copied, or then.
  [[nodiscard]] asio::awaitable<void> give_up_when_stuck();
  // Returns when nothing is being copied, or when no byte has come for a while.
  [[nodiscard]] asio::awaitable<void> drained();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass
