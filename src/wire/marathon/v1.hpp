#pragma once
// Marathon's v1 JSON (marathon.md 1.2 to 1.4): apps, tasks, endpoints. Texts of errors as hibernate-validator has them.

#include "base/error.hpp"
#include "base/time.hpp"
#include "model/app.hpp"
#include "model/app_rules.hpp"
#include "model/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// What was read, or why not: `malformed` when the text is not a JSON object, else one entry for each wrong field.
template <class T>
struct V1Read {
  T value = {};
  std::optional<Error> malformed = {};
  std::vector<FieldError> errors = {};
  [[nodiscard]] bool ok() const { return !malformed && errors.empty(); }
};

struct V1AppRef {
  AppId id;
};
struct V1Scale {
  AppId id;
  std::int64_t instances = 0;
};

// v1 ids are paths without the leading slash.
std::string v1_id(const AppId& id);
AppId app_id_from_v1(std::string_view id);

// The body of /v1/apps/start, with the rules of model/app_rules.hpp. A byte order mark is skipped. Strings are taken
// for numbers where they read as such ("0.1", "3"), null is the default, unknown fields are ignored. An empty `ports`
// becomes one port of 0; a single `port` is taken where `ports` is absent.
V1Read<App> read_v1_app(std::string_view body);
// The body of /v1/apps/stop: only `id` is looked at.
V1Read<V1AppRef> read_v1_app_ref(std::string_view body);
// The body of /v1/apps/scale: `id` and `instances`.
V1Read<V1Scale> read_v1_scale(std::string_view body);

// Fields in alphabetical order as Jackson wrote them; container and taskRateLimit only when they say something. Also
// the TaskInfo.data of tasks with an executor.
std::string write_v1_app(const App& app);
std::string write_v1_apps(const std::vector<const App*>& apps);

// {"id","host","ports"} each.
std::string write_v1_tasks(const std::vector<const Instance*>& tasks);
struct V1AppTasks {
  AppId id;
  std::vector<const Instance*> tasks = {};
};
// {"<app>":[...],...}.
std::string write_v1_app_tasks(const std::vector<V1AppTasks>& apps);
// The same with what v1 has no fields for: "state" in lower case ("staging"), "healthy" where it is known, and
// "message", the words of the newest status ("Pulling redis: 1 of 3 layers"), where there are any.
std::string write_app_task_states(const std::vector<V1AppTasks>& apps);

// An app that misses instances, as /v1/debug/waiting shows it.
struct AppWait {
  AppId app;
  TimePoint since = {};
  std::size_t missing = 0;
  std::optional<TimePoint> delayed_until = {};  // after failures
  Funnel funnel = {};                           // the offers since then
  std::string reason = {};                      // all of it in words
};
// {"<app>":{"since","missing","delayedUntil","offers","refused":{"InsufficientCpus":2},"reason"},...}; delayedUntil
// only where there is one.
std::string write_app_waits(const std::vector<AppWait>& waits);

struct V1Endpoints {
  const App* app = nullptr;
  std::vector<const Instance*> instances = {};  // those that run
};
// {"id","ports","instances":[{"host","id","ports"}]}, and a list of them.
std::string write_v1_endpoint(const V1Endpoints& endpoints);
std::string write_v1_endpoints(const std::vector<V1Endpoints>& endpoints);
// "<id> <service port> <host:port>...\n"; an app with more ports has a line "<id>_<port> <port> ..." for each, one
// without ports has none.
std::string v1_endpoints_text(const std::vector<V1Endpoints>& endpoints);

// {"errors":[{"attribute":...,"error":...}]} and {"message":...}.
std::string write_v1_errors(const std::vector<FieldError>& errors);
std::string write_message(std::string_view message);

}  // namespace windlass
