-- Keeps who works on a run.
-- KEYS[1] run  HASH  ...[, workers: ids with a blank between, the last to begin stands last]
--   [, alone: one of them]
-- ARGV[1] worker
-- ARGV[2] what    'begins' | 'progressed' | 'joined' | 'left'
-- Returns 1, or 0 when nothing was changed.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local others, known, last = {}, false, nil
for one in string.gmatch(redis.call('HGET', KEYS[1], 'workers') or '', '%S+') do
  if one == ARGV[1] then known = true else others[#others + 1] = one end
  last = one
end
local function store(workers)
  if #workers == 0 then redis.call('HDEL', KEYS[1], 'workers') else
    redis.call('HSET', KEYS[1], 'workers', table.concat(workers, ' '))
  end
end
if ARGV[2] == 'begins' then
  others[#others + 1] = ARGV[1]
  store(others)
  return 1
end
if not known then return 0 end
if ARGV[2] == 'progressed' then
  -- Somebody else has taken the run up since.
  if last ~= ARGV[1] then return 0 end
  redis.call('HDEL', KEYS[1], 'workers', 'alone')
  return 1
end
if redis.call('HGET', KEYS[1], 'alone') == ARGV[1] then redis.call('HDEL', KEYS[1], 'alone') end
if ARGV[2] == 'left' then store(others) end
return 1
