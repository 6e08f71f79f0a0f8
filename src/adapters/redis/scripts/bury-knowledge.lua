-- Moves an event that cannot be indexed to the dead ones, as it is, where a person may look at it.
-- KEYS[1] stream  STREAM  events that are to be indexed
-- KEYS[2] dead    STREAM  the dead ones; about so many of the last are kept
-- ARGV[1] group  of consumers
-- ARGV[2] id     of the entry
-- ARGV[3] most   how many dead ones are kept
-- Returns 1 when it was moved, 0 when it was not there.
local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
if #found == 0 then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(found[1][2]))
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
