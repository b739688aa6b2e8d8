#include "model/image_name.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

const std::string hex64(64, 'a');

std::string said(const std::string& text) {
  const auto name = parse_image_name(text);
  return name ? *name : name.error().message;
}

TEST(ImageName, TakesWhatDockerTakes) {
  for (const std::string name :
       {"redis", "redis:7", "shop/cart:1.2-rc.1_x", "a/b/c/d", "localhost/x", "localhost:5000/x:y",
        "Registry.Example:5000/x", "Registry/x", "10.0.0.1:80/x", "[::1]:5000/x", "[fe80::1]/x", "my_image", "a__b",
        "a.b", "a---b", "0", "redis:_", "a.b/c.d_e"}) {
    EXPECT_EQ(said(name), name);
  }
  for (const std::string& name : {"redis@sha256:" + hex64, "localhost:5000/redis:7@sha256:" + hex64, hex64,
                                  "sha256:" + hex64, "r@sha512+b64u:" + hex64}) {
    EXPECT_EQ(said(name), name);
  }
  EXPECT_EQ(said("redis:" + std::string(128, 't')), "redis:" + std::string(128, 't'));
}

TEST(ImageName, TheSchemeOfV1IsTakenOff) {
  EXPECT_EQ(said("docker:///redis"), "redis");
  EXPECT_EQ(said("docker:///registry.example:5000/a/b:c"), "registry.example:5000/a/b:c");
}

TEST(ImageName, OtherSchemesAreRefusedByName) {
  const std::string rest = ", and images are named as in redis, registry.example:5000/shop/cart:1.2 or docker:///redis";
  EXPECT_EQ(said("http://host/redis"),
            "'http://host/redis' is not the name of an image: it begins with http://" + rest);
  EXPECT_EQ(said("docker://redis"), "'docker://redis' is not the name of an image: it begins with docker://" + rest);
  EXPECT_EQ(said("docker:///docker:///redis"),
            "'docker:///docker:///redis' is not the name of an image: it begins with docker://" + rest);
}

TEST(ImageName, WhatIsWrongIsSaid) {
  const auto why = [](const std::string& text) {
    const std::string all = said(text);
    const std::string lead = "'" + text + "' is not the name of an image: ";
    return all.starts_with(lead) ? all.substr(lead.size()) : "taken: " + all;
  };
  EXPECT_EQ(why(""), "it is empty");
  EXPECT_EQ(why("docker:///"), "it is empty");
  EXPECT_EQ(why("Redis"), "repositories are written in lower case");
  EXPECT_EQ(why("shop/Cart"), "repositories are written in lower case");
  EXPECT_EQ(why("a//b"), "it has an empty part");
  EXPECT_EQ(why("a/"), "it has an empty part");
  EXPECT_EQ(why("/a"), "it has an empty part");
  EXPECT_EQ(why("registry.example/"), "no repository is named");
  EXPECT_EQ(why(":7"), "no repository is named");
  EXPECT_EQ(why("-a"), "'-a' is not a part of a repository");
  EXPECT_EQ(why("a-"), "'a-' is not a part of a repository");
  EXPECT_EQ(why("a___b"), "'a___b' is not a part of a repository");
  EXPECT_EQ(why("a..b"), "'a..b' is not a part of a repository");
  EXPECT_EQ(why("a b"), "'a b' is not a part of a repository");
  EXPECT_EQ(why("redis --rm"), "'redis --rm' is not a part of a repository");
  EXPECT_EQ(why("redis:"), "'' is not a tag");
  EXPECT_EQ(why("redis:-x"), "'-x' is not a tag");
  EXPECT_EQ(why("redis:" + std::string(129, 't')), "'" + std::string(129, 't') + "' is not a tag");
  EXPECT_EQ(why("redis@sha256:abc"), "'sha256:abc' is not a digest");
  EXPECT_EQ(why("redis@" + hex64), "'" + hex64 + "' is not a digest");
  EXPECT_EQ(why("redis@2:" + hex64), "'2:" + hex64 + "' is not a digest");
  EXPECT_EQ(why("host:port/x"), "'host:port' is not a registry: host[:port]");
  EXPECT_EQ(why("-host.example/x"), "'-host.example' is not a registry: host[:port]");
  EXPECT_EQ(why("[::1/x"), "'[::1' is not a registry: host[:port]");
  EXPECT_EQ(why("a.b/" + std::string(256, 'x')), "it has more than 255 bytes");
}

TEST(ImageName, NamesWithoutATagMeanTheLatest) {
  EXPECT_EQ(with_tag("redis"), "redis:latest");
  EXPECT_EQ(with_tag("localhost:5000/redis"), "localhost:5000/redis:latest");
  for (const std::string& whole : {std::string{"redis:7"}, "redis@sha256:" + hex64, "sha256:" + hex64, hex64}) {
    EXPECT_EQ(with_tag(whole), whole);
  }
}

}  // namespace
}  // namespace windlass
