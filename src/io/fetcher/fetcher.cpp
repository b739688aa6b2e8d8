#include "io/fetcher/fetcher.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "io/fd.hpp"
#include "io/files.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>

namespace windlass {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr int groups_max = 1024;
constexpr long redirects_max = 10;
constexpr std::string_view network_protocols = "http,https,ftp,ftps";
constexpr mode_t file_mode = 0644, executable_mode = 0755, folder_mode = 0755;
// Members never leave the folder, and are never written through a symbolic link that an earlier member made.
constexpr int extract_flags = ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_UNLINK |
                              ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                              ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;

Error errno_error(const std::string& what, int error) {
  Errc code = Errc::disk;
  if (error == ENOENT || error == ENOTDIR) code = Errc::not_found;
  if (error == EACCES || error == EPERM || error == ELOOP) code = Errc::forbidden;
  return Error{code, what + ": " + std::generic_category().message(error), {}};
}

bool write_fully(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(fd, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

// The path of a local URI: "/a", "file:///a", "file://localhost/a" (mesos.md 3.9).
Result<std::string> local_path(std::string_view uri) {
  if (uri.starts_with("file://")) {
    uri.remove_prefix(7);
    if (uri.starts_with("localhost/")) uri.remove_prefix(9);
    if (!uri.starts_with('/')) return Error{Errc::invalid, "File URI only supports absolute paths", {}};
  }
  return std::string{uri};
}

// Runs in a thread of its own, which has its own folder, umask and file identity.
// Tasks name files of the host and archives from anywhere; the kernel judges by the task's user, not by root, what may
// be read and written: a file:// that only root may read stays unreadable (mesos.md 3.9).
class Fetching {
 public:
  Fetching(const FetchJob& job, int log) : job_{job}, log_{log} {}

  Result<void> run() {
    auto entered = enter();
    if (!entered) return fail(entered.error());
    for (const FetchUri& uri : job_.uris) {
      auto fetched = fetch_one(uri);
      if (!fetched) {
        Error error = fetched.error();
        error.message = "Failed to fetch '" + without_password(trim(uri.value)) + "': " + error.message;
        return fail(error);
      }
    }
    return {};
  }

 private:
  Result<void> enter();
  Result<void> become_user();
  Result<void> fetch_one(const FetchUri& uri);
  Result<void> download(const std::string& uri, const std::string& name);
  Result<void> copy(const std::string& uri, const std::string& name);
  Result<Fd> create(const std::string& name, mode_t mode);
  Result<void> extract(const std::string& name);
  Result<void> unpack(const std::string& name);
  Result<void> write_member(archive* in, archive* out, archive_entry* entry);
  Result<void> uncompress(const std::string& name);

  bool is_cancelled() const { return job_.cancelled != nullptr && job_.cancelled->load(); }
  static Error cancelled() { return Error{Errc::cancelled, "cancelled", {}}; }
  void say(const std::string& line) const {
    const std::string text = line + "\n";
    write_fully(log_, text.data(), text.size());
  }
  Error fail(const Error& error) const {
    say(error.message);
    return error;
  }

  void count(std::size_t bytes) const {
    if (job_.moved != nullptr) *job_.moved += bytes;
  }

  struct Download {
    const Fetching& fetching;
    int fd;
  };
  static std::size_t on_bytes(char* bytes, std::size_t size, std::size_t count, void* download);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const FetchJob& job_;
  const int log_;
};

Result<void> Fetching::become_user() {
  std::vector<char> space(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(job_.user.c_str(), &entry, space.data(), space.size(), &found);
  if (found == nullptr) return Error{Errc::invalid, "there is no user \"" + job_.user + "\"", "user"};
  if (entry.pw_uid == ::geteuid()) return {};
  std::vector<gid_t> groups(groups_max);
  int count = groups_max;
  if (::getgrouplist(job_.user.c_str(), entry.pw_gid, groups.data(), &count) < 0) count = groups_max;
  // The bare system call changes this thread only; glibc's setgroups would change all.
  if (::syscall(SYS_setgroups, count, groups.data()) != 0) return errno_error("setgroups", errno);
  ::setfsgid(entry.pw_gid);
  // setfsuid does not say whether it worked. It returns the former id, and of -1, which nobody has, the current one.
  ::setfsuid(entry.pw_uid);
  if (::setfsuid(static_cast<uid_t>(-1)) != static_cast<int>(entry.pw_uid)) {
    return Error{Errc::forbidden, "cannot act as user \"" + job_.user + "\"", "user"};
  }
  return {};
}

// unshare gives the thread a working folder and umask of its own: all relative names below are the sandbox's, and those
// of other threads are not touched.
Result<void> Fetching::enter() {
  if (::unshare(CLONE_FS) != 0) return errno_error("unshare", errno);
  ::umask(022);
  if (!job_.user.empty()) {
    auto switched = become_user();
    if (!switched) return switched.error();
  }
  if (::chdir(job_.sandbox.c_str()) != 0) return errno_error("change to " + job_.sandbox, errno);
  return {};
}

// Opens a new file below the sandbox. No part of the name may be a symbolic link: an archive could have planted it.
Result<Fd> Fetching::create(const std::string& name, mode_t mode) {
  Fd folder{::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.value < 0) return errno_error("open " + job_.sandbox, errno);
  std::string_view rest = name;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string part{rest.substr(0, slash)};
    if (slash == std::string_view::npos) {
      // A file of an earlier URI is replaced, as cp would. What cannot be removed makes O_EXCL fail.
      ::unlinkat(folder.value, part.c_str(), 0);
      Fd file{::openat(folder.value, part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)};
      if (file.value < 0) return errno_error("create " + name, errno);
      return file;
    }
    rest.remove_prefix(slash + 1);
    if (part.empty() || part == ".") continue;
    ::mkdirat(folder.value, part.c_str(), folder_mode);
    Fd next{::openat(folder.value, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (next.value < 0) return errno_error("create " + name, errno);
    folder = std::move(next);
  }
}

Result<void> Fetching::fetch_one(const FetchUri& uri) {
  if (is_cancelled()) return cancelled();
  const std::string value{trim(uri.value)};
  const std::string shown = without_password(value);
  say("Fetching URI '" + shown + "'");
  auto name = fetch_file_name(uri);
  if (!name) return name.error();
  const std::string_view scheme = split_url(value).scheme;
  const bool local = value.starts_with('/') || scheme == "file";
  // Mesos needs --frameworks_home for it, which an agent of ours does not have (mesos.md 3.9).
  if (!local && scheme.empty()) {
    return Error{Errc::invalid, "A relative path was passed for the resource, but there is no frameworks home", {}};
  }
  const bool network = scheme == "http" || scheme == "https" || scheme == "ftp" || scheme == "ftps";
  if (!local && !network) {
    return Error{Errc::unsupported, "URIs of scheme '" + std::string{scheme} + "' are not supported", {}};
  }
  auto fetched = local ? copy(value, *name) : download(value, *name);
  if (!fetched) return fetched.error();
  // Executable files are not unpacked, whatever their name (mesos.md 3.9).
  if (uri.executable) {
    if (::fchmodat(AT_FDCWD, name->c_str(), executable_mode, 0) != 0) return errno_error("chmod " + *name, errno);
  } else if (uri.extract) {
    auto extracted = extract(*name);
    if (!extracted) return extracted.error();
  }
  say("Fetched '" + shown + "' to '" + job_.sandbox + "/" + *name + "'");
  return {};
}

// Less than it was given tells curl to give up with CURLE_WRITE_ERROR.
std::size_t Fetching::on_bytes(char* bytes, std::size_t size, std::size_t count, void* download) {
  const auto& its = *static_cast<const Download*>(download);
  if (!write_fully(its.fd, bytes, size * count)) return 0;
  its.fetching.count(size * count);
  return size * count;
}

int Fetching::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const Fetching*>(self)->is_cancelled() ? 1 : 0;
}

Result<void> Fetching::download(const std::string& uri, const std::string& name) {
  // curl's global setup must not run on two threads at once.
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  say("Downloading resource from '" + without_password(uri) + "' to '" + job_.sandbox + "/" + name + "'");
  auto file = create(name, file_mode);
  if (!file) return file.error();
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(), curl_easy_cleanup};
  if (!curl) return Error{Errc::internal, "curl_easy_init failed", {}};
  Download download{*this, file->value};
  char text[CURL_ERROR_SIZE] = {};
  curl_easy_setopt(curl.get(), CURLOPT_URL, uri.c_str());
  // A server must not send us on to file:// or anything else that reads the host for it.
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, network_protocols.data());
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, network_protocols.data());
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, redirects_max);
  // Without it curl would time its lookups by SIGALRM, which is the whole process's.
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Fetching::on_bytes);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &download);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, &Fetching::on_progress);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, this);
  // A download may take hours, but not stand still: less than one byte a second is Mesos' limit (mesos.md 3.9).
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, static_cast<long>(job_.stall_timeout.count()));
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, static_cast<long>(job_.stall_timeout.count()));
  const CURLcode code = curl_easy_perform(curl.get());
  if (is_cancelled()) return cancelled();
  if (code != CURLE_OK) {
    const Errc kind = code == CURLE_OPERATION_TIMEDOUT ? Errc::timeout
                      : code == CURLE_WRITE_ERROR      ? Errc::disk
                                                       : Errc::unavailable;
    const std::string cause = text[0] != 0 ? text : curl_easy_strerror(code);
    return Error{kind, "Error downloading resource: " + cause, {}};
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  const bool ftp = uri.starts_with("ftp");
  // Nothing else counts, not even 206 or another success (mesos.md 3.9).
  if (status == (ftp ? 226 : 200)) return {};
  return Error{status == 404 ? Errc::not_found : Errc::unavailable,
               std::string{"Error downloading resource, received "} + (ftp ? "FTP" : "HTTP") + " return code " +
                   std::to_string(status),
               {}};
}

Result<void> Fetching::copy(const std::string& uri, const std::string& name) {
  auto path = local_path(uri);
  if (!path) return path.error();
  say("Copying resource from '" + *path + "' to '" + job_.sandbox + "/" + name + "'");
  const Fd in{::open(path->c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.value < 0) return errno_error("Failed to copy '" + *path + "'", errno);
  struct stat status {};
  if (::fstat(in.value, &status) != 0 || S_ISDIR(status.st_mode)) {
    return Error{Errc::invalid, "Failed to copy '" + *path + "': it is a folder", {}};
  }
  // The mode of the original, but no setuid.
  auto out = create(name, status.st_mode & 0777);
  if (!out) return out.error();
  std::vector<char> piece(piece_bytes);
  while (!is_cancelled()) {
    const ssize_t size = ::read(in.value, piece.data(), piece.size());
    if (size == 0) return {};
    if (size < 0 && errno == EINTR) continue;
    const bool good = size > 0 && write_fully(out->value, piece.data(), static_cast<std::size_t>(size));
    if (!good) return errno_error("Failed to copy '" + *path + "'", errno);
    count(static_cast<std::size_t>(size));
  }
  return cancelled();
}

// By name, as the Mesos fetcher does. The archive stays in the sandbox beside what came out of it (mesos.md 3.9).
Result<void> Fetching::extract(const std::string& name) {
  for (const char* ending : {".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"}) {
    if (!name.ends_with(ending)) continue;
    say("Extracting '" + name + "' into '" + job_.sandbox + "'");
    auto unpacked = unpack(name);
    if (!unpacked) return unpacked.error();
    return {};
  }
  if (!name.ends_with(".gz")) return {};
  say("Uncompressing '" + name + "' into '" + job_.sandbox + "'");
  return uncompress(name);
}

Error archive_error(archive* from, const std::string& what, Errc code = Errc::malformed) {
  const char* text = ::archive_error_string(from);
  return Error{code, "Failed to extract " + what + ": " + (text != nullptr ? text : "unknown error"), {}};
}

// In this process and thread: tar and unzip would have to be there, run as the user, and be trusted with links.
Result<void> Fetching::unpack(const std::string& name) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> in{archive_read_new(), archive_read_free};
  const std::unique_ptr<archive, decltype(&archive_write_free)> out{archive_write_disk_new(), archive_write_free};
  archive_read_support_filter_gzip(in.get());
  archive_read_support_filter_bzip2(in.get());
  archive_read_support_filter_xz(in.get());
  archive_read_support_format_tar(in.get());
  archive_read_support_format_gnutar(in.get());
  archive_read_support_format_zip(in.get());
  archive_write_disk_set_options(out.get(), extract_flags);
  if (archive_read_open_filename(in.get(), name.c_str(), piece_bytes) != ARCHIVE_OK) {
    return archive_error(in.get(), name);
  }
  while (true) {
    archive_entry* entry = nullptr;
    const int read = archive_read_next_header(in.get(), &entry);
    if (read == ARCHIVE_EOF) break;
    if (read < ARCHIVE_WARN) return archive_error(in.get(), name);
    auto written = write_member(in.get(), out.get(), entry);
    if (!written) return written.error();
  }
  if (archive_write_close(out.get()) < ARCHIVE_WARN) return archive_error(out.get(), name, Errc::disk);
  return {};
}

// Removes leading slashes, as tar does.
std::string relative_name(const char* name) {
  std::string_view text = name != nullptr ? name : "";
  while (text.starts_with('/')) text.remove_prefix(1);
  return std::string{text.empty() ? "." : text};
}

// An archive is input from outside: whatever could reach beyond the sandbox or the user's rights is refused or taken
// away.
Result<void> Fetching::write_member(archive* in, archive* out, archive_entry* entry) {
  const std::string name = relative_name(archive_entry_pathname(entry));
  archive_entry_set_pathname(entry, name.c_str());
  // A hard link of an absolute name would lead to a file of the host.
  const char* link = archive_entry_hardlink(entry);
  if (link != nullptr) archive_entry_set_hardlink(entry, relative_name(link).c_str());
  const auto type = archive_entry_filetype(entry);
  const bool plain = link != nullptr || type == AE_IFREG || type == AE_IFDIR || type == AE_IFLNK;
  if (!plain) return Error{Errc::malformed, "Failed to extract " + name + ": it is a device, pipe or socket", {}};
  archive_entry_set_perm(entry, archive_entry_perm(entry) & 0777);  // no setuid from outside
  if (archive_write_header(out, entry) < ARCHIVE_WARN) return archive_error(out, name);
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  while (true) {
    if (is_cancelled()) return cancelled();
    const int read = archive_read_data_block(in, &bytes, &size, &offset);
    if (read == ARCHIVE_EOF) break;
    if (read < ARCHIVE_WARN) return archive_error(in, name);
    if (archive_write_data_block(out, bytes, size, offset) < ARCHIVE_WARN) {
      return archive_error(out, name, Errc::disk);
    }
    count(size);
  }
  if (archive_write_finish_entry(out) < ARCHIVE_WARN) return archive_error(out, name, Errc::disk);
  return {};
}

Result<void> Fetching::uncompress(const std::string& name) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> in{archive_read_new(), archive_read_free};
  archive_read_support_filter_gzip(in.get());
  archive_read_support_format_raw(in.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_filename(in.get(), name.c_str(), piece_bytes) != ARCHIVE_OK ||
      archive_read_next_header(in.get(), &entry) != ARCHIVE_OK) {
    return archive_error(in.get(), name);
  }
  // "raw" takes anything, also what is not compressed at all.
  if (archive_filter_code(in.get(), 0) != ARCHIVE_FILTER_GZIP) {
    return Error{Errc::malformed, "Failed to extract " + name + ": not in gzip format", {}};
  }
  std::string target = name.substr(0, name.size() - 3);
  target = target.substr(target.rfind('/') + 1);  // into the sandbox itself, wherever the archive is
  if (target.empty()) return Error{Errc::invalid, "Failed to extract " + name + ": no name is left", {}};
  auto out = create(target, file_mode);
  if (!out) return out.error();
  std::vector<char> piece(piece_bytes);
  while (!is_cancelled()) {
    const la_ssize_t size = archive_read_data(in.get(), piece.data(), piece.size());
    if (size == 0) return {};
    if (size < 0) return archive_error(in.get(), name);
    if (!write_fully(out->value, piece.data(), static_cast<std::size_t>(size))) {
      return errno_error("write " + target, errno);
    }
    count(static_cast<std::size_t>(size));
  }
  return cancelled();
}

}  // namespace

Result<std::string> fetch_file_name(const FetchUri& uri) {
  const std::string_view value = trim(uri.value);
  const bool illegal = value.find_first_of(std::string_view{"\\'\0", 3}) != std::string_view::npos;
  if (value.empty()) return Error{Errc::invalid, "Malformed URI (missing path): ", {}};
  if (illegal) return Error{Errc::invalid, "Illegal characters in URI", {}};
  const UrlParts parts = split_url(value);
  // With a query, if there is one: a quirk of Mesos that tasks rely on (mesos.md 3.9).
  std::string name{value.substr(value.rfind('/') + 1)};
  if (!parts.scheme.empty() && parts.target.size() < 2) {
    return Error{Errc::invalid, "Malformed URI (missing path): " + without_password(value), {}};
  }
  if (!uri.output_file.empty()) {
    std::string_view rest = uri.output_file;
    if (rest.starts_with('/')) return Error{Errc::invalid, "The output file must be a relative path", {}};
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      if (rest.substr(0, end) == "..") return Error{Errc::invalid, "The output file must not contain '..'", {}};
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    name = uri.output_file;
  }
  const std::string last = name.substr(name.rfind('/') + 1);
  const bool usable = !last.empty() && last != "." && last != ".." && name.find('\0') == std::string::npos;
  if (!usable) return Error{Errc::invalid, "Malformed URI (missing path): " + without_password(value), {}};
  return name;
}

Result<void> fetch(const FetchJob& job) {
  if (job.uris.empty()) return {};
  const std::string path = job.log_path.empty() ? job.sandbox + "/stderr" : job.log_path;
  // Opened as ourselves: the agent made the sandbox and its logs.
  const Fd log{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode)};
  if (log.value < 0) return errno_error("open " + path, errno);
  if (!job.user.empty() && ::geteuid() == 0) {
    auto owned = change_owner(path, job.user);
    if (!owned && owned.error().code != Errc::not_found) return owned.error();  // an unknown user is told below
  }
  Result<void> result;
  // A thread that ends with the job: its identity, folder and umask need not be put back.
  std::thread worker{[&] { result = Fetching{job, log.value}.run(); }};
  worker.join();
  return result;
}

}  // namespace windlass
