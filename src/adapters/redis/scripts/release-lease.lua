-- Gives a thread's lease back, unless somebody has left a note: then it is prolonged, and the note is gone.
-- KEYS[1] lease  HASH  see acquire-lease.lua
-- ARGV[1] holder
-- ARGV[2] ttlMs   for how long to prolong it
-- Returns 'released' | 'again' | 'lost' (the holder does not have it any more).
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 'lost' end
if redis.call('HDEL', KEYS[1], 'note') == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 'again'
end
redis.call('DEL', KEYS[1])
return 'released'
