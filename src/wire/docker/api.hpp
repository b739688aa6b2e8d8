#pragma once
// The Docker Engine API's JSON (versions 1.25 to 1.51), read tolerantly: Engines add and drop fields.

#include "base/error.hpp"
#include "model/container_spec.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// An API version: 1.<minor>.
struct DockerApiVersion {
  int minor = 0;
  [[nodiscard]] std::string to_string() const { return "1." + std::to_string(minor); }
  auto operator<=>(const DockerApiVersion&) const = default;
};
inline constexpr DockerApiVersion docker_api_oldest{25};
inline constexpr DockerApiVersion docker_api_newest{51};

// The version to speak, from the answer to GET /version. Errors: Errc::unsupported when the Engine is too old or
// refuses everything up to our newest, Errc::malformed.
[[nodiscard]] Result<DockerApiVersion> negotiate_docker_api(std::string_view version_json);
// The same from the header Api-Version of GET /_ping, which costs the Engine a tenth of that: its newest version, if we
// know that one. Nothing: GET /version has to say.
[[nodiscard]] std::optional<DockerApiVersion> docker_api_of_ping(std::string_view header);

// Whether an Engine of this version knows all that the spec asks for. Errors: Errc::unsupported with the option's name.
[[nodiscard]] Result<void> check_api_version(const ContainerSpec& spec, DockerApiVersion version);

// The body of POST /containers/create for an Engine of this version.
std::string encode_container_spec(const ContainerSpec& spec, DockerApiVersion version = docker_api_newest);
// The platform to put into its query as `platform`; empty: none, or the Engine does not know it there.
std::string create_platform(const ContainerSpec& spec, DockerApiVersion version);

// Errors of all readers: Errc::malformed.
[[nodiscard]] Result<std::string> read_created_id(std::string_view json);
[[nodiscard]] Result<DockerImage> read_image(std::string_view json);
[[nodiscard]] Result<ContainerView> read_container(std::string_view json);
struct LabelledContainer {
  std::string id;
  std::string value;
};
// The answer to GET /containers/json: those that have the label.
[[nodiscard]] Result<std::vector<LabelledContainer>> read_container_list(std::string_view json,
                                                                         const std::string& label);
// The body of POST /containers/{id}/exec, and of POST /exec/{id}/start; the answer to the first is read as a created
// container's. Then the answer to GET /exec/{id}/json.
std::string encode_exec(const ExecSpec& spec);
std::string encode_exec_start();
[[nodiscard]] Result<ExecView> read_exec(std::string_view json);
// The answer to POST /containers/{id}/wait.
[[nodiscard]] Result<ContainerEnd> read_wait(std::string_view json);

// What Docker says in the body of an answer that is not 2xx; the body itself when it is not Docker's JSON.
std::string read_error_text(std::string_view body);
// Whether these words refuse the version that was spoken: the Engine has been exchanged for another since it was asked.
bool is_version_refusal(std::string_view words);

// What Docker's words about a failed pull mean: Errc::not_found or forbidden when trying again is of no use,
// Errc::unavailable otherwise. Docker says most of them with status 500 or in the stream.
Errc pull_error_code(std::string_view words);

// The stream of POST /images/create: JSON values one after the other, cut anywhere.
class PullReader {
 public:
  // Errors: pull_error_code with what Docker says in the stream (an error may come after status 200), Errc::malformed.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // "3 of 7 layers, 12.5 of 60.1 MB"; "waiting for the registry" at first.
  [[nodiscard]] std::string progress() const;
  // {"pull":{"layers_complete":3,"layers_total":7,"bytes_complete":13107200,"bytes_total":63019417}}
  [[nodiscard]] std::string progress_json() const;

 private:
  struct Sum {
    std::size_t layers = 0, complete = 0;
    std::int64_t bytes_now = 0, bytes_total = 0;
  };
  [[nodiscard]] Sum sum() const;
  struct Layer {
    std::int64_t now = 0;
    std::int64_t total = 0;
    bool complete = false;
  };
  [[nodiscard]] Result<void> take_line(std::string_view line);

  std::string held_;  // an unfinished line
  std::map<std::string, Layer> layers_;
};

}  // namespace windlass
