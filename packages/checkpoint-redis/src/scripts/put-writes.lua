-- Stores the pending writes of one task, all or none.
-- KEYS, ARGV[1], ARGV[2]  see prelude.lua
-- ARGV[3]  '1' to replace what the task has written, '0' to leave what is there
-- ARGV[4], ARGV[5], ...  per write: name, record
-- Returns 0: stored. Otherwise nothing was written: -1 foreign; -2 one of them is there in another format;
-- -4 fenced off.
if fenced_off then return -4 end
local state = thread_state()
if state == 'foreign' then return -1 end
if ARGV[3] == '1' then
  for i = 4, #ARGV, 2 do
    local found = member(ARGV[i])
    if found and not is_readable(found, ARGV[i]) then return -2 end
  end
end

if state == 'new' then redis.call('ZADD', KEY, 0, MARKER) end
for i = 4, #ARGV, 2 do
  if ARGV[3] == '1' then remove(ARGV[i]) end
  if not member(ARGV[i]) then redis.call('ZADD', KEY, 0, ARGV[i] .. ARGV[i + 1]) end
end
keep_alive()
return 0
