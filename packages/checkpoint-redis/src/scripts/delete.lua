-- Deletes a thread, whatever is in it.
-- KEYS, ARGV[1], ARGV[2]  see prelude.lua
-- Returns 0: it is gone; -4: fenced off, and still there.
if fenced_off then return -4 end
redis.call('UNLINK', KEY)
return 0
