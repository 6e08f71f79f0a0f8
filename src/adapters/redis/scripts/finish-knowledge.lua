-- Forgets events that were taken into the index.
-- KEYS[1] stream  STREAM  events that are to be indexed
-- ARGV[1] group     of consumers
-- ARGV[2], ... ids  of the entries
-- Returns how many were still there.
local ids = {}
for at = 2, #ARGV do ids[#ids + 1] = ARGV[at] end
redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
return redis.call('XDEL', KEYS[1], unpack(ids))
