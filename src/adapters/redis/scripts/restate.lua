-- Says in hitl:request what stands of a settled approval, and keeps the decision that came too late.
-- KEYS[1] approval       HASH    see open.lua
-- KEYS[2] request        STRING  hitl:request
-- ARGV[1] status         that the approval must have for this to go on
-- ARGV[2] requestBefore  what hitl:request must hold
-- ARGV[3] requestAfter   what it holds afterwards; '' when it stays as it is
-- ARGV[4] decision       JSON of the approval's decision, with the late one
-- Returns 1 when done, 0 when something was not as read: nothing was changed.
if redis.call('HGET', KEYS[1], 'status') ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'decision', ARGV[4])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'KEEPTTL') end
return 1
