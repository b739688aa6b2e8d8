#include "api/guard.hpp"

#include "base/base64.hpp"
#include "io/loop_testing.hpp"

#include <gtest/gtest.h>

#include <string>

namespace windlass {
namespace {

GuardOptions open_options() { return {.host_names = {"box.example"}}; }

HttpRequest request_of(const std::string& method, HttpHeaders headers, const std::string& path = "/v1/apps/start") {
  HttpRequest request;
  request.method = method;
  request.path = path;
  request.headers = std::move(headers);
  return request;
}

bool refused(const std::string& method, HttpHeaders headers, const GuardOptions& options = open_options()) {
  return browser_refusal(request_of(method, std::move(headers)), options).has_value();
}

std::string basic(const std::string& pair) { return "Basic " + encode_base64(pair); }

TEST(BrowserRefusal, ClientsThatAreNoBrowserNoticeNothing) {
  EXPECT_FALSE(refused("POST", {{"Host", "127.0.0.1:8080"}}));
  EXPECT_FALSE(refused("POST", {{"Host", "any.name.at.all"}}));
  EXPECT_FALSE(refused("DELETE", {}));
}

TEST(BrowserRefusal, APageOfOursMayChangeThings) {
  EXPECT_FALSE(refused("POST", {{"Host", "localhost:8080"}, {"Origin", "http://localhost:8080"}}));
  EXPECT_FALSE(refused("PUT", {{"Host", "10.0.0.5:8080"}, {"Origin", "http://10.0.0.5:8080"}}));
  EXPECT_FALSE(refused("PUT", {{"Host", "[::1]:8080"}, {"Origin", "http://[::1]:8080"}}));
  EXPECT_FALSE(refused("POST", {{"Host", "BOX.example"}, {"Origin", "https://box.example:443"}}));
  EXPECT_FALSE(refused("POST", {{"Host", "127.0.0.1:80"}, {"Sec-Fetch-Site", "same-origin"}}));
}

TEST(BrowserRefusal, AForeignPageMayNot) {
  EXPECT_TRUE(refused("POST", {{"Host", "127.0.0.1:8080"}, {"Origin", "http://evil.example"}}));
  EXPECT_TRUE(refused("POST", {{"Host", "127.0.0.1:8080"}, {"Origin", "http://127.0.0.1:9999"}}));
  for (const char* odd : {"null", "http://", "http://[::1", "http://127.0.0.1:80x", "http://u@127.0.0.1:8080", ""}) {
    EXPECT_TRUE(refused("POST", {{"Host", "127.0.0.1:8080"}, {"Origin", odd}})) << odd;
    EXPECT_TRUE(refused("POST", {{"Host", odd}, {"Origin", odd}})) << odd;
  }
  EXPECT_TRUE(refused("DELETE", {{"Host", "127.0.0.1:8080"}, {"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_TRUE(refused("DELETE", {{"Host", "127.0.0.1:8080"}, {"Sec-Fetch-Site", "same-site"}}));
  EXPECT_FALSE(refused("GET", {{"Host", "127.0.0.1:8080"}, {"Origin", "http://evil.example"}})) << "it reads";
}

TEST(BrowserRefusal, ANameThatIsNotOursIsRebinding) {
  const HttpHeaders rebound{{"Host", "evil.example:8080"}, {"Origin", "http://evil.example:8080"}};
  EXPECT_TRUE(refused("POST", rebound));
  EXPECT_TRUE(refused("POST", {{"Host", "[evil.example"}, {"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_TRUE(refused("POST", {{"Host", ""}, {"Sec-Fetch-Site", "same-origin"}}));
  GuardOptions with_credentials = open_options();
  with_credentials.credentials = Credentials::parse("a:b").value();
  EXPECT_FALSE(refused("POST", rebound, with_credentials)) << "the browser has no credentials for that origin";
}

TEST(BrowserRefusal, AProxySaysWhatTheBrowserAskedFor) {
  EXPECT_FALSE(refused(
      "POST",
      {{"Host", "127.0.0.1:8080"}, {"X-Forwarded-Host", "windlass.example"}, {"Origin", "https://windlass.example"}}));
}

TEST(CredentialsTest, ReadsLines) {
  const auto credentials = Credentials::parse("ann:secret\r\n\nbob:with:colon\n");
  ASSERT_TRUE(credentials);
  EXPECT_TRUE(credentials->allow(basic("ann:secret")));
  EXPECT_TRUE(credentials->allow(basic("bob:with:colon")));
  EXPECT_TRUE(credentials->allow("basic " + encode_base64("ann:secret"))) << "the scheme is of any case";
  for (const std::string wrong : {"ann:secre", "ann:secrets", "ann:", "bob:secret", ":", ""}) {
    EXPECT_FALSE(credentials->allow(basic(wrong))) << wrong;
  }
  EXPECT_FALSE(credentials->allow("Basic !!!"));
  EXPECT_FALSE(credentials->allow("Bearer " + encode_base64("ann:secret")));
  EXPECT_FALSE(credentials->allow(""));
}

TEST(CredentialsTest, WrongLinesAreNamedByNumberOnly) {
  for (const std::string wrong : {"ann:secret\nhush", "ann:secret\n:hush", "ann:secret\nhush:"}) {
    const auto credentials = Credentials::parse(wrong);
    ASSERT_FALSE(credentials) << wrong;
    EXPECT_NE(credentials.error().message.find("line 2"), std::string::npos);
    EXPECT_EQ(credentials.error().message.find("hush"), std::string::npos) << "a password may be in it";
  }
  EXPECT_FALSE(Credentials::parse("\n"));
}

asio::awaitable<HttpResponse> say_ok(HttpRequest) { co_return HttpResponse{.body = "ok"}; }

asio::awaitable<void> ask_and_keep(const HttpHandler& handler, HttpRequest request, HttpResponse& out) {
  auto answering = handler(std::move(request));
  out = co_await std::move(answering);
}

HttpResponse ask(const HttpHandler& handler, HttpRequest request) {
  asio::io_context loop;
  HttpResponse response;
  run_until_done(loop, ask_and_keep(handler, std::move(request), response));
  return response;
}

TEST(Guarded, AsksForCredentials) {
  GuardOptions options;
  options.credentials = Credentials::parse("ann:secret").value();
  const HttpHandler handler = guarded(say_ok, options);
  const HttpResponse refused = ask(handler, request_of("GET", {}, "/v1/apps"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(*find_header(refused.headers, "WWW-Authenticate"), "Basic realm=\"Mesosphere\"");
  EXPECT_EQ(ask(handler, request_of("GET", {{"Authorization", basic("ann:wrong")}}, "/v1/apps")).status, 401);
  EXPECT_EQ(ask(handler, request_of("GET", {{"Authorization", basic("ann:secret")}}, "/v1/apps")).body, "ok");
  EXPECT_EQ(ask(handler, request_of("GET", {}, "/ping")).body, "ok");
  EXPECT_EQ(ask(handler, request_of("POST", {}, "/ping")).status, 401);
}

TEST(Guarded, RefusesForeignPagesBeforeAnythingElse) {
  const HttpHandler handler = guarded(say_ok, {});
  const HttpResponse refused =
      ask(handler, request_of("POST", {{"Host", "127.0.0.1"}, {"Origin", "http://evil.example"}}));
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("http://evil.example"), std::string::npos);
  EXPECT_EQ(ask(handler, request_of("POST", {{"Host", "127.0.0.1"}})).body, "ok");
}

}  // namespace
}  // namespace windlass
