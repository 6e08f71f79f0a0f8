-- Reads checkpoints with what belongs to them.
-- KEYS, ARGV[1], ARGV[2]  see prelude.lua; reading lets the thread live on
-- ARGV[3]  'full', or 'heads' for the checkpoints alone, or 'names' for no more than what they are called
-- ARGV[4]  how many of each range
-- ARGV[5], ARGV[6], ...  ranges, newest end first: max, min
-- Returns {0, checkpoints, values, writes}: members as stored; checkpoints newest first within their range,
-- values and writes once each, however many checkpoints refer to them. {-1}: foreign.
local state = thread_state()
if state == 'foreign' then return { -1 } end
if state == 'new' then return { 0, {}, {}, {} } end
keep_alive()

local checkpoints, values, writes, seen = {}, {}, {}, {}
local function collect(into, name)
  if seen[name] then return end
  seen[name] = true
  for _, found in ipairs(members(name)) do into[#into + 1] = found end
end

for i = 5, #ARGV, 2 do
  for _, found in ipairs(redis.call('ZREVRANGEBYLEX', KEY, ARGV[i], ARGV[i + 1], 'LIMIT', 0, ARGV[4])) do
    checkpoints[#checkpoints + 1] = ARGV[3] == 'names' and string.match(found, '^c[^%z]*%z[^%z]*%z') or found
    -- What cannot be followed is reported by the caller, who sees it as well.
    local refs = ARGV[3] == 'full' and references(found)
    if refs then
      for _, name in pairs(refs.values) do collect(values, name) end
      collect(writes, writes_name(refs.ns, refs.id))
      -- Before format 4 the sends of a step were not in a channel but pending on the parent.
      if refs.v and refs.v < 4 and refs.parent ~= '' then collect(writes, writes_name(refs.ns, refs.parent)) end
    end
  end
end
return { 0, checkpoints, values, writes }
