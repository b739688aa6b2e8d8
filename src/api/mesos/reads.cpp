#include "api/mesos/reads.hpp"

#include "api/mesos/calls.hpp"
#include "api/mesos/reader_route.hpp"
#include "api/mesos/views/agent_state.hpp"
#include "api/mesos/views/files.hpp"
#include "api/mesos/views/master_state.hpp"
#include "api/mesos/views/metrics.hpp"
#include "api/mesos/views/server_json.hpp"
#include "api/mesos/views/views.hpp"
#include "wire/json/writer.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace windlass {
namespace {

// A name in JavaScript, perhaps of a member: nothing that could be more than a function to call. The answer is run as a
// script by whoever includes it.
bool is_callback(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '$' || c == '.';
  });
}

// With ?jsonp=name the JSON is the argument of a call, as with every JSON endpoint of Mesos (mesos.md 5.1): Marathon's
// UI reads the master that way (mesos.md 5.10).
HttpResponse json_answer(const HttpRequest& request, std::string json) {
  HttpResponse response;
  response.content_type = "application/json";
  response.body = std::move(json);
  const std::string* callback = find_query(request.query, "jsonp");
  if (callback != nullptr && is_callback(*callback)) {
    response.content_type = "text/javascript";
    response.body = *callback + "(" + response.body + ");";
  }
  return response;
}

// --- /files ---

// In Mesos' words (mesos.md 5.7).
HttpResponse refusal_of(const Error& error) {
  return mesos_text(error.code == Errc::not_found ? 404 : 400, error.message);
}

char type_letter(std::uint32_t mode) {
  switch (mode & 0170000) {
    case 0040000: return 'd';
    case 0120000: return 'l';
    case 0010000: return 'p';
    case 0140000: return 's';
    case 0020000: return 'c';
    case 0060000: return 'b';
    default: return '-';
  }
}

// "-rw-r--r--".
std::string mode_text(std::uint32_t mode) {
  std::string text(1, type_letter(mode));
  constexpr std::string_view letters = "rwxrwxrwx";
  for (std::size_t i = 0; i < letters.size(); ++i) text += (mode >> (8 - i) & 1) != 0 ? letters[i] : '-';
  if ((mode & 04000) != 0) text[3] = (mode & 0100) != 0 ? 's' : 'S';
  if ((mode & 02000) != 0) text[6] = (mode & 0010) != 0 ? 's' : 'S';
  if ((mode & 01000) != 0) text[9] = (mode & 0001) != 0 ? 't' : 'T';
  return text;
}

std::string browse_json(const operator_api::Files& files) {
  JsonWriter json;
  json.open('[');
  for (const operator_api::File& file : files.files) {
    json.open('{');
    json.text("gid", file.group);
    json.text("mode", mode_text(file.mode));
    json.number("mtime", to_seconds(file.modified));
    json.integer("nlink", file.links);
    json.text("path", file.path);
    json.integer("size", static_cast<std::int64_t>(file.size));
    json.text("uid", file.user);
    json.close('}');
  }
  json.close(']');
  return json.take();
}

// Of "offset" and "length": -1 stands for the end. Nothing when it is not given.
Result<std::optional<std::int64_t>> position(const HttpRequest& request, const std::string& name) {
  const std::string* text = find_query(request.query, name);
  if (text == nullptr) return std::optional<std::int64_t>{};
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text->data() + text->size()) {
    return Error{Errc::invalid, "Failed to parse " + name + ": Failed to convert '" + *text + "' to number.\n"};
  }
  // -1 is the end (mesos.md 5.7); anything below is a mistake.
  if (number < -1) return Error{Errc::invalid, "Negative " + name + " provided: " + *text + ".\n"};
  return std::optional<std::int64_t>{number};
}

// An offset of -1 asks for the size, which is where `tail -f` begins (mesos.md 5.7).
HttpResponse read_part(const HttpRequest& request, const SandboxFiles& files, const std::string& path) {
  auto offset = position(request, "offset");
  if (!offset) return refusal_of(offset.error());
  auto length = position(request, "length");
  if (!length) return refusal_of(length.error());
  const bool ask_size = *offset == -1;
  std::optional<std::uint64_t> wanted;
  if (ask_size) wanted = 0;
  if (!ask_size && length->value_or(-1) >= 0) wanted = static_cast<std::uint64_t>(**length);
  const std::int64_t begin = ask_size ? 0 : offset->value_or(0);
  auto part = files.read(path, static_cast<std::uint64_t>(begin), wanted);
  if (!part) return refusal_of(part.error());
  JsonWriter json;
  json.open('{');
  json.text("data", part->data);
  json.integer("offset", ask_size ? static_cast<std::int64_t>(part->size) : begin);
  json.close('}');
  return json_answer(request, json.take());
}

// By the name's ending, those that people open in a browser.
std::string file_type(const std::string& name) {
  static const std::map<std::string, std::string> types{{"css", "text/css"},          {"csv", "text/csv"},
                                                        {"gif", "image/gif"},         {"htm", "text/html"},
                                                        {"html", "text/html"},        {"jpeg", "image/jpeg"},
                                                        {"jpg", "image/jpeg"},        {"js", "application/javascript"},
                                                        {"json", "application/json"}, {"pdf", "application/pdf"},
                                                        {"png", "image/png"},         {"svg", "image/svg+xml"},
                                                        {"txt", "text/plain"},        {"xml", "application/xml"},
                                                        {"zip", "application/zip"}};
  const auto dot = name.rfind('.');
  const auto found = dot == std::string::npos ? types.end() : types.find(name.substr(dot + 1));
  return found == types.end() ? "application/octet-stream" : found->second;
}

// A quoted string of a header: nothing in it can end it.
std::string header_file_name(const std::string& name) {
  std::string text;
  bool plain = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) continue;
    if (c == '"' || c == '\\') text += '\\';
    plain = plain && (std::isalnum(byte) != 0 || c == '.' || c == '-' || c == '_');
    text += c;
  }
  return plain ? text : "\"" + text + "\"";
}

// As an attachment, never to be shown: a task's HTML would run as a page of ours.
HttpResponse download(const SandboxFiles& files, const std::string& path) {
  auto content = files.download(path);
  if (!content) return refusal_of(content.error());
  const std::string name = path.substr(path.rfind('/') + 1);
  HttpResponse response;
  response.headers.emplace_back("Content-Disposition", "attachment; filename=" + header_file_name(name));
  response.content_type = file_type(name);
  response.body = std::move(*content);
  return response;
}

HttpResponse debug_files(const HttpRequest& request, const std::map<std::string, std::string>& attached) {
  JsonWriter json;
  json.open('{');
  for (const auto& [path, folder] : attached) json.text(path, folder);
  json.close('}');
  return json_answer(request, json.take());
}

using FileRead = HttpResponse (*)(const HttpRequest& request, const SandboxFiles& files, const std::string& path);

HttpResponse browse(const HttpRequest& request, const SandboxFiles& files, const std::string& path) {
  auto list = files.list(path);
  if (!list) return refusal_of(list.error());
  return json_answer(request, browse_json(*list));
}

HttpResponse download_file(const HttpRequest&, const SandboxFiles& files, const std::string& path) {
  return download(files, path);
}

// files: nullptr for the master, which attaches nothing.
HttpResponse read_file_route(const HttpRequest& request, const SandboxFiles* files, FileRead read) {
  const std::string* path = find_query(request.query, "path");
  if (path == nullptr || path->empty()) return mesos_text(400, "Expecting 'path=value' in query.\n");
  // After the check of the path: a missing parameter is 400 on both sides.
  if (files == nullptr) return mesos_text(404, {});
  return read(request, *files, *path);
}

// --- the two sides ---

using Read = std::string (*)(const HttpRequest& request, const EngineView& engine);

// Mesos has more; these are the ones that tools read (mesos.md 5.10).
constexpr std::pair<const char*, Read> master_reads[] = {
    {"/version", [](const HttpRequest&, const EngineView& engine) { return version_json(engine); }},
    {"/flags", [](const HttpRequest&, const EngineView& engine) { return flags_json(master_flags(engine)); }},
    {"/metrics/snapshot",
     [](const HttpRequest&, const EngineView& engine) { return metrics_json(master_metrics(engine)); }},
    {"/state", [](const HttpRequest&, const EngineView& engine) { return master_state_json(engine); }},
    {"/state-summary", [](const HttpRequest&, const EngineView& engine) { return state_summary_json(engine); }},
    {"/slaves",
     [](const HttpRequest& request, const EngineView& engine) { return slaves_json(engine, request.query); }},
    {"/frameworks",
     [](const HttpRequest& request, const EngineView& engine) { return frameworks_json(engine, request.query); }},
    {"/tasks", [](const HttpRequest& request, const EngineView& engine) { return tasks_json(engine, request.query); }},
    {"/roles", [](const HttpRequest&, const EngineView& engine) { return roles_json(engine); }},
    // Empty rather than missing: Mesos' web UI asks for some of them (mesos.md 5.10).
    {"/weights", [](const HttpRequest&, const EngineView&) { return std::string{"[]"}; }},
    {"/quota", [](const HttpRequest&, const EngineView&) { return std::string{"{}"}; }},
    {"/maintenance/status", [](const HttpRequest&, const EngineView&) { return std::string{"{}"}; }}};

constexpr std::pair<const char*, Read> agent_reads[] = {
    {"/version", [](const HttpRequest&, const EngineView& engine) { return version_json(engine); }},
    {"/flags", [](const HttpRequest&, const EngineView& engine) { return flags_json(agent_flags(engine)); }},
    {"/metrics/snapshot",
     [](const HttpRequest&, const EngineView& engine) { return metrics_json(agent_metrics(engine)); }},
    {"/state", [](const HttpRequest&, const EngineView& engine) { return agent_state_json(engine); }},
    {"/containers",
     [](const HttpRequest& request, const EngineView& engine) { return containers_json(engine, request.query); }},
    {"/monitor/statistics", [](const HttpRequest&, const EngineView& engine) { return statistics_json(engine); }}};

// "//host:port", so that the client keeps its scheme.
HttpResponse redirect_to_leader(const EngineView& engine) {
  const MasterInfo& master = engine.state().settings.master;
  HttpResponse response;
  response.status = 307;
  response.headers.emplace_back("Location", "//" + master.hostname + ":" + std::to_string(master.port));
  return response;
}

Route read_route(const char* path, Read read, EnginePort& engine) {
  const auto make = [read](const HttpRequest& request, const EngineView& view) {
    return json_answer(request, read(request, view));
  };
  return reader_route("GET", path, make, engine);
}

// /health and /files/...; `has_files` tells the agent from the master.
void add_common_routes(std::vector<Route>& routes, EnginePort& engine, bool has_files) {
  // Of no picture, on the loop: it answers as long as the engine does.
  routes.push_back({"GET", "/health", [](const RouteRequest&) { return ready(HttpResponse{}); }});
  const auto sandbox_files = [has_files](const EngineView& view) {
    return has_files ? std::optional<SandboxFiles>{std::in_place, view.work_dir(), view.state().record.agent_id}
                     : std::nullopt;
  };
  const auto debug = [sandbox_files](const HttpRequest& request, const EngineView& view) {
    const auto files = sandbox_files(view);
    return debug_files(request, files ? files->attached() : std::map<std::string, std::string>{});
  };
  routes.push_back(reader_route("GET", "/files/debug", debug, engine));
  constexpr std::pair<const char*, FileRead> reads[] = {
      {"/files/browse", browse}, {"/files/read", read_part}, {"/files/download", download_file}};
  for (const auto& [path, read] : reads) {
    // Made anew for each request: the agent's id is known only once the engine has started.
    const auto make = [sandbox_files, read = read](const HttpRequest& request, const EngineView& view) {
      const auto files = sandbox_files(view);
      return read_file_route(request, files ? &*files : nullptr, read);
    };
    routes.push_back(reader_route("GET", path, make, engine));
  }
}

}  // namespace

std::vector<Route> master_read_routes(EnginePort& engine) {
  std::vector<Route> routes;
  for (const auto& [path, read] : master_reads) routes.push_back(read_route(path, read, engine));
  add_common_routes(routes, engine, false);
  const Route::Handler redirect = [&engine](const RouteRequest&) { return ready(redirect_to_leader(engine.view())); };
  for (const char* method : {"GET", "POST"}) routes.push_back({method, "/redirect", redirect});
  return routes;
}

std::vector<Route> agent_read_routes(EnginePort& engine) {
  std::vector<Route> routes;
  for (const auto& [path, read] : agent_reads) routes.push_back(read_route(path, read, engine));
  add_common_routes(routes, engine, true);
  return routes;
}

}  // namespace windlass
