-- Takes a thread's lease, or leaves its holder a note that there is more to do.
-- KEYS[1] lease  HASH  holder[, note]; it lives as long as the lease
-- ARGV[1] holder  who asks
-- ARGV[2] ttlMs   for how long
-- Returns 1 when it was taken, 0 when somebody else has it.
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'note', '1')
  return 0
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
