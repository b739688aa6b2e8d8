#pragma once
// What the Docker Engine answers, read tolerantly: Engines add and drop fields. Errors of all readers:
// Errc::malformed.

#include "base/error.hpp"
#include "model/container_spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// The id in the answer to a create, of a container or of an exec.
[[nodiscard]] Result<std::string> read_created_id(std::string_view json);
// The answers to GET /images/{name}/json and GET /containers/{id}/json.
[[nodiscard]] Result<DockerImage> read_image(std::string_view json);
[[nodiscard]] Result<ContainerView> read_container(std::string_view json);
struct LabelledContainer {
  std::string id;
  std::string value;
};
// The answer to GET /containers/json: those that have the label.
[[nodiscard]] Result<std::vector<LabelledContainer>> read_container_list(std::string_view json,
                                                                         const std::string& label);
// The answer to GET /exec/{id}/json.
[[nodiscard]] Result<ExecView> read_exec(std::string_view json);
// The answer to POST /containers/{id}/wait.
[[nodiscard]] Result<ContainerEnd> read_wait(std::string_view json);

// What Docker says in the body of an answer that is not 2xx; the body itself when it is not Docker's JSON.
std::string read_error_text(std::string_view body);

}  // namespace windlass
