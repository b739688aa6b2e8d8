#include "cli/task_log.hpp"

#include "base/base64.hpp"
#include "base/url.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <set>
#include <utility>

namespace windlass {
namespace {

namespace json = boost::json;

constexpr std::uint64_t piece_bytes = 64 * 1024;  // as much as Mesos gives in one answer to /files/read
constexpr std::chrono::milliseconds look_again{250};
constexpr int looks_before_asking = 8;  // at a file that does not grow, before the master is asked about the task
constexpr std::uint16_t master_port = 5050;

struct Sandbox {
  std::string agent_url;
  std::string path;
  bool ended = false;
};

Result<json::value> ask_for_json(const Transport& transport, const ApiRequest& request, const std::string& url) {
  auto reply = transport(request);
  if (!reply) return reply.error();
  if (reply->status == 404) return Error{Errc::not_found, "there is nothing", url + request.target};
  if (reply->status != 200) {
    const std::string words = reply->body.empty() ? "" : ": " + reply->body.substr(0, 200);
    return Error{Errc::unavailable, "answered with status " + std::to_string(reply->status) + words, url};
  }
  boost::system::error_code broken;
  json::value value = json::parse(reply->body, broken);
  if (broken) return Error{Errc::malformed, "the answer to " + request.target + " is not JSON", url};
  return value;
}

const json::value* member(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string member_text(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string{} : std::string{*text};
}

// The entry of the list `name` whose "id" this is; null when there is none.
const json::value* entry_of(const json::value& value, std::string_view name, const std::string& id) {
  const json::value* found = member(value, name);
  const json::array* list = found == nullptr ? nullptr : found->if_array();
  if (list == nullptr) return nullptr;
  const auto at =
      std::find_if(list->begin(), list->end(), [&](const json::value& each) { return member_text(each, "id") == id; });
  return at == list->end() ? nullptr : &*at;
}

// A framework that ended keeps its tasks for a while, and one that runs those that ended.
const json::value* find_task(const json::value& state, const std::string& id) {
  for (const char* frameworks : {"frameworks", "completed_frameworks"}) {
    const json::value* found = member(state, frameworks);
    const json::array* list = found == nullptr ? nullptr : found->if_array();
    if (list == nullptr) continue;
    for (const json::value& framework : *list) {
      for (const char* tasks : {"tasks", "unreachable_tasks", "completed_tasks"}) {
        if (const json::value* task = entry_of(framework, tasks, id)) return task;
      }
    }
  }
  return nullptr;
}

Result<Sandbox> find_sandbox(const Transport& master, const TaskLogOptions& options) {
  // Also a task that is out of reach: it may come back and go on printing.
  static const std::set<std::string> alive{"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING",
                                           "TASK_UNREACHABLE"};
  const auto state = ask_for_json(master, {.target = "/state"}, options.master_url);
  if (!state) return state.error();
  const json::value* task = find_task(*state, options.task);
  if (task == nullptr) {
    return Error{Errc::not_found, "there is no task '" + options.task + "'; `windlass task list` shows them",
                 options.master_url};
  }
  const std::string agent_id = member_text(*task, "slave_id");
  const json::value* agent = entry_of(*state, "slaves", agent_id);
  const std::string process = agent == nullptr ? "" : member_text(*agent, "pid");  // "slave(1)@10.0.0.1:5051"
  const auto place = parse_authority(process);
  if (!place) {
    return Error{Errc::not_found, "the agent " + agent_id + ", which has the task's output, is away",
                 options.master_url};
  }
  // A task that names no executor runs in one of its own, which has its id.
  std::string executor = member_text(*task, "executor_id");
  if (executor.empty()) executor = options.task;
  // By "latest", so that neither the container's id nor the agent's folder needs to be known (mesos.md 5.7).
  return Sandbox{.agent_url = "http://" + place->to_string(),
                 .path = "/frameworks/" + member_text(*task, "framework_id") + "/executors/" + executor +
                         "/runs/latest/" + options.file,
                 .ended = !alive.contains(member_text(*task, "state"))};
}

// One file on an agent.
class RemoteFile {
 public:
  RemoteFile(Transport agent, Sandbox sandbox) : agent_{std::move(agent)}, sandbox_{std::move(sandbox)} {}

  struct Piece {
    std::uint64_t size = 0;  // of the whole file
    std::string bytes;
  };

  [[nodiscard]] Result<Piece> read(std::uint64_t offset, std::uint64_t length) const {
    // Not /files/read: there the bytes are text in JSON, which mangles whatever is not UTF-8 (mesos.md 5.7).
    const json::object call{{"type", "READ_FILE"},
                            {"read_file", {{"path", sandbox_.path}, {"offset", offset}, {"length", length}}}};
    const ApiRequest request{.method = "POST", .target = "/api/v1", .body = json::serialize(call)};
    const auto answer = ask_for_json(agent_, request, sandbox_.agent_url);
    if (!answer && answer.error().code == Errc::not_found) {
      return Error{Errc::not_found, "there is no output yet, or its sandbox is gone",
                   sandbox_.agent_url + sandbox_.path};
    }
    if (!answer) return answer.error();
    const json::value* body = member(*answer, "read_file");
    const json::value* size = body == nullptr ? nullptr : member(*body, "size");
    auto bytes = decode_base64(body == nullptr ? std::string{} : member_text(*body, "data"));
    boost::system::error_code wrong;
    const auto number = size == nullptr ? std::uint64_t{} : size->to_number<std::uint64_t>(wrong);
    if (size == nullptr || wrong || !bytes) {
      return Error{Errc::malformed, "the answer to READ_FILE is not Mesos'", sandbox_.agent_url};
    }
    return Piece{number, std::move(*bytes)};
  }

  // Where the last `lines` lines begin in a file of that size. It is read from its end: a log may be far larger than
  // what is wanted of it.
  [[nodiscard]] Result<std::uint64_t> begin_of_last(std::size_t lines, std::uint64_t size) const {
    std::uint64_t end = size;
    std::size_t missing = lines + 1;  // the last line's own end is one too
    bool at_end = true;
    while (end > 0 && lines > 0) {
      const std::uint64_t begin = end - std::min(end, piece_bytes);
      auto piece = read(begin, end - begin);
      if (!piece) return piece.error();
      const std::string& bytes = piece->bytes;
      if (at_end && !bytes.ends_with('\n')) --missing;
      at_end = false;
      for (std::size_t i = bytes.size(); i-- > 0;) {
        if (bytes[i] == '\n' && --missing == 0) return begin + i + 1;
      }
      end = begin;
    }
    return end;
  }

  // Prints from `offset` to the end; returns where that was. A file that has become shorter was rotated: it is new.
  [[nodiscard]] Result<std::uint64_t> print(std::uint64_t offset, std::ostream& out) const {
    while (true) {
      auto piece = read(offset, piece_bytes);
      if (!piece) return piece.error();
      if (piece->size < offset) {
        offset = 0;
        continue;
      }
      out << piece->bytes << std::flush;
      offset += piece->bytes.size();
      if (piece->bytes.empty() || offset >= piece->size) return offset;
    }
  }

 private:
  Transport agent_;
  Sandbox sandbox_;
};

}  // namespace

Result<void> show_task_log(const TaskLogOptions& options, const TaskLogWorld& world) {
  const Transport master = world.connect({.url = options.master_url});
  auto sandbox = find_sandbox(master, options);
  if (!sandbox) return sandbox.error();
  bool ended = sandbox->ended;
  const RemoteFile file{world.connect({.url = sandbox->agent_url}), std::move(*sandbox)};
  // Only for its size; and a missing file is noticed before anything is printed.
  const auto whole = file.read(0, 0);
  if (!whole) return whole.error();
  auto offset = options.lines ? file.begin_of_last(*options.lines, whole->size) : Result<std::uint64_t>{0};
  if (!offset) return offset.error();
  offset = file.print(*offset, world.out);
  int looks = 0;
  while (offset && options.follow && !ended) {
    world.wait(look_again);
    const std::uint64_t before = *offset;
    // Rarely, since /state of a large cluster is long; a task that prints is alive in any case.
    if (++looks >= looks_before_asking) {
      // Asked before the file is read, so that what the task printed last is read too.
      const auto now = find_sandbox(master, options);
      if (!now) return now.error();
      ended = now->ended;
      looks = 0;
    }
    offset = file.print(before, world.out);
    if (offset && *offset != before) looks = 0;
  }
  if (!offset) return offset.error();
  return {};
}

// An embedded engine listens on Mesos' own port unless told otherwise.
std::optional<std::string> master_beside(const std::string& api_url) {
  auto url = parse_url(api_url);
  if (!url) return std::nullopt;
  url->port = master_port;
  return "http://" + url->authority();
}

}  // namespace windlass
