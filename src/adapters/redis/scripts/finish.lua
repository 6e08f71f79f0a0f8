-- Takes approvals out of their thread's unfinished ones.
-- KEYS[1]  LIST  ids of the thread's unfinished approvals
-- ARGV     the ids to take out
for _, id in ipairs(ARGV) do redis.call('LREM', KEYS[1], 0, id) end
return 0
