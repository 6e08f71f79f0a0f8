-- Forgets events that were taken into the index.
-- KEYS[1]  STREAM  events that are to be indexed
-- ARGV[1]  the consumer group
-- ARGV[2..]  entry ids
-- Returns how many were still there.
local ids = {}
for at = 2, #ARGV do ids[#ids + 1] = ARGV[at] end
redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
return redis.call('XDEL', KEYS[1], unpack(ids))
