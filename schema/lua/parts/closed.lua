-- The devices of a user that were closed are a set beside the user's hash, which `accept` reads whole. An earlier
-- version kept them in the hash, as `xDEVICE`: they move here.
local function closed_devices(user, closed)
  for _, field in ipairs(redis.call('HKEYS', user)) do
    local device = string.match(field, '^x(%d+)$')
    if device then
      redis.call('SADD', closed, device)
      redis.call('HDEL', user, field)
    end
  end
  return closed
end
