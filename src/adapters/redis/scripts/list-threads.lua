-- Reads an owner's threads, last changed first, and forgets those whose record is gone.
-- KEYS[1] threadsOf  ZSET  the owner's threads by their last change (Unix ms)
-- ARGV[1] from              score to begin at, or '+inf'
-- ARGV[2] after             with a score: only threads after this one among those of that score; '' for all
-- ARGV[3] limit             how many to find
-- ARGV[4] most              how many to look at: the rest is another call's, so that nobody waits for long
-- ARGV[5] status            only those whose last run has this status, or ''
-- ARGV[6] threadPrefix      key prefix of threads
-- ARGV[7] runPrefix         key prefix of runs
-- ARGV[8] unfinishedPrefix  key prefix of unfinished approvals
-- ARGV[9] approvalPrefix    key prefix of approvals
-- Returns {rows, {id, score} of the last one looked at, or nil at the end};
-- a row is {thread id, score, record, status, number of pending approvals}.
local function pending(thread)
  local count = 0
  for _, id in ipairs(redis.call('LRANGE', ARGV[8] .. thread, 0, -1)) do
    if redis.call('HGET', ARGV[9] .. id, 'status') == 'pending' then count = count + 1 end
  end
  return count
end

local rows, looked, offset, last = {}, 0, 0, nil
local limit, most = tonumber(ARGV[3]), tonumber(ARGV[4])
while true do
  local page = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[1], '-inf', 'WITHSCORES', 'LIMIT', offset, 100)
  if #page == 0 then return {rows, false} end
  for at = 1, #page, 2 do
    local id, score = page[at], page[at + 1]
    local seen = ARGV[2] ~= '' and tonumber(score) == tonumber(ARGV[1]) and id >= ARGV[2]
    local thread = not seen and redis.call('HMGET', ARGV[6] .. id, 'record', 'currentRunId', 'deletedAt')
    if thread and not thread[1] then
      redis.call('ZREM', KEYS[1], id)
    else
      offset = offset + 1
      if thread then
        looked, last = looked + 1, {id, score}
        local status = thread[2] and redis.call('HGET', ARGV[7] .. thread[2], 'status')
        if status and not thread[3] and (ARGV[5] == '' or ARGV[5] == status) then
          rows[#rows + 1] = {id, score, thread[1], status, pending(id)}
        end
        if #rows == limit or looked == most then return {rows, last} end
      end
    end
  end
end
