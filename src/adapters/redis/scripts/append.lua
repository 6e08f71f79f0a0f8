-- Adds events to a run's log, all or none, and wakes its watchers.
-- KEYS[1] log  STREAM  the run's events: ids `<seq>-0`; `<lastSeq>-1` is the mark that closes the log
-- ARGV[1] channel  of the watchers
-- ARGV[2] ttlMs    lifetime of the log
-- ARGV[3], ... events, two each:
--   seq
--   event  its JSON
-- Returns 0 when stored; -1 when the log is closed; n > 0 when the n-th event is not the next one.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local next_seq = 1
if last then
  local seq, mark = string.match(last[1], '^(%d+)-(%d+)$')
  if mark ~= '0' then return -1 end
  next_seq = tonumber(seq) + 1
end
for i = 3, #ARGV, 2 do
  if tonumber(ARGV[i]) ~= next_seq then return (i - 1) / 2 end
  next_seq = next_seq + 1
end
for i = 3, #ARGV, 2 do
  -- The field's name is the format version of the value.
  redis.call('XADD', KEYS[1], ARGV[i] .. '-0', 'v1', ARGV[i + 1])
end
-- From then on it is prolonged with its thread (touch.lua).
if not last then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('PUBLISH', ARGV[1], ARGV[#ARGV - 1])
return 0
