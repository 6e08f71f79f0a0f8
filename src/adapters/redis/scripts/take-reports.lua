-- Finds runs whose report is due, and puts them off.
-- KEYS[1] due  ZSET  runs whose report is due, by when (Unix ms)
-- ARGV[1] now      Unix ms
-- ARGV[2] nextDue  until when they are put off, Unix ms
-- ARGV[3] limit    how many
-- Returns their ids, longest due first.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, run in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[2], run) end
return due
