-- Records that an effect begins, unless it has begun before, or its thread is somebody else's by now.
-- KEYS[1] effects  HASH  the thread's effects
-- KEYS[2] lease    HASH  the thread's lease (see acquire-lease.lua); only when its holder is asked for
-- ARGV[1] name     the effect's
-- ARGV[2] started  JSON of an effect that has begun
-- ARGV[3] holder   with a lease: who must hold it
-- Returns nil when it begins now, else the JSON that stands; 0 when the lease is lost.
if KEYS[2] and redis.call('HGET', KEYS[2], 'holder') ~= ARGV[3] then return 0 end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then return nil end
return redis.call('HGET', KEYS[1], ARGV[1])
