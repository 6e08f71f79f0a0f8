-- Reads a thread's unfinished approvals at one moment.
-- KEYS[1] unfinished      LIST  their ids in order of opening
-- ARGV[1] approvalPrefix  key prefix of approvals: the ids, and so the keys, are known only in here
-- Returns per approval {request id, {record, status, decision}}.
local found = {}
for n, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  found[n] = {id, redis.call('HMGET', ARGV[1] .. id, 'record', 'status', 'decision')}
end
return found
