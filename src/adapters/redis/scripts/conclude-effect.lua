-- Closes an effect: without an outcome it has ended as unknown, and one that has not begun never will.
-- KEYS[1] effects  HASH  the thread's effects
-- ARGV[1] name     the effect's
-- ARGV[2] started  JSON of an effect that has begun
-- ARGV[3] unknown  JSON of one that has ended as unknown
-- ARGV[4] never    JSON of one that never begins
-- Returns the JSON that stands from now on.
local standing = redis.call('HGET', KEYS[1], ARGV[1])
if standing and standing ~= ARGV[2] then return standing end
local ended = standing and ARGV[3] or ARGV[4]
redis.call('HSET', KEYS[1], ARGV[1], ended)
return ended
