-- Notifies every node that holds a socket of `watcher` that `subject` is now `field` ('on' or 'off').
local function notify_watcher(watcher, subject, field)
  local flat = redis.call('HGETALL', '{board}:presence:' .. watcher)
  local notified = {}
  for i = 1, #flat, 2 do
    local node = string.match(flat[i + 1], '^(%S+)')
    if not notified[node] and redis.call('ZSCORE', '{board}:nodes', node) then
      notified[node] = true
      append_to_inbox(node, {field, watcher .. ' ' .. subject})
    end
  end
end

-- Whether any device of `user` is on a node that lives.
local function online(user)
  local flat = redis.call('HGETALL', '{board}:presence:' .. user)
  for i = 1, #flat, 2 do
    if redis.call('ZSCORE', '{board}:nodes', string.match(flat[i + 1], '^(%S+)')) then return true end
  end
  return false
end

-- Whether any device of `user` watches `other`.
local function watches(user, other)
  return redis.call('HEXISTS', '{board}:watch:' .. user, other) == 1
end

-- Exchanges the list of one device (an array). A user watches whom any of the devices watches, so those who
-- watch back are notified when the first device begins to watch, and when the last one stops.
local function exchange_watched(user, device, wanted)
  local union, list = '{board}:watch:' .. user, '{board}:watch:' .. user .. ':' .. device
  local before = {}
  for _, other in ipairs(redis.call('SMEMBERS', list)) do before[other] = true end
  redis.call('DEL', list)
  for _, other in ipairs(wanted) do
    local is_new = redis.call('SADD', list, other) == 1 and not before[other]
    before[other] = nil
    if is_new and redis.call('HINCRBY', union, other, 1) == 1 and watches(other, user) then
      notify_watcher(other, user, 'on')
    end
  end
  for other in pairs(before) do
    if redis.call('HINCRBY', union, other, -1) < 1 then
      redis.call('HDEL', union, other)
      if watches(other, user) then notify_watcher(other, user, 'off') end
    end
  end
end

-- Removes a device's presence if `where` ('NODE SOCKET', or false for any on `node`) still holds, and its
-- list of watched users with it: so the last device that leaves takes the user offline.
local function leave(node, user, device, where)
  local presence = '{board}:presence:' .. user
  local now = redis.call('HGET', presence, device)
  if not now or (where and now ~= where) or string.match(now, '^(%S+)') ~= node then return 0 end
  redis.call('HDEL', presence, device)
  redis.call('SREM', '{board}:sockets:' .. node, user .. ' ' .. device)
  exchange_watched(user, device, {})
  return 1
end
