-- prune(ns, keep): removes the checkpoints of a namespace that nothing needs. What stays:
--   the newest `keep`;
--   every checkpoint without a child: the end of a branch, on which an interrupt may be pending, or of which
--     a run may be about to store the next one;
--   ancestors from which one of these rebuilds a delta channel: up to the nearest stored value;
--   the parent of a checkpoint of before format 4: its writes hold the child's sends.

local function needed(all, keep)
  local by_id, has_child, kept = {}, {}, {}
  for _, refs in ipairs(all) do
    by_id[refs.id] = refs
    has_child[refs.parent] = true
  end
  local roots = {}
  for i, refs in ipairs(all) do
    if i <= keep or not has_child[refs.id] then
      roots[#roots + 1] = refs
      kept[refs.id] = true
    end
  end
  for _, refs in ipairs(roots) do
    if refs.v and refs.v < 4 then kept[refs.parent] = true end
    for _, channel in ipairs(refs.deltas) do
      local ancestor = by_id[refs.parent]
      while ancestor do
        ancestor.walked = ancestor.walked or {}
        if ancestor.walked[channel] then break end
        ancestor.walked[channel] = true
        kept[ancestor.id] = true
        if ancestor.values[channel] then break end
        ancestor = by_id[ancestor.parent]
      end
    end
  end
  return kept
end

local function prune(ns, keep)
  local name = 'c' .. ns .. NUL
  if redis.call('ZLEXCOUNT', KEY, '[' .. name, '(' .. name .. '\255') <= keep then return end
  local all = {}
  for _, found in ipairs(redis.call('ZREVRANGEBYLEX', KEY, '(' .. name .. '\255', '[' .. name)) do
    local refs = references(found)
    -- One that cannot be read may need any other.
    if not refs then return end
    all[#all + 1] = refs
  end

  local kept, used = needed(all, keep), {}
  for _, refs in ipairs(all) do
    if kept[refs.id] then
      for _, value in pairs(refs.values) do used[value] = true end
    end
  end
  for _, refs in ipairs(all) do
    if not kept[refs.id] then
      remove(checkpoint_name(ns, refs.id))
      remove(writes_name(ns, refs.id))
      for _, value in pairs(refs.values) do
        if not used[value] then remove(value) end
      end
    end
  end
end
