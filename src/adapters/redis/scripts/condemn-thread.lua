-- Marks a thread as being deleted, so that nothing begins on it any more.
-- KEYS[1] thread  HASH  see begin.lua
-- KEYS[2] due     ZSET  runs that are due
-- ARGV[1] owner      as text to compare
-- ARGV[2] runPrefix  key prefix of runs
-- ARGV[3] at         now, Unix ms
-- Returns 'condemned', 'busy' (a run is queued or executing) or 'gone' (the owner has no such thread).
local thread = redis.call('HMGET', KEYS[1], 'owner', 'currentRunId')
if thread[1] ~= ARGV[1] then return 'gone' end
local status = redis.call('HGET', ARGV[2] .. thread[2], 'status')
if status == 'queued' or status == 'running' then return 'busy' end
redis.call('HSETNX', KEYS[1], 'deletedAt', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[3], thread[2])
return 'condemned'
