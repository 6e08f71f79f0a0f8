-- Has a thread wait for a worker, behind its owner's other ones. One that waits already keeps its place, or
-- goes before the new prompts.
-- KEYS[1] tenants  ZSET  tenants with threads that wait, by turn
-- KEYS[2] users    ZSET  the tenant's users with threads that wait, by turn
-- KEYS[3] threads  ZSET  the user's threads that wait, in order; begun ones have scores below 0
-- ARGV[1] threadId
-- ARGV[2] tenant   its name among those who take turns
-- ARGV[3] user     the same of the user
-- ARGV[4] urgency  'new' or 'begun'
-- Returns 1 when it did not wait before, else 0.
local function last(key, from, to)
  return redis.call('ZREVRANGEBYSCORE', key, to, from, 'WITHSCORES', 'LIMIT', 0, 1)[2]
end
local place = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not place or (ARGV[4] == 'begun' and tonumber(place) >= 0) then
  local turn
  if ARGV[4] == 'begun' then
    turn = (last(KEYS[3], '-inf', '(0') or -2 ^ 52) + 1
  else
    turn = (last(KEYS[3], '0', '+inf') or 0) + 1
  end
  redis.call('ZADD', KEYS[3], string.format('%.0f', turn), ARGV[1])
end
-- Always: whatever has been lost of the turns is made good by whoever asks again.
redis.call('ZADD', KEYS[2], 'NX', (last(KEYS[2], '-inf', '+inf') or 0) + 1, ARGV[3])
redis.call('ZADD', KEYS[1], 'NX', (last(KEYS[1], '-inf', '+inf') or 0) + 1, ARGV[2])
return place and 0 or 1
