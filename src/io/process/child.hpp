#pragma once
// A program that is asked something: it runs to its end, and its output is the answer.

#include "base/error.hpp"
#include "io/process/process.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>

namespace windlass {

namespace asio = boost::asio;

struct ChildOutput {
  bool separate_stderr = false;  // else it goes where stdout goes
  std::size_t most = 1024;       // bytes of each that are kept: the last ones
};

struct ChildOutcome {
  int code = 0;     // 128 + n: signal n ended it
  std::string out;  // the end of it
  std::string err;  // likewise; empty when it goes where stdout goes
};

// Cancelled or forgotten, it is killed with its session. Errors: those of start_process.
[[nodiscard]] asio::awaitable<Result<ChildOutcome>> run_child(ProcessSpec spec, ChildOutput wanted);

}  // namespace windlass
