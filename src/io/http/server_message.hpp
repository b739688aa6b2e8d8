#pragma once
// What the server reads and writes around a handler: requests as handlers get them, and the heads of responses. No I/O.
// Internal to io/http; include it in .cpp files only.

#include "io/http/message.hpp"
#include "io/http/server.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

namespace windlass {

using HttpRequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// A refusal that the server decides on without a handler.
struct HttpRefusal {
  int status;
  std::string message;
};

// What to say to a request that could not be read. Nothing to a peer that has gone away: nobody is there to read it.
[[nodiscard]] std::optional<HttpRefusal> refusal_of(const boost::system::error_code& error);

// Takes the message out of the parser. Refused: broken percent escapes, and gzip that is broken or unpacks to more than
// body_bytes_max. REQUIRES: the parser is done.
[[nodiscard]] std::variant<HttpRequest, HttpRefusal> make_request(HttpRequestParser& parser, const std::string& remote,
                                                                  std::size_t body_bytes_max);

// How the answer is delimited, which depends on what the request was.
struct HttpFraming {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool head_only = false;
};

// Status line and headers, up to and with the empty line. Used on the loop thread only.
[[nodiscard]] std::string make_head(const HttpResponse& response, const HttpFraming& framing);
[[nodiscard]] bool allows_body(int status);

}  // namespace windlass
