-- Moves a run to another status if it has one of the given ones; it becomes due now.
-- KEYS[1] run  HASH  record, threadId, status, updatedAt[, index][, queuedOf, queuedIn][, attempt]
--   [, workedMs][, error][, workers][, alone]
-- KEYS[2] due  ZSET  runs that are due
-- ARGV[1] runId
-- ARGV[2] status     the new one
-- ARGV[3] at         now, Unix ms
-- ARGV[4] ttlMs      lifetime of the record
-- ARGV[5] error      JSON of the error to set, or ''
-- ARGV[6] attempt    to set, or ''
-- ARGV[7] ifAttempt  the attempt that the run must be in, or '' for any
-- ARGV[8] worker     who begins to work on it, or ''
-- ARGV[9] alone      '1' when it works on nothing else meanwhile
-- ARGV[10] workedMs  the ms that it was worked on, to set, or ''
-- ARGV[11], ... from  the statuses to move from
-- Returns {record, status, updatedAt, error, attempt, workedMs, workers, alone} after the move, or nil when
-- nothing was changed.
local run = redis.call('HMGET', KEYS[1], 'status', 'index', 'threadId')
local status, index = run[1], run[2]
local allowed = false
for i = 11, #ARGV do
  if ARGV[i] == status then allowed = true end
end
if not allowed then return nil end
-- A run begins with its first attempt, which stands in the record only.
if ARGV[7] ~= '' and (redis.call('HGET', KEYS[1], 'attempt') or '1') ~= ARGV[7] then return nil end
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'updatedAt', ARGV[3])
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'error', ARGV[5]) end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'attempt', ARGV[6]) end
if ARGV[10] ~= '' then redis.call('HSET', KEYS[1], 'workedMs', ARGV[10]) end
-- Whoever brings about another status has worked to a stop, and is not the next end of a process.
if ARGV[2] ~= 'running' then redis.call('HDEL', KEYS[1], 'workers', 'alone') end
if ARGV[2] == 'running' and ARGV[8] ~= '' then
  local workers = ''
  for one in string.gmatch(redis.call('HGET', KEYS[1], 'workers') or '', '%S+') do
    if one ~= ARGV[8] then workers = workers .. one .. ' ' end
  end
  redis.call('HSET', KEYS[1], 'workers', workers .. ARGV[8])
  if ARGV[9] == '1' then redis.call('HSET', KEYS[1], 'alone', ARGV[8]) else redis.call('HDEL', KEYS[1], 'alone') end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
if status == 'queued' then
  for _, queued in ipairs(redis.call('HMGET', KEYS[1], 'queuedOf', 'queuedIn')) do
    if queued then redis.call('ZREM', queued, ARGV[1]) end
  end
end
-- The owner's list of threads; runs of the first version are in none.
if index then redis.call('ZADD', index, 'XX', ARGV[3], run[3]) end
return redis.call('HMGET', KEYS[1], 'record', 'status', 'updatedAt', 'error', 'attempt', 'workedMs', 'workers', 'alone')
