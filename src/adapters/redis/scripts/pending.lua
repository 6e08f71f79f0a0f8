-- Reads pending approvals in the order of their names, and forgets those whose record is gone or damaged:
-- nobody could ever settle them.
-- KEYS[1] pending  ZSET  a name is the time of expiry (16 digits), ':' and the request id
-- ARGV[1] from            start of the range: '-', or '(' and the name to go on after
-- ARGV[2] limit           how many
-- ARGV[3] approvalPrefix  key prefix of approvals: the ids, and so the keys, are known only in here
-- ARGV[4], ... fields     to read
-- Returns per approval {name, {field, ...}}.
local found = {}
local from = ARGV[1]
local fields = {}
for n = 4, #ARGV do fields[n - 3] = ARGV[n] end
repeat
  local members = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, ARGV[2] - #found)
  for _, member in ipairs(members) do
    -- pcall: one key of another type must not hide all other approvals.
    local approval = redis.pcall('HMGET', ARGV[3] .. string.sub(member, 18), 'status', unpack(fields))
    if approval[1] == 'pending' then
      found[#found + 1] = {member, {unpack(approval, 2, #fields + 1)}}
    else
      redis.call('ZREM', KEYS[1], member)
    end
    from = '(' .. member
  end
until #members == 0
return found
