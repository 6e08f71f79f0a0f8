-- Walks the ancestors of a checkpoint for what rebuilds its delta channels: for each channel the writes
-- on the way up to, and on, the nearest ancestor that stores a value, and that value.
-- KEYS, ARGV[1], ARGV[2]  see prelude.lua; reading lets the thread live on
-- ARGV[3]  namespace, escaped
-- ARGV[4]  id of the checkpoint, escaped; '' for the newest
-- ARGV[5], ...  channels, escaped
-- Returns {0, values, writes per ancestor}: members as stored, nearest ancestor first. {-1}: foreign.
-- {-2}: an ancestor is damaged or of another format.
local state = thread_state()
if state == 'foreign' then return { -1 } end
if state == 'new' then return { 0, {}, {} } end
keep_alive()

local ns, wanted, remaining = ARGV[3], {}, 0
for i = 5, #ARGV do
  if not wanted[ARGV[i]] then
    wanted[ARGV[i]] = true
    remaining = remaining + 1
  end
end

local values, steps = {}, {}
local name = 'c' .. ns .. NUL
local found
if ARGV[4] ~= '' then
  found = member(checkpoint_name(ns, ARGV[4]))
else
  found = redis.call('ZREVRANGEBYLEX', KEY, '(' .. name .. '\255', '[' .. name, 'LIMIT', 0, 1)[1]
end

local is_ancestor = false
while found and remaining > 0 do
  local refs = references(found)
  if not refs then return { -2 } end
  if is_ancestor then
    local writes = {}
    local prefix = writes_name(ns, refs.id)
    for _, write in ipairs(members(prefix)) do
      -- task, index, format, task path, channel
      local channel = string.match(write, '^[^%z]*%z[^%z]*%z.[^%z]*%z([^%z]*)%z', #prefix + 1)
      if not channel then return { -2 } end
      if wanted[channel] then writes[#writes + 1] = write end
    end
    steps[#steps + 1] = writes
    for channel, value in pairs(refs.values) do
      local stored = wanted[channel] and member(value)
      if stored then
        values[#values + 1] = stored
        wanted[channel] = nil
        remaining = remaining - 1
      end
    end
  end
  is_ancestor = true
  found = refs.parent ~= '' and member(checkpoint_name(ns, refs.parent))
end
return { 0, values, steps }
