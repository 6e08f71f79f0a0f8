-- Reads all approvals that a thread has had.
-- KEYS[1] approvals  SET  their ids
-- ARGV[1] approvalPrefix  key prefix of approvals: the ids, and so the keys, are known only in here
-- ARGV[2], ... fields  to read
-- Returns per approval {request id, {field, ...}}.
local found = {}
local fields = {}
for n = 2, #ARGV do fields[n - 1] = ARGV[n] end
for n, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  found[n] = {id, redis.call('HMGET', ARGV[1] .. id, unpack(fields))}
end
return found
