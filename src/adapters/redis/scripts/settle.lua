-- Moves one approval out of `pending`, and hitl:request with it; its run becomes due.
-- KEYS[1] approval       HASH    see open.lua
-- KEYS[2] request        STRING  hitl:request
-- KEYS[3] pending        ZSET    all pending approvals
-- KEYS[4] due            ZSET    runs that are due
-- KEYS[5] settled        ZSET    settled approvals that Main Service may still decide otherwise
-- ARGV[1] status         the new one
-- ARGV[2] decision       its JSON
-- ARGV[3] decidedAt      when the run becomes due, Unix ms
-- ARGV[4] requestIs      what hitl:request must be for this to go on: 'absent', or the 'same' as ARGV[5]
-- ARGV[5] requestBefore  what it held
-- ARGV[6] requestAfter   what it holds afterwards; '' when it stays as it is
-- ARGV[7] settledId      the approval's id among the settled ones; '' when it is none of those
-- Returns {outcome, {record, status, decision}}; outcome 1: settled now; 0: it was settled;
-- -1: hitl:request is not as read (any more); -2: there is no such approval; -3: the record lacks fields.
-- With an outcome below 0 nothing was changed.
local approval = redis.call('HMGET', KEYS[1], 'status', 'due', 'owner', 'member')
local status, due, owner, member = approval[1], approval[2], approval[3], approval[4]
if not status and redis.call('EXISTS', KEYS[1]) == 0 then return {-2, {}} end
local outcome = 0
if status == 'pending' then
  if not (due and owner and member) then return {-3, {}} end
  -- Also when it is not written: a decision that has just come must not be overtaken.
  local expected = ARGV[4] == 'same' and ARGV[5]
  if redis.call('GET', KEYS[2]) ~= expected then return {-1, {}} end
  if ARGV[6] ~= '' then redis.call('SET', KEYS[2], ARGV[6], 'KEEPTTL') end
  redis.call('HSET', KEYS[1], 'status', ARGV[1], 'decision', ARGV[2])
  redis.call('ZREM', KEYS[3], member)
  redis.call('ZREM', owner, member)
  if ARGV[7] ~= '' then redis.call('ZADD', KEYS[5], ARGV[3], ARGV[7]) end
  -- Never the time that it was due at: whoever is about to say `not due` has to notice.
  local at = tonumber(ARGV[3])
  local before = redis.call('ZSCORE', KEYS[4], due)
  if before and tonumber(before) == at then at = at + 1 end
  redis.call('ZADD', KEYS[4], at, due)
  outcome = 1
end
return {outcome, redis.call('HMGET', KEYS[1], 'record', 'status', 'decision')}
