-- Reads which settled approvals Main Service may still decide otherwise, oldest first, and forgets those that
-- have been watched for long enough.
-- KEYS[1] settled  ZSET  their ids, by when they were settled (Unix ms)
-- ARGV[1] limit   how many
-- ARGV[2] before  those that were settled before this (Unix ms) are looked at a last time
-- Returns their ids.
local ids = redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1)
for _, id in ipairs(ids) do
  if tonumber(redis.call('ZSCORE', KEYS[1], id)) < tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], id) end
end
return ids
