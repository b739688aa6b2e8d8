#include "wire/docker/pull.hpp"

#include "wire/docker/json_fields.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>

namespace windlass {

namespace {

using docker_json::find;
using docker_json::number_at;
using docker_json::read_object;
using docker_json::text_at;
namespace json = boost::json;

// A line is a status of some hundred bytes. Without a bound a peer that is no Docker could fill the memory.
constexpr std::size_t pull_line_max = 1 << 20;

// As Docker prints sizes: a megabyte is a million bytes.
std::string megabytes(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", static_cast<double>(bytes) / 1e6);
  return text;
}

}  // namespace

Result<void> PullReader::feed(std::string_view bytes) {
  held_ += bytes;
  std::size_t begin = 0;
  // Parsed in place and erased once at the end: a chunk has many short lines.
  for (std::size_t end = held_.find('\n'); end != std::string::npos; end = held_.find('\n', begin)) {
    auto taken = take_line(std::string_view{held_}.substr(begin, end - begin));
    if (!taken) return taken;
    begin = end + 1;
  }
  held_.erase(0, begin);
  if (held_.size() > pull_line_max) return Error{Errc::malformed, "Docker's pull stream has no line ends", {}};
  return {};
}

Result<void> PullReader::take_line(std::string_view line) {
  if (line.find_first_not_of(" \r\t") == std::string_view::npos) return {};
  auto value = read_object(line, "pull stream");
  if (!value) return value.error();
  const auto* detail = find(*value, "errorDetail");
  // Docker says it twice; `error` is the older place.
  std::string error = detail == nullptr ? std::string{} : text_at(*detail, "message");
  if (error.empty()) error = text_at(*value, "error");
  if (!error.empty()) return Error{pull_error_code(error), error, {}};
  const std::string id = text_at(*value, "id");
  const std::string status = text_at(*value, "status");
  // That line has an id, too: the tag. All others with an id are layers.
  if (status.starts_with("Pulling from ") || id.empty()) return {};
  Layer& layer = layers_[id];
  const auto* progress = find(*value, "progressDetail");
  if (status == "Downloading" && progress != nullptr) {
    layer.now = number_at(*progress, "current");
    layer.total = number_at(*progress, "total");
  } else if (status == "Extracting" && progress != nullptr) {
    layer.unpacked = number_at(*progress, "current");
  } else if (status == "Pull complete" || status == "Already exists") {
    // The last numbers that were told before need not have been the full ones.
    layer.now = layer.total;
    layer.complete = true;
  } else if (status == "Download complete") {
    layer.now = layer.total;
  }
  return {};
}

PullReader::Sum PullReader::sum() const {
  Sum sum{.layers = layers_.size()};
  for (const auto& [id, layer] : layers_) {
    sum.bytes_now += layer.now;
    sum.bytes_total += layer.total;
    if (layer.complete) ++sum.complete;
  }
  return sum;
}

// The end of a layer is worth something by itself, where a small one has told no numbers.
std::uint64_t PullReader::work_done() const {
  std::uint64_t done = layers_.size();
  for (const auto& [id, layer] : layers_) {
    for (const std::int64_t each : {layer.now, layer.unpacked}) {
      done += static_cast<std::uint64_t>(std::max(each, std::int64_t{0}));
    }
    if (layer.complete) ++done;
  }
  return done;
}

std::string PullReader::progress() const {
  if (layers_.empty()) return "waiting for the registry";
  const Sum all = sum();
  std::string text = std::to_string(all.complete) + " of " + std::to_string(all.layers) + " layers";
  // No size is known until a download has begun.
  if (all.bytes_total > 0) text += ", " + megabytes(all.bytes_now) + " of " + megabytes(all.bytes_total) + " MB";
  return text;
}

std::string PullReader::progress_json() const {
  const Sum all = sum();
  return json::serialize(json::value{{"pull",
                                      {{"layers_complete", all.complete},
                                       {"layers_total", all.layers},
                                       {"bytes_complete", all.bytes_now},
                                       {"bytes_total", all.bytes_total}}}});
}

Errc pull_error_code(std::string_view words) {
  // Docker has no codes for these: its words are a registry's, and they are all there is to go by.
  for (const char* final :
       {"not found", "manifest unknown", "name unknown", "no matching manifest", "does not exist"}) {
    if (words.find(final) != std::string_view::npos) return Errc::not_found;
  }
  for (const char* final : {"denied", "unauthorized", "no basic auth credentials", "invalid reference"}) {
    if (words.find(final) != std::string_view::npos) return Errc::forbidden;
  }
  return Errc::unavailable;
}

}  // namespace windlass
