-- Prolongs the life of everything of a thread.
-- KEYS[1] thread     HASH
-- KEYS[2] runs       LIST  ids of its runs
-- KEYS[3] approvals  SET   ids of its approvals
-- KEYS[4], ... rest  what else it has
-- ARGV[1] ttlMs           lifetime from now
-- ARGV[2] runPrefix       key prefix of runs
-- ARGV[3] eventsPrefix    key prefix of events
-- ARGV[4] approvalPrefix  key prefix of approvals
-- Returns the number of keys that there were.
local found = 0
local function touch(key) found = found + redis.call('PEXPIRE', key, ARGV[1]) end
for _, key in ipairs(KEYS) do touch(key) end
for _, run in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  touch(ARGV[2] .. run)
  touch(ARGV[3] .. run)
end
for _, approval in ipairs(redis.call('SMEMBERS', KEYS[3])) do touch(ARGV[4] .. approval) end
return found
