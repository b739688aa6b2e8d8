#include "wire/docker/pull.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

TEST(DockerPull, ProgressAndErrorsInPieces) {
  const std::string stream =
      "{\"status\":\"Pulling from a/b\",\"id\":\"latest\"}\r\n"
      "{\"status\":\"Pulling fs layer\",\"id\":\"l1\"}\r\n{\"status\":\"Already exists\",\"id\":\"l2\"}\r\n"
      "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1500000,\"total\":3000000},\"id\":\"l1\"}\r\n";
  PullReader reader;
  EXPECT_EQ(reader.progress(), "waiting for the registry");
  for (const char c : stream) ASSERT_TRUE(reader.feed({&c, 1}));
  EXPECT_EQ(reader.progress(), "1 of 2 layers, 1.5 of 3.0 MB");
  EXPECT_EQ(reader.progress_json(),
            R"({"pull":{"layers_complete":1,"layers_total":2,"bytes_complete":1500000,"bytes_total":3000000}})");
  auto failed = reader.feed("{\"errorDetail\":{\"message\":\"denied\"},\"error\":\"denied\"}\n");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "denied");
  EXPECT_EQ(failed.error().code, Errc::forbidden);
}

TEST(DockerPull, WorkDoneGrowsAsLongAsItMoves) {
  PullReader reader;
  std::uint64_t before = reader.work_done();
  for (const char* line : {R"({"status":"Pulling fs layer","id":"l1"})",
                           R"({"status":"Downloading","progressDetail":{"current":100,"total":300},"id":"l1"})",
                           R"({"status":"Downloading","progressDetail":{"current":200,"total":300},"id":"l1"})",
                           R"({"status":"Download complete","id":"l1"})",
                           R"({"status":"Extracting","progressDetail":{"current":32768,"total":99999},"id":"l1"})",
                           R"({"status":"Extracting","progressDetail":{"current":65536,"total":99999},"id":"l1"})",
                           R"({"status":"Pull complete","id":"l1"})"}) {
    ASSERT_TRUE(reader.feed(std::string{line} + "\n"));
    EXPECT_GT(reader.work_done(), before) << line;
    before = reader.work_done();
  }
  ASSERT_TRUE(reader.feed("{\"status\":\"Retrying in 5 seconds\",\"id\":\"l1\"}\n"));
  EXPECT_EQ(reader.work_done(), before);
}

TEST(Pull, WordsThatMeanThatTryingAgainIsOfNoUse) {
  EXPECT_EQ(pull_error_code("manifest for r:5000/x:1 not found: manifest unknown: manifest unknown"), Errc::not_found);
  EXPECT_EQ(pull_error_code("no matching manifest for linux/arm64 in the manifest list entries"), Errc::not_found);
  EXPECT_EQ(pull_error_code("Head \"https://r/v2/x\": no basic auth credentials"), Errc::forbidden);
  EXPECT_EQ(pull_error_code("unauthorized: authentication required"), Errc::forbidden);
  EXPECT_EQ(pull_error_code("toomanyrequests: You have reached your pull rate limit"), Errc::unavailable);
  EXPECT_EQ(pull_error_code("received unexpected HTTP status: 500 Internal Server Error"), Errc::unavailable);
  EXPECT_EQ(pull_error_code("filesystem layer verification failed for digest sha256:12"), Errc::unavailable);
}

}  // namespace
}  // namespace windlass
