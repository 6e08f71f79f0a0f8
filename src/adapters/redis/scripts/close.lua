-- Closes a run's log and wakes its watchers.
-- KEYS[1] log  STREAM  the run's events (see append.lua)
-- ARGV[1] channel  of the watchers
-- ARGV[2] ttlMs    lifetime of the log
-- Returns 1 when this call closed it, 0 when it was closed.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local seq = '0'
if last then
  local mark
  seq, mark = string.match(last[1], '^(%d+)-(%d+)$')
  if mark ~= '0' then return 0 end
end
redis.call('XADD', KEYS[1], seq .. '-1', 'end', '1')
if not last then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('PUBLISH', ARGV[1], 'end')
return 1
