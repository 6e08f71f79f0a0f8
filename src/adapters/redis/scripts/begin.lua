-- Claims a thread for a run's owner, makes the run its current one, and wakes the thread's watchers.
-- KEYS[1] thread       HASH  record, owner, updatedAt, currentRunId
-- KEYS[2] run          HASH  the new one: record, threadId, status, updatedAt, index, queuedOf, queuedIn
--   [, attempt][, error]
-- KEYS[3] runs         LIST  ids of the thread's runs
-- KEYS[4] due          ZSET  runs that are due
-- KEYS[5] threadsOf    ZSET  the owner's threads
-- KEYS[6] unfinished   LIST  ids of the thread's unfinished approvals
-- KEYS[7] approvals    SET   ids of all of the thread's approvals
-- KEYS[8] effects      HASH  what the thread's tool calls have done
-- KEYS[9] queuedOf     ZSET  the user's queued runs, by their beginning
-- KEYS[10] queuedIn    ZSET  the tenant's queued runs, by their beginning
-- KEYS[11] idempotent  HASH  the Idempotency-Key: runId, digest; only when there is one
-- ARGV[1] owner         as text to compare
-- ARGV[2] runId         the new run's
-- ARGV[3] threadId
-- ARGV[4] threadRecord  JSON of the thread, for its first use
-- ARGV[5] runRecord     JSON of the run
-- ARGV[6] createdAt     of the run, Unix ms
-- ARGV[7] updatedAt     of the run, Unix ms
-- ARGV[8] replaces      id of the waiting run that this one replaces, or ''
-- ARGV[9] runPrefix     key prefix of runs: the current run's key is known only in here
-- ARGV[10] ttlMs        lifetime of what is written
-- ARGV[11] channel      of the thread's watchers
-- ARGV[12] userCap      how many queued runs the user may have, or '' for any number
-- ARGV[13] tenantCap    the same for the tenant
-- ARGV[14] bodyDigest   with an Idempotency-Key: digest of the request's body
-- ARGV[15] keyTtlMs     with an Idempotency-Key: its lifetime
-- Returns {'started'} | {'repeated', runId} | {'mismatch'} | {'foreign'} | {'busy', runId, status} |
-- {'exists'} | {'corrupt'} | {'deleting'} | {'full', 'user' or 'tenant'}.
-- Everything but 'started' has changed no record.

-- Whether so many runs are queued that no other may be. What is not queued any more (a process of an older
-- version has left it, or its record is gone) is taken out when it would count.
local function is_full(queued, most)
  if most == '' then return false end
  while redis.call('ZCARD', queued) >= tonumber(most) do
    local stale = {}
    for _, run in ipairs(redis.call('ZRANGE', queued, 0, 31)) do
      if redis.call('HGET', ARGV[9] .. run, 'status') ~= 'queued' then stale[#stale + 1] = run end
    end
    if #stale == 0 then return true end
    redis.call('ZREM', queued, unpack(stale))
  end
  return false
end
local function full_scope()
  return is_full(KEYS[9], ARGV[12]) and 'user' or is_full(KEYS[10], ARGV[13]) and 'tenant'
end

if KEYS[11] then
  local first = redis.call('HMGET', KEYS[11], 'runId', 'digest')
  if first[1] and redis.call('EXISTS', ARGV[9] .. first[1]) == 1 then
    if first[2] ~= ARGV[14] then return {'mismatch'} end
    return {'repeated', first[1]}
  end
end

local known = redis.call('EXISTS', KEYS[1]) == 1
local current
if known then
  local thread = redis.call('HMGET', KEYS[1], 'owner', 'currentRunId', 'deletedAt')
  if not thread[1] or not thread[2] then return {'corrupt'} end
  if thread[1] ~= ARGV[1] then return {'foreign'} end
  if thread[3] then return {'deleting'} end
  current = thread[2]
end

local replaced
if current then
  local status = redis.call('HGET', ARGV[9] .. current, 'status')
  local over = not status or status == 'completed' or status == 'failed' or status == 'cancelled'
  replaced = status == 'waiting' and current == ARGV[8]
  -- Before somebody gives up the approvals of the waiting run for one that could not begin.
  local full = status == 'waiting' and not replaced and full_scope()
  if full then return {'full', full} end
  if not over and not replaced then return {'busy', current, status} end
end
local full = not replaced and full_scope()
if full then return {'full', full} end
if redis.call('EXISTS', KEYS[2]) == 1 then return {'exists'} end

-- First, because it fails on a list of another type: nothing has been written then.
redis.call('LLEN', KEYS[3])
-- What is left of a thread whose record is gone was its last owner's.
if not known then redis.call('UNLINK', KEYS[3], KEYS[6], KEYS[7], KEYS[8]) end
redis.call('RPUSH', KEYS[3], ARGV[2])
if replaced then
  redis.call('HSET', ARGV[9] .. current, 'status', 'cancelled', 'updatedAt', ARGV[6])
end
if not known then redis.call('HSET', KEYS[1], 'record', ARGV[4], 'owner', ARGV[1]) end
redis.call('HSET', KEYS[1], 'currentRunId', ARGV[2], 'updatedAt', ARGV[6])
-- index, queuedOf, queuedIn: a transition is given no more than the run.
redis.call('HSET', KEYS[2], 'record', ARGV[5], 'threadId', ARGV[3], 'status', 'queued', 'updatedAt', ARGV[7],
  'index', KEYS[5], 'queuedOf', KEYS[9], 'queuedIn', KEYS[10])
for n = 9, 10 do
  redis.call('ZADD', KEYS[n], ARGV[6], ARGV[2])
  redis.call('PEXPIRE', KEYS[n], ARGV[10])
end
redis.call('ZADD', KEYS[4], ARGV[6], ARGV[2])
redis.call('ZADD', KEYS[5], ARGV[7], ARGV[3])
for _, n in ipairs({1, 2, 3, 5}) do redis.call('PEXPIRE', KEYS[n], ARGV[10]) end
if KEYS[11] then
  redis.call('HSET', KEYS[11], 'runId', ARGV[2], 'digest', ARGV[14])
  redis.call('PEXPIRE', KEYS[11], ARGV[15])
end
redis.call('PUBLISH', ARGV[11], ARGV[2])
return {'started'}
