-- Deletes everything of a thread but its checkpoints, and wakes who follows its runs.
-- KEYS[1] thread     HASH
-- KEYS[2] runs       LIST  ids of its runs
-- KEYS[3] approvals  SET   ids of its approvals
-- KEYS[4] pending    ZSET  all pending approvals
-- KEYS[5] due        ZSET  runs that are due
-- KEYS[6] threadsOf  ZSET  the owner's threads
-- KEYS[7], ... rest  what else it has
-- ARGV[1] threadId
-- ARGV[2] runPrefix       key prefix of runs
-- ARGV[3] eventsPrefix    key prefix of events, and the prefix of their channels
-- ARGV[4] approvalPrefix  key prefix of approvals
-- ARGV[5] requestPrefix   key prefix of hitl:request
-- ARGV[6] channel         of the thread's watchers
-- Returns the number of its runs.
local runs = redis.call('LRANGE', KEYS[2], 0, -1)
for _, run in ipairs(runs) do
  redis.call('UNLINK', ARGV[2] .. run, ARGV[3] .. run)
  redis.call('ZREM', KEYS[5], run)
end
for _, id in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  local approval = redis.call('HMGET', ARGV[4] .. id, 'owner', 'member', 'task')
  if approval[1] and approval[2] then
    redis.call('ZREM', KEYS[4], approval[2])
    redis.call('ZREM', approval[1], approval[2])
  end
  if approval[3] then redis.call('UNLINK', approval[3]) end
  redis.call('UNLINK', ARGV[4] .. id, ARGV[5] .. id)
end
redis.call('ZREM', KEYS[6], ARGV[1])
for n = 1, #KEYS do
  if n < 4 or n > 6 then redis.call('UNLINK', KEYS[n]) end
end
for _, run in ipairs(runs) do redis.call('PUBLISH', ARGV[3] .. run, 'gone') end
redis.call('PUBLISH', ARGV[6], 'gone')
return #runs
