// plan_dump: what our parser makes of `docker run` options, for tests that compare it with the docker CLI.
//
// One JSON object a line on stdin:
//   {"options": ["-m", "64m"], "image": "busybox", "command": ["sh"], "api": 41, "directory": "/tmp/x",
//    "environment": {"A": "1"}, "form": "options" | "parameters" | "as_parameters"}
// and for each a line on stdout: {"body": <of POST /containers/create>, "platform": "linux/amd64"}, or
// {"error": "docker option -m: ..."}. In the form "parameters" each option is key=value; in "as_parameters" the options
// are made into such, as the scheduler does for Docker support of Mesos' own.

#include "container/options.hpp"
#include "wire/docker/container_body.hpp"
#include "wire/json/reader.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using namespace windlass;
namespace json = boost::json;

Result<std::string> read_text(const std::string& directory, const std::string& path) {
  std::ifstream in{path.starts_with('/') ? path : directory + "/" + path};
  if (!in) return Error{Errc::not_found, "no such file", {}};
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

Result<void> apply(ContainerSpec& spec, const json::object& request, const OptionSources& sources) {
  const auto words = json::value_to<std::vector<std::string>>(request.at("options"));
  const std::string form = request.contains("form") ? json::value_to<std::string>(request.at("form")) : "options";
  if (form == "options") return apply_docker_options(spec, words, sources);
  if (form == "as_parameters") return apply_docker_parameters(spec, as_docker_parameters(words), sources);
  std::vector<Parameter> parameters;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    parameters.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  return apply_docker_parameters(spec, parameters, sources);
}

json::object answer(const json::object& request) {
  ContainerSpec spec{.name = {}, .image = json::value_to<std::string>(request.at("image"))};
  spec.command = json::value_to<std::vector<std::string>>(request.at("command"));
  OptionSources sources{.read_file = read_text};
  sources.directory = json::value_to<std::string>(request.at("directory"));
  for (const auto& [name, value] : request.at("environment").as_object()) {
    sources.environment[std::string{name.data(), name.size()}] = json::value_to<std::string>(value);
  }
  const DockerApiVersion version{json::value_to<int>(request.at("api"))};
  auto done = apply(spec, request, sources);
  if (done) done = check_api_version(spec, version);
  if (!done) return {{"error", done.error().message}};
  auto body = read_json(encode_container_spec(spec, version));
  if (!body) return {{"error", "not JSON: " + body.error().message}};
  return {{"body", *body}, {"platform", create_platform(spec, version)}};
}

}  // namespace

int main() {
  try {
    std::string line;
    while (std::getline(std::cin, line)) {
      const auto request = read_json(line);
      if (!request) throw std::runtime_error{request.error().message};
      std::cout << json::serialize(answer(request->as_object())) << std::endl;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "plan_dump: " << error.what() << "\n";
    return 1;
  }
}
