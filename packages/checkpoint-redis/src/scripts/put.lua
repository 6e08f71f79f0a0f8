-- Stores a checkpoint and the values that are new in it, all or nothing, and prunes its namespace.
-- KEYS, ARGV[1], ARGV[2]  see prelude.lua
-- ARGV[3]  how many checkpoints to keep, '0' for all
-- ARGV[4]  name of the parent, which must be there because its values are referred to; '' when none are
-- ARGV[5], ARGV[6]  name and record of the checkpoint
-- ARGV[7], ARGV[8], ...  per new value: name, record
-- Returns 0: stored. Otherwise nothing was written: -1 foreign; -2 the checkpoint is there, damaged or in
-- another format; -3 the parent is not there; -4 fenced off; n > 0: the n-th value is there and differs.
if fenced_off then return -4 end
local state = thread_state()
if state == 'foreign' then return -1 end
if ARGV[4] ~= '' and not member(ARGV[4]) then return -3 end
local old = member(ARGV[5])
if old and not references(old) then return -2 end
for i = 7, #ARGV, 2 do
  local found = member(ARGV[i])
  if found and found ~= ARGV[i] .. ARGV[i + 1] then return (i - 5) / 2 end
end

if state == 'new' then redis.call('ZADD', KEY, 0, MARKER) end
if old then remove(ARGV[5]) end
for i = 5, #ARGV, 2 do redis.call('ZADD', KEY, 0, ARGV[i] .. ARGV[i + 1]) end
keep_alive()
if ARGV[3] ~= '0' then prune(string.match(ARGV[5], '^c([^%z]*)%z'), tonumber(ARGV[3])) end
return 0
