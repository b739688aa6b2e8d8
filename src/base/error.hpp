#pragma once
// Error and Result: how a function says that something expected went wrong. A bug is a CHECK, not an Error.

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace windlass {

// What kind of thing went wrong. api/ maps these to HTTP status codes in one table.
enum class Errc {
  invalid,    // the caller's value is wrong; Error.where names the field
  malformed,  // bytes that are not what they claim to be (JSON, protobuf, RecordIO)
  not_found,
  conflict,  // exists already, or is locked
  forbidden,
  unsupported,
  timeout,
  cancelled,
  closed,       // the other side ended the connection
  unavailable,  // cannot be reached now; trying again may help
  disk,         // the journal or a file could not be written
  no_space,     // the disk is full: what needs more of it is refused, what frees some is not
  internal,
};

// The enum comes first: an aggregate that begins with a string would be constructible from a string (P0960), and then
// Result<std::string> could not tell a value from an error.
struct Error {
  Errc code = Errc::internal;
  std::string message;
  std::string where = {};  // the field or file that it is about: "/cpus", "journal"; may be empty

  friend bool operator==(const Error&, const Error&) = default;
};

// A value or an Error. Functions that return one are marked [[nodiscard]]. Pass errors on in two plain lines:
//   auto app = read_app(json);
//   if (!app) return app.error();
template <class T>
using Result = boost::system::result<T, Error>;

// "message" or "where: message".
inline std::string to_string(const Error& error) {
  return error.where.empty() ? error.message : error.where + ": " + error.message;
}

[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(to_string(error));
}

}  // namespace windlass
