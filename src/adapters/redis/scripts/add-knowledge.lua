-- Adds received domain events to those that are to be indexed, except the ones that were added before.
-- KEYS[1] stream     STREAM  events that are to be indexed
-- KEYS[2], ... seen  STRINGs  an event was received
-- ARGV[1] seenTtlMs    how long an event is remembered
-- ARGV[2] format       version of the events' format
-- ARGV[3], ... events  their JSON, in the order of `seen`
-- Returns a list: 1 for an event that was added, 0 for a duplicate.
local added = {}
for at = 2, #KEYS do
  if redis.call('SET', KEYS[at], '1', 'NX', 'PX', ARGV[1]) then
    redis.call('XADD', KEYS[1], '*', 'v', ARGV[2], 'event', ARGV[at + 1])
    added[#added + 1] = 1
  else
    added[#added + 1] = 0
  end
end
return added
