#pragma once
// RecordIO: how Mesos frames messages on a stream. Each record is its length in decimal digits, a newline, the bytes:
//
//   20\n{"type":"HEARTBEAT"}99\n{"type":"ACKNOWLEDGED", …
//
// Nothing stands between records, an empty record is legal, and reads may cut the stream anywhere.

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// The longest record that a decoder takes unless it is told otherwise. An offer is about 1 KiB: room for 100,000.
inline constexpr std::size_t record_bytes_max = std::size_t{128} << 20;

// One record, framed.
std::string encode_record(std::string_view payload);

// Takes a stream apart into records, whatever its chunks are. Holds at most one unfinished record.
class RecordDecoder {
 public:
  explicit RecordDecoder(std::size_t bytes_max = record_bytes_max) : bytes_max_(bytes_max) {}

  // The records that `bytes` complete, in order. Errc::malformed after a header that is not a number or is above the
  // limit: the place of the next record is then unknown, so the error is permanent and every later call repeats it.
  [[nodiscard]] Result<std::vector<std::string>> feed(std::string_view bytes);

  // Whether the stream may end here: nothing failed and no record is unfinished.
  bool at_boundary() const { return state_ == State::header && held_.empty(); }

  bool failed() const { return state_ == State::failed; }

 private:
  //  header ──newline──▶ payload ──length bytes──▶ header      header ──anything but digits──▶ failed
  enum class State { header, payload, failed };

  [[nodiscard]] bool take_header(std::string_view& bytes);
  [[nodiscard]] bool take_payload(std::string_view& bytes);
  bool fail(std::string why);

  std::size_t bytes_max_;
  State state_ = State::header;
  std::string held_;        // digits of the header, or the first bytes of the payload
  std::size_t length_ = 0;  // of the payload, in State::payload
  std::string why_;         // in State::failed
};

}  // namespace windlass
