-- Keeps with a run what Main Service has been told about it.
-- KEYS[1] run  HASH
-- ARGV[1] report  JSON of the state
-- Returns 1, or 0 when there is no such run.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'report', ARGV[1])
return 1
