-- Names an approval's AgentTask in its hitl:request, and the request under the task.
-- KEYS[1] request        STRING  hitl:request
-- KEYS[2] task           STRING  hitl:task
-- KEYS[3] approval       HASH    see open.lua; its thread's deletion finds the hitl:task there
-- ARGV[1] requestBefore  what hitl:request must hold for this to go on
-- ARGV[2] requestAfter   what it holds afterwards
-- ARGV[3] requestId
-- ARGV[4] taskTtlS       lifetime of hitl:task, s
-- Returns 1 when done, 0 when hitl:request does not hold ARGV[1] (any more): nothing was changed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('HSET', KEYS[3], 'task', KEYS[2]) end
return 1
