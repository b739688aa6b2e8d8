#pragma once
// Leaves no orphan: a second, tiny process that outlives the executor by moments. It holds one end of a pipe; when the
// executor ends without having said that all is in order (kill -9), it removes its containers through Docker's socket
// and kills the process groups of its command tasks. It is out of reach of what ends an executor with all that belongs
// to it: a session of its own, no child of the executor, and in none of its control groups, where that is permitted.
//
// Lines in the pipe:  "container <name or id>"   "removed <name or id>"   "process <pid>"   "ended <pid>"   "api 1.41"
//                     "docker <host>"

#include <string>

namespace windlass {

class Reaper {
 public:
  // REQUIRES: called before any thread or loop exists, and as early as possible: what the executor has in memory by
  // then is what the reaper costs. In the reaper it does not return. Without a reaper (no more processes allowed) the
  // executor runs on.
  static Reaper start();

  Reaper(Reaper&& other) noexcept;
  Reaper& operator=(Reaper&&) = delete;
  // Tells the reaper nothing: it then does its work.
  ~Reaper();

  // Where Docker listens, as in DOCKER_HOST. Until it is told: at the default socket.
  void use_docker(const std::string& host);
  // The version of Docker's API to speak. Until it is told: none, which Engines still understand.
  void use_api(const std::string& version);
  // Before Docker is asked to make it: there may be a container from then on.
  void watch_container(const std::string& name);
  void forget_container(const std::string& name);
  void watch_process(int pid);
  void forget_process(int pid);

 private:
  explicit Reaper(int pipe) : pipe_{pipe} {}
  void say(const std::string& line);

  int pipe_;
};

}  // namespace windlass
