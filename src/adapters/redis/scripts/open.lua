-- Stores new approvals and publishes them to Main Service; those that exist stay as they are.
-- KEYS[1] pending  ZSET  all pending approvals
-- KEYS[2], ... approvals, six each:
--   approval    HASH    record, status, thread, due, owner, member[, decision][, task]
--   unfinished  LIST    ids of the thread's unfinished approvals
--   approvals   SET     ids of all of the thread's approvals
--   pendingOf   ZSET    the owner's pending approvals
--   request     STRING  hitl:request
--   session     STRING  hitl:session
-- ARGV[1], ... approvals, eight each:
--   requestId
--   threadId
--   record        its JSON
--   requestJson   what hitl:request holds
--   requestTtlMs  lifetime of hitl:request
--   sessionTtlMs  lifetime of hitl:session
--   runId         becomes due with a decision
--   member        the approval's name among the pending ones
-- Returns per approval 1 when it was new, 0 when it existed.
local opened = {}
for n = 1, (#KEYS - 1) / 6 do
  local k, a = (n - 1) * 6 + 1, (n - 1) * 8
  local id, member = ARGV[a + 1], ARGV[a + 8]
  if redis.call('EXISTS', KEYS[k + 1]) == 1 then
    opened[n] = 0
  else
    -- due, owner and member are what settling needs: it is given no more than the id.
    redis.call('HSET', KEYS[k + 1], 'record', ARGV[a + 3], 'status', 'pending',
      'thread', ARGV[a + 2], 'due', ARGV[a + 7], 'owner', KEYS[k + 4], 'member', member)
    redis.call('RPUSH', KEYS[k + 2], id)
    redis.call('SADD', KEYS[k + 3], id)
    redis.call('ZADD', KEYS[k + 4], 0, member)
    redis.call('ZADD', KEYS[1], 0, member)
    redis.call('SET', KEYS[k + 5], ARGV[a + 4], 'PX', ARGV[a + 5])
    redis.call('SET', KEYS[k + 6], id, 'PX', ARGV[a + 6])
    opened[n] = 1
  end
end
return opened
