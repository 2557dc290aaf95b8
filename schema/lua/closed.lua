-- The devices of a user that were closed are a set beside the user's hash, which `accept` reads whole. An earlier
-- version kept them in the hash, as `xDEVICE`: they move here. Its nodes do not give the set's key.
local function closed_devices(user, closed)
  closed = closed or string.gsub(user, ':user:', ':closed:', 1)
  for _, field in ipairs(redis.call('HKEYS', user)) do
    local device = string.match(field, '^x(%d+)$')
    if device then
      redis.call('SADD', closed, device)
      redis.call('HDEL', user, field)
    end
  end
  return closed
end
