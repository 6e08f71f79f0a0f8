-- Prolongs leases.
-- KEYS     HASHes  the leases (see acquire-lease.lua)
-- ARGV[1]  for how long from now, ms
-- ARGV[2], ...  per lease its holder
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
