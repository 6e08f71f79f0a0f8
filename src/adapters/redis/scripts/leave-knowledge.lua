-- Forgets a process that indexes no more. Events that it holds still are anybody's at once, and it is
-- forgotten after them.
-- KEYS[1] stream  STREAM  events that are to be indexed
-- ARGV[1] group        of consumers
-- ARGV[2] consumer     who leaves
-- ARGV[3] abandonedMs  as how long held its events are to count: longer than anybody is left alone
-- Returns 1 when it was forgotten, 0 when it holds events.
local held = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])
for _, entry in ipairs(held) do
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, entry[1], 'IDLE', ARGV[3], 'JUSTID')
end
if #held > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
