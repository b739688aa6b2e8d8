#pragma once
// The progress and the end of a pull.

#include "base/error.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace windlass {

// What Docker's words about a failed pull mean: Errc::not_found or forbidden when trying again is of no use,
// Errc::unavailable otherwise. Docker says most of them with status 500 or in the stream.
Errc pull_error_code(std::string_view words);

// The stream of POST /images/create: JSON values one after the other, cut anywhere.
class PullReader {
 public:
  // Errors: pull_error_code with what Docker says in the stream (an error may come after status 200), Errc::malformed.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // "3 of 7 layers, 12.5 of 60.1 MB"; "waiting for the registry" at first.
  [[nodiscard]] std::string progress() const;
  // {"pull":{"layers_complete":3,"layers_total":7,"bytes_complete":13107200,"bytes_total":63019417}}
  [[nodiscard]] std::string progress_json() const;
  // What has been downloaded and unpacked so far, in a unit of its own: it grows as long as the pull moves.
  [[nodiscard]] std::uint64_t work_done() const;

 private:
  struct Sum {
    std::size_t layers = 0, complete = 0;
    std::int64_t bytes_now = 0, bytes_total = 0;
  };
  [[nodiscard]] Sum sum() const;
  struct Layer {
    std::int64_t now = 0;
    std::int64_t total = 0;
    std::int64_t unpacked = 0;
    bool complete = false;
  };
  [[nodiscard]] Result<void> take_line(std::string_view line);

  std::string held_;  // an unfinished line
  std::map<std::string, Layer> layers_;
};

}  // namespace windlass
