-- Finds runs that are due and that nobody works on, and puts off all that were due. A run whose record is gone, or
-- is none, is forgotten: nobody could ever take it up.
-- KEYS[1]  ZSET  runs that are due, by when (Unix ms)
-- ARGV[1]  now, Unix ms
-- ARGV[2]  until when they are put off, Unix ms; later than now, or this would not end
-- ARGV[3]  how many to find
-- ARGV[4]  key prefix of runs
-- ARGV[5]  key prefix of leases
-- Returns {run id, thread id} per run, longest due first.
local taken = {}
local limit = tonumber(ARGV[3])
while #taken < limit do
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, limit - #taken)
  if #due == 0 then break end
  for _, run in ipairs(due) do
    -- pcall: one key of another type must not hide all other runs.
    local thread = redis.pcall('HGET', ARGV[4] .. run, 'threadId')
    if type(thread) == 'string' then
      redis.call('ZADD', KEYS[1], ARGV[2], run)
      if redis.call('EXISTS', ARGV[5] .. thread) == 0 then taken[#taken + 1] = {run, thread} end
    else
      redis.call('ZREM', KEYS[1], run)
    end
  end
end
return taken
