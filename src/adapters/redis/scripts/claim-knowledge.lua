-- Takes over events of processes that have died with them, and forgets processes that are long gone and hold
-- none.
-- KEYS[1] stream  STREAM  events that are to be indexed
-- ARGV[1] group      of consumers
-- ARGV[2] consumer   who asks
-- ARGV[3] idleMs     how long an event may be held without a sign of life
-- ARGV[4] limit      how many to take over
-- ARGV[5] silentMs   how long a process may be silent before it is forgotten
-- Returns the entries, {id, {field, value ...}} each.
local claimed = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], '0-0', 'COUNT', ARGV[4])
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local about = {}
  for at = 1, #consumer, 2 do about[consumer[at]] = consumer[at + 1] end
  -- With events it must stay: they would be lost with it.
  if about.pending == 0 and about.idle > tonumber(ARGV[5]) and about.name ~= ARGV[2] then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about.name)
  end
end
return claimed[2]
