-- Takes approvals out of their thread's unfinished ones.
-- KEYS[1] unfinished  LIST  ids of the thread's unfinished approvals
-- ARGV[1], ... ids    to take out
-- Returns 0.
for _, id in ipairs(ARGV) do redis.call('LREM', KEYS[1], 0, id) end
return 0
