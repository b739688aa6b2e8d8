-- For wrk: prints what was measured as one line of JSON. With an argument, `-- scale APPS`, each request is a write:
-- POST /v1/apps/scale of one app after the other, to one instance, then to two, then to one.

local apps, sent = 0, 0

function init(args)
  if args[1] == "scale" then apps = tonumber(args[2]) end
end

function request()
  if apps == 0 then return wrk.format() end
  local body = string.format('{"id": "waits%d", "instances": %d}', sent % apps, 1 + math.floor(sent / apps) % 2)
  sent = sent + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end

function done(summary, latency)
  local errors = summary.errors
  local line = '{"requests": %d, "seconds": %f, "p50": %f, "p90": %f, "p99": %f, "refused": %d, "broken": %d}\n'
  io.write(string.format(line, summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(90) / 1e3, latency:percentile(99) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
