-- Takes a run out of those that are due, unless it has become due anew.
-- KEYS[1] due    ZSET  runs that are due, by when (Unix ms)
-- ARGV[1] runId
-- ARGV[2] since  when the caller has seen it due, or '' for whenever
-- Returns 1 when it was taken out.
if ARGV[2] ~= '' then
  local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
  if not at or tonumber(at) ~= tonumber(ARGV[2]) then return 0 end
end
return redis.call('ZREM', KEYS[1], ARGV[1])
