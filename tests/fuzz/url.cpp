// Location headers: a URL that was understood is understood again as it is written, and says the same.

#include "base/url.hpp"

#include "base/check.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const windlass::Url base{.scheme = "http", .host = "127.0.0.1", .port = 8080, .target = "/a/b?c"};
  for (const auto& url : {windlass::parse_url(text), windlass::resolve_url(base, text)}) {
    if (!url) continue;
    CHECK(!url->host.empty() && url->port != 0);
    CHECK(url->target.starts_with('/') && url->target.find('#') == std::string::npos);
    const auto again = windlass::parse_url(url->to_string());
    CHECK(again && *again == *url);
  }
  return 0;
}
