-- Tells every node that holds a socket of `watcher` that `subject` is now `field` ('on' or 'off').
local function tell_watcher(watcher, subject, field)
  local flat = redis.call('HGETALL', '{board}:presence:' .. watcher)
  local told = {}
  for i = 1, #flat, 2 do
    local node = string.match(flat[i + 1], '^(%S+)')
    if not told[node] and redis.call('ZSCORE', '{board}:nodes', node) then
      told[node] = true
      tell(node, {field, watcher .. ' ' .. subject})
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

-- Removes a device's presence if `where` ('NODE SOCKET', or false for any on `node`) still holds; when
-- it was the user's last, those who watch each other with the user are told.
local function leave(node, user, device, where)
  local presence = '{board}:presence:' .. user
  local now = redis.call('HGET', presence, device)
  if not now or (where and now ~= where) or string.match(now, '^(%S+)') ~= node then return 0 end
  redis.call('HDEL', presence, device)
  redis.call('SREM', '{board}:sockets:' .. node, user .. ' ' .. device)
  if redis.call('EXISTS', presence) == 1 then return 1 end
  local watch = '{board}:watch:' .. user
  for _, other in ipairs(redis.call('SMEMBERS', watch)) do
    if redis.call('SISMEMBER', '{board}:watch:' .. other, user) == 1 then tell_watcher(other, user, 'off') end
  end
  redis.call('DEL', watch)
  return 1
end
