#include "io/http/gzip.hpp"

#include <boost/beast/zlib/inflate_stream.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace windlass {

namespace zlib = boost::beast::zlib;

namespace {

constexpr std::size_t piece_bytes = 32 * 1024;

// Beast inflates, but knows nothing of gzip's header, checksum and length; those are done here.
std::uint32_t crc32_of(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> result{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320U ^ (value >> 1) : value >> 1;
      result[i] = value;
    }
    return result;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// RFC 1952: the size of the header; 0 when there is none.
std::size_t header_size(std::string_view bytes) {
  constexpr int has_extra = 4, has_name = 8, has_comment = 16, has_crc = 2, reserved = 0xE0;
  // 18: the shortest header and the trailer. Method 8 is deflate, the only one.
  if (bytes.size() < 18 || bytes.substr(0, 3) != "\x1f\x8b\x08") return 0;
  const int flags = static_cast<unsigned char>(bytes[3]);
  if ((flags & reserved) != 0) return 0;
  std::size_t at = 10;
  if ((flags & has_extra) != 0) {
    at += 2 + static_cast<unsigned char>(bytes[10]) + 256U * static_cast<unsigned char>(bytes[11]);
  }
  for (const int flag : {has_name, has_comment}) {
    if ((flags & flag) == 0) continue;
    const std::size_t end = bytes.find('\0', at);
    if (end == std::string_view::npos) return 0;
    at = end + 1;
  }
  if ((flags & has_crc) != 0) at += 2;
  return at + 8 <= bytes.size() ? at : 0;
}

}  // namespace

Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
  const Error malformed{Errc::malformed, "the body is not valid gzip", {}};
  const std::size_t header = header_size(bytes);
  if (header == 0) return malformed;
  zlib::inflate_stream inflate;
  zlib::z_params params;
  params.next_in = bytes.data() + header;
  params.avail_in = bytes.size() - header;  // with the trailer: Beast looks ahead for its last code
  std::string result;
  boost::system::error_code error;
  while (!error) {
    // The output doubles, so that a long body is not copied for each piece; the limit is looked at before it grows
    // again, so that a few bytes of input cannot make us take more than about twice the limit.
    const std::size_t before = result.size();
    if (before > bytes_max) return Error{Errc::invalid, "the body is too large after decompression", {}};
    result.resize(before + std::clamp(before, piece_bytes, bytes_max + piece_bytes));
    params.next_out = result.data() + before;
    params.avail_out = result.size() - before;
    inflate.write(params, zlib::Flush::sync, error);
    result.resize(result.size() - params.avail_out);
  }
  if (error != zlib::error::end_of_stream) return malformed;
  if (result.size() > bytes_max) return Error{Errc::invalid, "the body is too large after decompression", {}};
  const std::string_view trailer = bytes.substr(bytes.size() - 8);
  // The length is modulo 2^32 (RFC 1952).
  const bool intact = little_endian(trailer) == crc32_of(result) &&
                      little_endian(trailer.substr(4)) == static_cast<std::uint32_t>(result.size());
  if (!intact) return malformed;
  return result;
}

}  // namespace windlass
