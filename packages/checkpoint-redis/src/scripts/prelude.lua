-- Begins every script on a thread (layout.ts says what is in it). Each script has
-- KEYS[1]  ZSET  the thread
-- ARGV[1]  its marker
-- ARGV[2]  time to live in ms, '0' for ever
-- and returns -1, or {-1}, without having written, when the key is there and not marked as ours. A script
-- that writes may have
-- KEYS[2]  HASH  its fence; the last two ARGV are then a field of it, and the value with which this writer
--   may write
-- and returns -4, without having written, when the field holds another one.
local fenced_off = false
if KEYS[2] then
  local value, field = table.remove(ARGV), table.remove(ARGV)
  fenced_off = redis.call('HGET', KEYS[2], field) ~= value
end
local KEY, MARKER, TTL = KEYS[1], ARGV[1], tonumber(ARGV[2])
local NUL = '\0'

local function thread_state()
  if redis.call('ZSCORE', KEY, MARKER) then return 'ours' end
  if redis.call('EXISTS', KEY) == 0 then return 'new' end
  return 'foreign'
end

local function keep_alive()
  if TTL > 0 then redis.call('PEXPIRE', KEY, TTL) end
end

-- No name holds the byte 255: it ends the range of what a name begins.
local function members(name)
  return redis.call('ZRANGEBYLEX', KEY, '[' .. name, '(' .. name .. '\255')
end

local function member(name)
  return redis.call('ZRANGEBYLEX', KEY, '[' .. name, '(' .. name .. '\255', 'LIMIT', 0, 1)[1]
end

local function remove(name)
  redis.call('ZREMRANGEBYLEX', KEY, '[' .. name, '(' .. name .. '\255')
end

-- What the record of a member called `name` begins with is its format.
local function is_readable(found, name)
  return string.sub(found, #name + 1, #name + 1) == '1'
end

-- The references of a checkpoint; nil when it is damaged or of another format.
local function references(checkpoint)
  local ns, id, parent, v, count, at =
    string.match(checkpoint, '^c([^%z]*)%z([^%z]*)%z1([^%z]*)%z([^%z]*)%z(%d+)%z()')
  if not ns then return nil end
  local found = { ns = ns, id = id, parent = parent, v = tonumber(v), values = {}, deltas = {} }
  for _ = 1, tonumber(count) do
    local channel, version, filled, after = string.match(checkpoint, '^([^%z]*)%z([^%z]*)%z([01])%z()', at)
    if not channel then return nil end
    at = after
    if filled == '1' then
      found.values[channel] = table.concat({ 'b', ns, NUL, channel, NUL, version, NUL })
    end
  end
  count, at = string.match(checkpoint, '^(%d+)%z()', at)
  if not count then return nil end
  for _ = 1, tonumber(count) do
    local channel, after = string.match(checkpoint, '^([^%z]*)%z()', at)
    if not channel then return nil end
    at = after
    table.insert(found.deltas, channel)
  end
  return found
end

local function checkpoint_name(ns, id) return 'c' .. ns .. NUL .. id .. NUL end
local function writes_name(ns, id) return 'w' .. ns .. NUL .. id .. NUL end
