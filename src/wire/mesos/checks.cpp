#include "wire/mesos/convert.hpp"

namespace windlass::convert {
namespace {

// Fields without a value are kept apart from empty ones: the default path and scheme are the checker's to choose, and
// an encoded task must not say more than the framework did.
HttpCheck http_from(const pb::HealthCheck::HTTPCheckInfo& in) {
  HttpCheck out{.port = in.port()};
  if (in.has_path()) out.path = in.path();
  if (in.has_scheme()) out.scheme = in.scheme();
  out.statuses = {in.statuses().begin(), in.statuses().end()};
  if (in.has_protocol()) out.family = static_cast<AddressFamily>(in.protocol());
  return out;
}

void http_to(const HttpCheck& in, pb::HealthCheck::HTTPCheckInfo& out) {
  out.set_port(in.port);
  if (in.path) out.set_path(*in.path);
  if (in.scheme) out.set_scheme(*in.scheme);
  for (const std::uint32_t status : in.statuses) out.add_statuses(status);
  if (in.family) out.set_protocol(static_cast<pb::NetworkInfo::Protocol>(*in.family));
}

TcpCheck tcp_from(const pb::HealthCheck::TCPCheckInfo& in) {
  TcpCheck out{.port = in.port()};
  if (in.has_protocol()) out.family = static_cast<AddressFamily>(in.protocol());
  return out;
}

void tcp_to(const TcpCheck& in, pb::HealthCheck::TCPCheckInfo& out) {
  out.set_port(in.port);
  if (in.family) out.set_protocol(static_cast<pb::NetworkInfo::Protocol>(*in.family));
}

}  // namespace

HealthCheck from(const pb::HealthCheck& in) {
  HealthCheck out{.type = static_cast<CheckType>(in.type())};
  // Old frameworks do not set the type. As the Mesos master does, it is taken from what they fill in (mesos.md 2.6).
  if (!in.has_type() && in.has_command() && !in.has_http()) out.type = CheckType::command;
  if (!in.has_type() && in.has_http() && !in.has_command()) out.type = CheckType::http;
  if (in.has_command()) out.command = from(in.command());
  if (in.has_http()) out.http = http_from(in.http());
  if (in.has_tcp()) out.tcp = tcp_from(in.tcp());
  out.delay = duration_from(in.delay_seconds());
  out.interval = duration_from(in.interval_seconds());
  out.timeout = duration_from(in.timeout_seconds());
  out.grace_period = duration_from(in.grace_period_seconds());
  out.consecutive_failures = in.consecutive_failures();
  return out;
}

void to(const HealthCheck& in, pb::HealthCheck& out) {
  out.set_type(static_cast<pb::HealthCheck::Type>(in.type));
  if (in.command) to(*in.command, *out.mutable_command());
  if (in.http) http_to(*in.http, *out.mutable_http());
  if (in.tcp) tcp_to(*in.tcp, *out.mutable_tcp());
  out.set_delay_seconds(seconds_of(in.delay));
  out.set_interval_seconds(seconds_of(in.interval));
  out.set_timeout_seconds(seconds_of(in.timeout));
  out.set_grace_period_seconds(seconds_of(in.grace_period));
  out.set_consecutive_failures(in.consecutive_failures);
}

// Unlike a health check, a check has its command one level deeper, and only port and path for HTTP.
CheckInfo from(const pb::CheckInfo& in) {
  CheckInfo out{.type = static_cast<CheckType>(in.type())};
  if (in.has_command()) out.command = from(in.command().command());
  if (in.has_http()) {
    out.http = HttpCheck{.port = in.http().port()};
    if (in.http().has_path()) out.http->path = in.http().path();
  }
  if (in.has_tcp()) out.tcp = TcpCheck{.port = in.tcp().port()};
  out.delay = duration_from(in.delay_seconds());
  out.interval = duration_from(in.interval_seconds());
  out.timeout = duration_from(in.timeout_seconds());
  return out;
}

void to(const CheckInfo& in, pb::CheckInfo& out) {
  out.set_type(static_cast<pb::CheckInfo::Type>(in.type));
  if (in.command) to(*in.command, *out.mutable_command()->mutable_command());
  if (in.http) {
    out.mutable_http()->set_port(in.http->port);
    if (in.http->path) out.mutable_http()->set_path(*in.http->path);
  }
  if (in.tcp) out.mutable_tcp()->set_port(in.tcp->port);
  out.set_delay_seconds(seconds_of(in.delay));
  out.set_interval_seconds(seconds_of(in.interval));
  out.set_timeout_seconds(seconds_of(in.timeout));
}

}  // namespace windlass::convert
