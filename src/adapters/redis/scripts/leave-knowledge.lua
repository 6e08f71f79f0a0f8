-- Forgets a process that indexes no more. If it holds events still, others take them over first.
-- KEYS[1]  STREAM  events that are to be indexed
-- ARGV[1]  the consumer group
-- ARGV[2]  who leaves
-- Returns 1 when it was forgotten, 0 when it holds events.
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
