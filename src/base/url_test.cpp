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

struct AuthorityCase {
  std::string text;
  std::string host;  // empty: refused
  int port;          // 0: none is given
  std::string user = "";
};

TEST(Authorities, AreRead) {
  const std::vector<AuthorityCase> cases{{"a", "a", 0},
                                         {"a:1", "a", 1},
                                         {"10.0.0.1:65535", "10.0.0.1", 65535},
                                         {"a:", "a", 0},
                                         {"[::1]", "::1", 0},
                                         {"[::1]:", "::1", 0},
                                         {"[fe80::1%eth0]:81", "fe80::1%eth0", 81},
                                         {"[::ffff:10.0.0.1]:5050", "::ffff:10.0.0.1", 5050},
                                         {"ann:w:o@rd@a:1", "a", 1, "ann:w:o@rd"},
                                         {"slave(1)@10.0.0.1:5051", "10.0.0.1", 5051, "slave(1)"},
                                         {"@a", "a", 0, ""}};
  for (const AuthorityCase& each : cases) {
    const auto place = parse_authority(each.text);
    ASSERT_TRUE(place) << each.text;
    EXPECT_EQ(place->host, each.host) << each.text;
    EXPECT_EQ(place->port.value_or(0), each.port) << each.text;
    EXPECT_EQ(place->user, each.user) << each.text;
  }
  EXPECT_EQ(parse_authority("u@[::1]:81")->to_string(), "[::1]:81");
  EXPECT_EQ(parse_authority("a:")->to_string(), "a");
}

TEST(Authorities, SayWhatIsWrongWithThem) {
  const std::vector<ParseCase> cases{
      {"", "the host is missing"},      {":80", "the host is missing"},   {"u@", "the host is missing"},
      {"a:0", "not a port number"},     {"a:65536", "not a port number"}, {"a:-1", "not a port number"},
      {"a:8x", "not a port number"},    {"a:80:81", "not a port number"}, {"::1", "the host is missing"},
      {"fe80::1", "not a port number"}, {"[::1", "not an address"},       {"[::1]x", "not an address"},
      {"[]", "not an address"},         {"[a]", "not an address"},        {"[::1%]", "not an address"},
      {"a b", "not an address"},        {"a\r\nX: y", "not an address"},  {"a/b", "not an address"},
      {"a]", "not an address"}};
  for (const ParseCase& each : cases) {
    const auto place = parse_authority(each.text);
    EXPECT_EQ(place ? "" : place.error().message, each.whole) << each.text;
  }
}

TEST(Urls, FallIntoTheirParts) {
  const auto parts = [](std::string_view text) {
    const UrlParts split = split_url(text);
    return std::string{split.scheme} + " " + std::string{split.authority} + " " + std::string{split.target};
  };
  EXPECT_EQ(parts("https://u:p@a:1/b?c#d"), "https u:p@a:1 /b?c#d");
  EXPECT_EQ(parts("a:1/b"), " a:1 /b");
  EXPECT_EQ(parts("unix:///run/x"), "unix  /run/x");
  EXPECT_EQ(parts("a?b://c"), " a ?b://c");
  EXPECT_EQ(parts("1x://a"), " 1x: //a") << "a scheme begins with a letter";
  EXPECT_EQ(parts("http:a"), " http:a ");
  EXPECT_EQ(parts(""), "  ");
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

TEST(Urls, PasswordsAreNotShown) {
  const std::vector<ParseCase> cases{{"http://user:word@a/x", "http://user:***@a/x"},
                                     {"ftp://user:w:o@r@[::1]:81/x?y@z", "ftp://user:***@[::1]:81/x?y@z"},
                                     {"https://token@a", "https://***@a"},
                                     {"http://:word@a", "http://:***@a"},
                                     {"http://a:80/b@c:d", "http://a:80/b@c:d"},
                                     {"http://a?b=c@d", "http://a?b=c@d"},
                                     {"user:word@a", "user:word@a"},
                                     {"/path/a@b", "/path/a@b"},
                                     {"", ""}};
  for (const ParseCase& each : cases) EXPECT_EQ(without_password(each.text), each.whole) << each.text;
}

}  // namespace
}  // namespace windlass
