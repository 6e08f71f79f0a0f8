-- Records which kind of checkpoint saver this Redis holds threads of.
-- KEYS[1] recorded  STRING  the recorded kind
-- ARGV[1] kind     the kind asked for
-- ARGV[2] replace  '1' to replace another kind
-- Returns the kind that was recorded before, or nil. It is replaced when it was `memory`, which keeps
-- nothing.
local recorded = redis.call('GET', KEYS[1])
if not recorded or recorded == 'memory' or ARGV[2] == '1' then
  redis.call('SET', KEYS[1], ARGV[1])
end
return recorded
