-- Adds a received domain event to those that are to be indexed, unless the same one was added before.
-- KEYS[1]  STRING  the event was received
-- KEYS[2]  STREAM  events that are to be indexed
-- ARGV[1]  how long an event is remembered, ms
-- ARGV[2]  format version
-- ARGV[3]  the event, JSON
-- Returns 1 when it was added, 0 for a duplicate.
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[2], '*', 'v', ARGV[2], 'event', ARGV[3])
return 1
