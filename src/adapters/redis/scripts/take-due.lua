-- Finds runs that are due and that nobody works on, and puts off all that were due: those that somebody works
-- on no longer than the lease has left, so that nobody waits for a worker that has died. A run whose record
-- is gone, or is none, is forgotten, and so is one whose thread is: nobody could ever take it up.
-- KEYS[1] due  ZSET  runs that are due, by when (Unix ms)
-- ARGV[1] now           Unix ms
-- ARGV[2] nextDue       until when they are put off, Unix ms; later than now, or this would not end
-- ARGV[3] limit         how many to find
-- ARGV[4] runPrefix     key prefix of runs
-- ARGV[5] leasePrefix   key prefix of leases
-- ARGV[6] threadPrefix  key prefix of threads
-- Returns {run id, thread id, owner as text, status} per run, longest due first.
local taken = {}
local limit = tonumber(ARGV[3])
while #taken < limit do
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, limit - #taken)
  if #due == 0 then break end
  for _, run in ipairs(due) do
    -- pcall: one key of another type must not hide all other runs.
    local found = redis.pcall('HMGET', ARGV[4] .. run, 'threadId', 'status')
    local thread = not found.err and found[1]
    local owner = thread and redis.pcall('HGET', ARGV[6] .. thread, 'owner')
    if type(owner) == 'string' then
      local left = redis.call('PTTL', ARGV[5] .. thread)
      if left == -2 then taken[#taken + 1] = {run, thread, owner, found[2] or ''} end
      -- One more: in its last millisecond a lease still stands.
      local again = left >= 0 and ARGV[1] + left + 1 or math.huge
      redis.call('ZADD', KEYS[1], math.min(again, ARGV[2]), run)
    else
      redis.call('ZREM', KEYS[1], run)
    end
  end
end
return taken
