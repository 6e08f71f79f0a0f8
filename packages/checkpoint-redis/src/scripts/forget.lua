-- Removes a thread from the index, unless it was written to since.
-- KEYS[1]  ZSET  the index of threads
-- ARGV[1]  the thread's id
-- ARGV[2]  its score when it was found to be gone
-- Returns 1 when removed, else 0.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
