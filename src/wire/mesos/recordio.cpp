#include "wire/mesos/recordio.hpp"

#include <algorithm>
#include <charconv>

namespace windlass {
namespace {

constexpr std::size_t header_digits_max = 20;  // of a 64-bit length

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string encode_record(std::string_view payload) {
  std::string record = std::to_string(payload.size());
  // Once for the whole record: an OFFERS event may be megabytes long.
  record.reserve(record.size() + 1 + payload.size());
  record += '\n';
  record += payload;
  return record;
}

Result<std::vector<std::string>> RecordDecoder::feed(std::string_view bytes) {
  std::vector<std::string> records;
  while (state_ != State::failed) {
    // Also when no bytes are left: an empty record is complete with its header.
    if (state_ == State::header && !take_header(bytes)) break;
    if (!take_payload(bytes)) break;
    records.push_back(std::move(held_));
    held_.clear();
    state_ = State::header;
  }
  if (state_ == State::failed) return Error{Errc::malformed, why_};
  return records;
}

// Whether the header is complete now.
bool RecordDecoder::take_header(std::string_view& bytes) {
  // A read may end in the middle of the number, so its digits are kept until the newline comes.
  const auto digits = std::find_if_not(bytes.begin(), bytes.end(), is_digit);
  const auto count = static_cast<std::size_t>(digits - bytes.begin());
  if (held_.size() + count > header_digits_max) return fail("Record header is too long");
  held_ += bytes.substr(0, count);
  bytes.remove_prefix(count);
  if (bytes.empty()) return false;
  if (bytes.front() != '\n' || held_.empty()) return fail("Record header is not a number");
  bytes.remove_prefix(1);
  const auto parsed = std::from_chars(held_.data(), held_.data() + held_.size(), length_);
  // Refused before a byte of it is read: a peer that speaks another protocol could promise anything.
  if (parsed.ec != std::errc{} || length_ > bytes_max_) {
    return fail("Record of " + held_ + " bytes is above the limit of " + std::to_string(bytes_max_));
  }
  held_.clear();
  state_ = State::payload;
  return true;
}

// Whether the payload is complete now. Memory grows with what has arrived, not with what the header promised.
bool RecordDecoder::take_payload(std::string_view& bytes) {
  const std::size_t count = std::min(length_ - held_.size(), bytes.size());
  held_ += bytes.substr(0, count);
  bytes.remove_prefix(count);
  return held_.size() == length_;
}

bool RecordDecoder::fail(std::string why) {
  state_ = State::failed;
  why_ = std::move(why);
  held_.clear();
  return false;
}

}  // namespace windlass
