-- Stores what came of an effect. After its conclusion the outcome is kept beside that, and changes nothing of
-- it.
-- KEYS[1] effects  HASH  the thread's effects
-- ARGV[1] name  the effect's
-- ARGV[2] done  JSON of the effect with its outcome
-- ARGV[3], ... concluded, two each:
--   prefix   how the JSON of an effect that has been concluded begins
--   instead  what to store then
-- Returns 0.
local standing = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local next = ARGV[2]
for at = 3, #ARGV, 2 do
  if string.sub(standing, 1, #ARGV[at]) == ARGV[at] then next = ARGV[at + 1] end
end
redis.call('HSET', KEYS[1], ARGV[1], next)
return 0
