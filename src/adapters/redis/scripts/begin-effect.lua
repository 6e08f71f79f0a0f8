-- Records that an effect begins, unless it has begun before.
-- KEYS[1]  HASH  the thread's effects
-- ARGV[1]  the effect's name
-- ARGV[2]  JSON of an effect that has begun
-- Returns nil when it begins now, else the JSON that stands.
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then return nil end
return redis.call('HGET', KEYS[1], ARGV[1])
