#include "base/url.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace windlass {
namespace {

struct ParseCase {
  std::string text;
  std::string whole;  // empty: refused
};

TEST(Urls, AreRead) {
  const std::vector<ParseCase> cases{{"http://a", "http://a:80/"},
                                     {"HTTPS://A/x", "https://A:443/x"},
                                     {"http://a:8080/b?c=d#e", "http://a:8080/b?c=d"},
                                     {"http://a?b", "http://a:80/?b"},
                                     {"http://[::1]:81/x", "http://[::1]:81/x"},
                                     {"http://[::1]", "http://[::1]:80/"},
                                     {"http://user:word@a/x", "http://a:80/x"},
                                     {"http://a:/x", "http://a:80/x"},
                                     {"http://a#b", "http://a:80/"},
                                     {"ftp://a/x", ""},
                                     {"http:/a", ""},
                                     {"http://", ""},
                                     {"http://:80/", ""},
                                     {"http://a:0/", ""},
                                     {"http://a:65536/", ""},
                                     {"http://a:8x/", ""},
                                     {"http://[::1/", ""},
                                     {"http://[::1]x/", ""},
                                     {"http://[[.]/", ""},
                                     {"http://[a]/", ""},
                                     {"/x", ""},
                                     {"", ""}};
  for (const ParseCase& each : cases) {
    const auto url = parse_url(each.text);
    EXPECT_EQ(url ? url->to_string() : "", each.whole) << each.text;
  }
  EXPECT_EQ(parse_url("ftp://a/x").error().message, "URLs of ftp are not followed");
}

TEST(Urls, RedirectsAreResolved) {
  const auto base = parse_url("http://a:81/b/c/d?q");
  ASSERT_TRUE(base);
  const std::vector<ParseCase> cases{{"https://x/y", "https://x:443/y"},
                                     {"//x:1/y", "http://x:1/y"},
                                     {"/y?z", "http://a:81/y?z"},
                                     {"y", "http://a:81/b/c/y"},
                                     {"../y", "http://a:81/b/y"},
                                     {"../../../../y", "http://a:81/y"},
                                     {"./y/../z/", "http://a:81/b/c/z/"},
                                     {"..", "http://a:81/b/"},
                                     {".", "http://a:81/b/c/"},
                                     {"?n", "http://a:81/b/c/d?n"},
                                     {"#f", "http://a:81/b/c/d?q"},
                                     {"", "http://a:81/b/c/d?q"},
                                     {"y?u=http://z/", "http://a:81/b/c/y?u=http://z/"},
                                     {"mailto:x", ""},
                                     {"http:///x", ""}};
  for (const ParseCase& each : cases) {
    const auto url = resolve_url(*base, each.text);
    EXPECT_EQ(url ? url->to_string() : "", each.whole) << each.text;
  }
}

}  // namespace
}  // namespace windlass
