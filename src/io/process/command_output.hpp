#pragma once
// Brings the output of a command task to rotated files: the task writes into two pipes, and we write the files. Without
// rotation this is not used: the task has the files themselves. Used on the loop thread only.

#include "base/error.hpp"
#include "io/fd.hpp"
#include "io/process/output_file.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

namespace windlass {

class CommandOutput {
 public:
  // Both files outlive this. Errors: Errc::unavailable, no more descriptors.
  [[nodiscard]] static Result<std::unique_ptr<CommandOutput>> create(asio::any_io_executor loop, OutputFile& out,
                                                                     OutputFile& err);
  ~CommandOutput();

  // What the process gets as its stdout and stderr; ours until close_ends().
  [[nodiscard]] int out_end() const;
  [[nodiscard]] int err_end() const;
  void close_ends();

  // Copies until every holder of the ends has closed them. Once for each stream.
  [[nodiscard]] asio::awaitable<void> copy_out();
  [[nodiscard]] asio::awaitable<void> copy_err();
  // Returns when all is copied, or when no byte has come for a while: somebody who outlived the task holds an end, or
  // the disk is full.
  [[nodiscard]] asio::awaitable<void> drained();

 private:
  struct Impl;
  explicit CommandOutput(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass
