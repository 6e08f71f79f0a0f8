-- Takes out the thread whose turn it is: tenants take turns, then the tenant's users, then the user's threads
-- in order. Who has had a turn goes to the end; who is passed over keeps its place.
-- KEYS[1] tenants  ZSET  tenants with threads that wait, by turn (see ready.lua)
-- ARGV[1] tenantPrefix     key prefix of a tenant's users
-- ARGV[2] userPrefix       key prefix of a user's threads
-- ARGV[3] fullTenantCount
-- ARGV[4], ... fullTenants  names of tenants to pass over
-- then fullUsers  names of users to pass over
-- Returns {thread, tenant, user, '1' when others wait, else ''}, 'full' when only such wait that are to be
-- passed over, or nil.
local full = {}
for i = 4, #ARGV do
  full[(i < 4 + tonumber(ARGV[3]) and 'tenant ' or 'user ') .. ARGV[i]] = true
end
local function to_the_end(key, name, stays)
  if not stays then return redis.call('ZREM', key, name) end
  redis.call('ZADD', key, redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2] + 1, name)
end

local passed_tenants = 0
while true do
  local tenant = redis.call('ZRANGE', KEYS[1], passed_tenants, passed_tenants)[1]
  if not tenant then break end
  local users = ARGV[1] .. tenant
  local passed_users = 0
  local user = not full['tenant ' .. tenant] and redis.call('ZRANGE', users, 0, 0)[1]
  while user do
    local thread = not full['user ' .. user] and redis.call('ZPOPMIN', ARGV[2] .. user)[1]
    if thread then
      to_the_end(users, user, redis.call('EXISTS', ARGV[2] .. user) == 1)
      to_the_end(KEYS[1], tenant, redis.call('EXISTS', users) == 1)
      return {thread, tenant, user, redis.call('EXISTS', KEYS[1]) == 1 and '1' or ''}
    elseif full['user ' .. user] then
      passed_users = passed_users + 1
    else
      -- Nothing waits under that name: what waited has been lost.
      redis.call('ZREM', users, user)
    end
    user = redis.call('ZRANGE', users, passed_users, passed_users)[1]
  end
  if redis.call('EXISTS', users) == 1 then
    passed_tenants = passed_tenants + 1
  else
    redis.call('ZREM', KEYS[1], tenant)
  end
end
return passed_tenants > 0 and 'full' or nil
