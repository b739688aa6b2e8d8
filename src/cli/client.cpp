#include "cli/client.hpp"

#include "base/url.hpp"
#include "cli/app_json.hpp"
#include "cli/arguments.hpp"
#include "cli/task_log.hpp"
#include "io/http/message.hpp"
#include "io/secret.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>
#include <istream>
#include <iterator>
#include <map>
#include <optional>
#include <ostream>
#include <set>

namespace windlass {
namespace {

namespace json = boost::json;

// Exit codes: scripts tell by them what went wrong.
constexpr int done = 0;
constexpr int refused = 1;
constexpr int misused = 2;
constexpr int unreached = 3;

constexpr const char* default_url = "http://127.0.0.1:8080";

// What a command's function works with.
struct Session {
  const Arguments& arguments;
  const Transport& transport;
  const ClientWorld& world;
  const ApiPlace& place;

  [[nodiscard]] const std::string& word(std::size_t at) const { return arguments.words()[at]; }
  [[nodiscard]] std::size_t words() const { return arguments.words().size(); }
};

struct ClientCommand {
  std::vector<std::string> name;
  const char* usage;
  const char* help;
  std::size_t words_min;
  std::size_t words_max;
  std::set<std::string> valued;
  std::set<std::string> switches;
  int (*run)(const Session& session);
};

// --- answers --------------------------------------------------------------------------------------------------------

// {"message": "..."} or {"errors": [{"attribute": "id", "error": "may not be empty"}]}, else the body as it is.
std::string words_of(const ApiReply& reply) {
  boost::system::error_code broken;
  const json::value value = json::parse(reply.body, broken);
  const json::object* object = broken ? nullptr : value.if_object();
  std::string words;
  if (object != nullptr && object->contains("message") && object->at("message").is_string()) {
    words = object->at("message").as_string();
  } else if (object != nullptr && object->contains("errors") && object->at("errors").is_array()) {
    for (const json::value& each : object->at("errors").as_array()) {
      const json::object* error = each.if_object();
      if (error == nullptr || !error->contains("attribute") || !error->contains("error")) continue;
      const json::string* attribute = error->at("attribute").if_string();
      const json::string* text = error->at("error").if_string();
      if (attribute == nullptr || text == nullptr) continue;
      words += (words.empty() ? "" : "; ") + std::string{*attribute} + " " + std::string{*text};
    }
  }
  // At most so much of it: a proxy's error page may be long.
  if (words.empty()) words = reply.body.empty() ? std::string{http_reason(reply.status)} : reply.body.substr(0, 500);
  return words + " (" + std::to_string(reply.status) + ")";
}

// Sends it; on success `reply` has the answer, else the error was shown and the exit code says what it was. `app`: the
// one that is asked about; v1 answers 404 without a word where it is not known.
int ask(const Session& session, const ApiRequest& request, ApiReply& reply, const std::string& app = {}) {
  auto answered = session.transport(request);
  if (!answered) {
    session.world.err << "windlass: " << to_string(answered.error())
                      << "\nIs Windlass running? --url or WINDLASS_URL says where.\n";
    return unreached;
  }
  reply = std::move(*answered);
  // v1 answers 204 to changes and 200 to reads (marathon.md 1.3).
  if (reply.status >= 200 && reply.status < 300) return done;
  const bool unknown = reply.status == 404 && reply.body.empty() && !app.empty();
  session.world.err << "windlass: " << (unknown ? "Unknown app '" + app + "' (404)" : words_of(reply)) << "\n";
  return refused;
}

// Like ask(), for answers that are JSON.
int ask_json(const Session& session, const ApiRequest& request, json::value& out, const std::string& app = {}) {
  ApiReply reply;
  const int code = ask(session, request, reply, app);
  if (code != done) return code;
  boost::system::error_code broken;
  out = json::parse(reply.body, broken);
  if (!broken) return done;
  session.world.err << "windlass: the answer to " << request.target << " is not JSON\n";
  return refused;
}

std::string text_at(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains(key);
  if (found == nullptr || found->is_null()) return "";
  if (const json::string* text = found->if_string()) return std::string{*text};
  if (const double* number = found->if_double()) {
    // std::to_string has six decimals: 0.5, not 0.500000.
    std::string text = std::to_string(*number);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
  }
  return json::serialize(*found);
}

std::string ports_at(const json::value& value) {
  const json::object* object = value.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains("ports");
  const json::array* ports = found == nullptr ? nullptr : found->if_array();
  std::string text;
  if (ports == nullptr) return text;
  for (const json::value& port : *ports) text += (text.empty() ? "" : ",") + json::serialize(port);
  return text;
}

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) widths[at] = std::max(widths[at], row[at].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at) line += row[at] + std::string(widths[at] - row[at].size() + 2, ' ');
    // No trailing spaces, which would wrap in a narrow terminal.
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  }
}

// v1 shows and takes ids without the leading slash.
std::string v1_id(const std::string& id) { return id.starts_with("/") ? id.substr(1) : id; }

bool is_digits(const std::string& text) { return text.find_first_not_of("0123456789") == std::string::npos; }

std::string posted(const json::object& body) { return json::serialize(body); }

// --- commands -------------------------------------------------------------------------------------------------------

std::size_t count_tasks(const json::value& tasks, const std::string& app) {
  const json::object* apps = tasks.if_object();
  const json::value* list = apps == nullptr ? nullptr : apps->if_contains(app);
  return list != nullptr && list->is_array() ? list->as_array().size() : 0;
}

// What each app that misses instances waits for. Empty where the server cannot say: the list is of use without it, too.
std::map<std::string, std::string> wait_reasons(const Session& session) {
  std::map<std::string, std::string> reasons;
  const auto reply = session.transport({.target = "/v1/debug/waiting"});
  if (!reply || reply->status != 200) return reasons;
  boost::system::error_code broken;
  const json::value waits = json::parse(reply->body, broken);
  const json::object* apps = broken ? nullptr : waits.if_object();
  if (apps == nullptr) return reasons;
  for (const auto& [app, wait] : *apps) reasons[app] = text_at(wait, "reason");
  return reasons;
}

int list_apps(const Session& session) {
  json::value apps;
  json::value tasks;
  int code = ask_json(session, {.target = "/v1/apps"}, apps);
  if (code == done) code = ask_json(session, {.target = "/v1/tasks"}, tasks);
  if (code != done) return code;
  const auto reasons = wait_reasons(session);
  std::vector<std::vector<std::string>> rows{{"ID", "TASKS", "CPUS", "MEM", "PORTS", "COMMAND"}};
  // Only then: in the usual case nothing waits, and the column would be empty.
  if (!reasons.empty()) rows.front().emplace_back("WAITS, BECAUSE");
  if (const json::array* list = apps.if_array()) {
    for (const json::value& app : *list) {
      const std::string id = text_at(app, "id");
      rows.push_back({id, std::to_string(count_tasks(tasks, id)) + "/" + text_at(app, "instances"),
                      text_at(app, "cpus"), text_at(app, "mem"), ports_at(app), text_at(app, "cmd")});
      if (const auto reason = reasons.find(id); reason != reasons.end()) rows.back().push_back(reason->second);
    }
  }
  print_table(session.world.out, rows);
  return done;
}

int start_app(const Session& session) {
  ApiReply reply;
  ApiRequest request{.method = "POST", .target = "/v1/apps/start"};
  if (const std::string* file = session.arguments.value("file")) {
    if (session.words() > 0) {
      session.world.err << "windlass: --file: the file says which app; give no ID\n";
      return misused;
    }
    std::ifstream stream;
    if (*file != "-") stream.open(*file);
    std::istream& in = *file == "-" ? session.world.in : stream;
    request.body.assign(std::istreambuf_iterator<char>{in}, {});
    if (!in || request.body.empty()) {
      session.world.err << "windlass: --file: " << *file << " cannot be read, or is empty\n";
      return misused;
    }
    return ask(session, request, reply);
  }
  if (session.words() == 0) {
    session.world.err << "windlass: app start needs an ID, or --file\n";
    return misused;
  }
  auto body = app_json(v1_id(session.word(0)), session.arguments);
  if (!body) {
    session.world.err << "windlass: " << to_string(body.error()) << "\n";
    return misused;
  }
  request.body = std::move(*body);
  return ask(session, request, reply);
}

int stop_app(const Session& session) {
  ApiReply reply;
  const json::object body{{"id", v1_id(session.word(0))}};
  return ask(session, {.method = "POST", .target = "/v1/apps/stop", .body = posted(body)}, reply);
}

int scale_app(const Session& session) {
  const std::string& count = session.word(1);
  // Nine digits fit into an int.
  if (!is_digits(count) || count.size() > 9 || count.empty()) {
    session.world.err << "windlass: '" << count << "' is not a number of instances\n";
    return misused;
  }
  ApiReply reply;
  const json::object body{{"id", v1_id(session.word(0))}, {"instances", std::stoi(count)}};
  return ask(session, {.method = "POST", .target = "/v1/apps/scale", .body = posted(body)}, reply);
}

std::vector<std::string> task_row(const std::string& app, const json::value& task) {
  return {app, text_at(task, "id"), text_at(task, "host"), ports_at(task)};
}

// A message is for one line of a table.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text;
}

std::vector<std::string> state_row(const std::string& app, const json::value& task) {
  std::vector<std::string> row = task_row(app, task);
  const bool unhealthy = text_at(task, "healthy") == "false";
  row.insert(row.begin() + 2, text_at(task, "state") + (unhealthy ? ", unhealthy" : ""));
  row.push_back(one_line(text_at(task, "message")));
  return row;
}

int list_tasks(const Session& session) {
  const bool all = session.words() == 0;
  json::value tasks;
  const std::string app = all ? "" : v1_id(session.word(0));
  const std::string target = "/v1/debug/tasks" + (all ? "" : "?appId=" + percent_encode(app));
  const int code = ask_json(session, {.target = target}, tasks, app);
  if (code != done) return code;
  std::vector<std::vector<std::string>> rows{{"APP", "TASK", "STATE", "HOST", "PORTS", "MESSAGE"}};
  if (const json::object* apps = tasks.if_object()) {
    for (const auto& [id, list] : *apps) {
      if (!list.is_array()) continue;
      for (const json::value& task : list.as_array()) rows.push_back(state_row(std::string{id}, task));
    }
  }
  print_table(session.world.out, rows);
  return done;
}

// --master, else WINDLASS_MASTER (which the server reads too, and may be "embedded"), else the one beside the API.
std::optional<std::string> find_master(const Session& session) {
  const auto found = session.world.environment.find("WINDLASS_MASTER");
  std::string master = found == session.world.environment.end() ? "" : found->second;
  if (const std::string* given = session.arguments.value("master")) master = *given;
  if (master.empty() || master == "embedded") return master_beside(session.place.url);
  return split_url(master).scheme.empty() ? "http://" + master : master;
}

int log_task(const Session& session) {
  const auto misuse = [&](const std::string& problem) {
    session.world.err << "windlass: " << problem << "\n";
    return misused;
  };
  const auto master = find_master(session);
  if (!master) return misuse("--master: where is the engine, or the Mesos master? HOST:PORT");
  TaskLogOptions options{.master_url = *master, .task = session.word(0)};
  if (session.arguments.has("stderr")) options.file = "stderr";
  options.follow = session.arguments.has("follow");
  if (const std::string* lines = session.arguments.value("lines")) {
    const bool is_number = !lines->empty() && lines->size() <= 9 && is_digits(*lines);
    if (!is_number) return misuse("--lines: '" + *lines + "' is not a number of lines");
    options.lines = std::stoul(*lines);
  }
  const auto shown = show_task_log(options, {session.world.connect, session.world.wait, session.world.out});
  if (shown) return done;
  session.world.err << "windlass: " << to_string(shown.error()) << "\n";
  const Errc code = shown.error().code;
  if (code == Errc::not_found || code == Errc::malformed) return refused;
  session.world.err
      << "The output of tasks is read from the engine's ports, or the Mesos master's: --master=HOST:PORT.\n";
  return unreached;
}

int tear_down(const Session& session) {
  const auto master = find_master(session);
  if (!master) {
    session.world.err << "windlass: --master: where is the engine, or the Mesos master? HOST:PORT\n";
    return misused;
  }
  const Transport transport = session.world.connect({.url = *master, .credentials = session.place.credentials});
  ApiReply reply;
  // To the master, not the API: frameworks are known there.
  return ask({session.arguments, transport, session.world, session.place},
             {.method = "POST",
              .target = "/teardown",
              .body = "frameworkId=" + percent_encode(session.word(0)),
              .content_type = "application/x-www-form-urlencoded"},
             reply);
}

int kill_tasks(const Session& session) {
  const Arguments& arguments = session.arguments;
  const std::string* task = arguments.value("task");
  const std::string* host = arguments.value("host");
  // Exactly one: without any, v1 would kill nothing and say that all is well (marathon.md 1.3).
  if ((task == nullptr ? 0 : 1) + (host == nullptr ? 0 : 1) + (arguments.has("all") ? 1 : 0) != 1) {
    session.world.err << "windlass: task kill needs one of --task=ID, --host=HOST and --all\n";
    return misused;
  }
  std::string target = "/v1/tasks/kill?appId=" + percent_encode(v1_id(session.word(0)));
  if (task != nullptr) target += "&id=" + percent_encode(*task);
  if (host != nullptr) target += "&host=" + percent_encode(*host);
  if (arguments.has("all")) target += "&host=*";
  if (arguments.has("scale")) target += "&scale=true";
  json::value killed;
  const int code = ask_json(session, {.method = "POST", .target = target}, killed);
  if (code != done) return code;
  std::vector<std::vector<std::string>> rows{{"APP", "KILLED", "HOST", "PORTS"}};
  if (const json::array* list = killed.if_array()) {
    for (const json::value& each : *list) rows.push_back(task_row(session.word(0), each));
  }
  print_table(session.world.out, rows);
  // Scripts want to know that nothing was killed, although the server takes it for a success.
  if (rows.size() > 1) return done;
  session.world.err << "windlass: no task matched\n";
  return refused;
}

int show_endpoints(const Session& session) {
  const std::string app = session.words() == 0 ? "" : v1_id(session.word(0));
  const std::string target = app.empty() ? "/v1/endpoints" : "/v1/endpoints/" + percent_encode(app);
  ApiReply reply;
  const int code = ask(session, {.target = target, .accept = "text/plain"}, reply, app);
  if (code == done) session.world.out << reply.body;
  return code;
}

std::set<std::string> start_flags() {
  std::set<std::string> names = app_flags();
  names.insert("file");
  return names;
}

const std::vector<ClientCommand>& client_commands() {
  static const std::vector<ClientCommand> all{
      {{"app", "list"},
       "app list",
       "Apps, with running and wanted tasks, and what those wait for that miss some.",
       0,
       0,
       {},
       {},
       list_apps},
      {{"app", "start"},
       "app start ID [--image=IMAGE [--option=OPTION]...] [--cmd=COMMAND] [--executor=PATH] [--instances=1]\n"
       "            [--cpus=1] [--mem=128] [--env=NAME=VALUE]... [--port=PORT]... [--uri=URI]...\n"
       "            [--constraint=FIELD:OPERATOR[:VALUE]]...\n"
       "  app start --file=FILE",
       "Start an app, from flags or from a file with its JSON (-: standard input).",
       0,
       1,
       start_flags(),
       {},
       start_app},
      {{"app", "stop"}, "app stop ID", "End an app and its tasks.", 1, 1, {}, {}, stop_app},
      {{"app", "scale"}, "app scale ID COUNT", "Run that many instances.", 2, 2, {}, {}, scale_app},
      {{"task", "list"}, "task list [ID]", "Tasks of all apps, or of one, and what they do.", 0, 1, {}, {}, list_tasks},
      {{"task", "log"},
       "task log TASK [--stderr] [-n LINES] [-f | --follow] [--master=HOST:PORT]",
       "What a task has printed. It lies with the engine: at --master, else WINDLASS_MASTER, else beside the API.",
       1,
       1,
       {"lines", "master"},
       {"stderr", "follow"},
       log_task},
      {{"task", "kill"},
       "task kill ID (--task=TASK | --host=HOST | --all) [--scale]",
       "Kill tasks of an app; they are replaced, or with --scale they are not.",
       1,
       1,
       {"task", "host"},
       {"all", "scale"},
       kill_tasks},
      {{"engine", "teardown"},
       "engine teardown FRAMEWORK [--master=HOST:PORT]",
       "End a framework and all of its tasks, for ever: one whose scheduler is lost.",
       1,
       1,
       {"master"},
       {},
       tear_down},
      {{"endpoints"},
       "endpoints [ID]",
       "Where the apps listen: app, service port, host:port ...",
       0,
       1,
       {},
       {},
       show_endpoints},
  };
  return all;
}

// The command that the arguments begin with.
const ClientCommand* find_command(const std::vector<std::string>& arguments) {
  for (const ClientCommand& command : client_commands()) {
    if (arguments.size() < command.name.size()) continue;
    if (std::equal(command.name.begin(), command.name.end(), arguments.begin())) return &command;
  }
  return nullptr;
}

std::string url_of(const Arguments& arguments, const ClientWorld& world) {
  std::string url = default_url;
  if (const auto found = world.environment.find("WINDLASS_URL");
      found != world.environment.end() && !found->second.empty()) {
    url = found->second;
  }
  if (const std::string* given = arguments.value("url")) url = *given;
  // Targets begin with a slash of their own.
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// "http://user:password@host" as the place without the user, and the user. Percent signs in either are decoded.
Result<ApiPlace> place_of(const std::string& url) {
  const UrlParts parts = split_url(url);
  if (parts.scheme == "unix") return ApiPlace{.url = url};
  const auto authority = parse_authority(parts.authority);
  if (!authority) return Error{Errc::invalid, authority.error().message, without_password(url)};
  const auto user = percent_decode(authority->user);
  if (!user) return Error{Errc::invalid, "the user in the URL has a broken percent code", "--url"};
  const std::string scheme = parts.scheme.empty() ? "" : std::string{parts.scheme} + "://";
  return ApiPlace{.url = scheme + authority->to_string() + std::string{parts.target}, .credentials = *user};
}

// --credentials counts more than the URL, and the URL more than the environment.
Result<ApiPlace> find_place(const Arguments& arguments, const ClientWorld& world) {
  auto place = place_of(url_of(arguments, world));
  if (!place) return place;
  const std::string* given = arguments.value("credentials");
  const auto found = world.environment.find("WINDLASS_CREDENTIALS");
  if (given == nullptr && place->credentials.empty() && found != world.environment.end()) given = &found->second;
  if (given == nullptr || given->empty()) return place;
  auto secret = read_secret(*given);
  if (!secret) return secret.error();
  // The first line: editors put a newline at the end, and a server's file may have more users.
  place->credentials = secret->substr(0, secret->find_first_of("\r\n"));
  return place;
}

int misuse(const ClientWorld& world, const ClientCommand& command, const std::string& problem) {
  world.err << "windlass: " << problem << "\nusage: windlass " << command.usage
            << " [--url=URL] [--credentials=FILE]\n";
  return misused;
}

}  // namespace

bool is_client_command(const std::string& word) {
  const auto& all = client_commands();
  return std::any_of(all.begin(), all.end(), [&](const ClientCommand& command) { return command.name[0] == word; });
}

int run_client(const std::vector<std::string>& arguments, const ClientWorld& world) {
  const ClientCommand* command = find_command(arguments);
  if (command == nullptr) {
    const std::string second = arguments.size() > 1 ? " " + arguments[1] : "";
    world.err << "windlass: '" << arguments[0] << second << "' is not a command\n\n" << client_help();
    return misused;
  }
  std::set<std::string> valued = command->valued;
  valued.insert("url");
  valued.insert("credentials");
  std::set<std::string> switches = command->switches;
  switches.insert("help");
  const auto own = arguments.begin() + static_cast<std::ptrdiff_t>(command->name.size());
  const auto parsed = Arguments::parse({own, arguments.end()}, valued, switches);
  if (!parsed) return misuse(world, *command, to_string(parsed.error()));
  if (parsed->has("help")) {
    world.out << "usage: windlass " << command->usage << " [--url=URL] [--credentials=FILE]\n" << command->help << "\n";
    return done;
  }
  if (parsed->words().size() < command->words_min) return misuse(world, *command, "something is missing");
  if (parsed->words().size() > command->words_max) {
    return misuse(world, *command, "'" + parsed->words()[command->words_max] + "' is too much");
  }
  const auto place = find_place(*parsed, world);
  if (!place) {
    world.err << "windlass: " << to_string(place.error()) << "\n";
    return misused;
  }
  const Transport transport = world.connect(*place);
  return command->run({*parsed, transport, world, *place});
}

std::string client_help() {
  std::string text =
      "Commands for a running Windlass, at --url=URL, else WINDLASS_URL, else " + std::string{default_url} +
      ".\nIf it asks who you are: --credentials=FILE (a file with user:password that only you may read), or\n"
      "WINDLASS_CREDENTIALS, or http://user:password@host in the URL.\n";
  for (const ClientCommand& command : client_commands()) {
    text += "  " + std::string{command.usage} + "\n      " + command.help + "\n";
  }
  return text;
}

}  // namespace windlass
