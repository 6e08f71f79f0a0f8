-- Prolongs leases.
-- KEYS[1], ... leases  HASHes  see acquire-lease.lua
-- ARGV[1] ttlMs  for how long from now
-- ARGV[2], ... holders  of the leases, in their order
-- Returns the positions in KEYS of the leases that their holder does not have (any more).
local lost = {}
for n, key in ipairs(KEYS) do
  if redis.call('HGET', key, 'holder') == ARGV[n + 1] then
    redis.call('PEXPIRE', key, ARGV[1])
  else
    lost[#lost + 1] = n
  end
end
return lost
