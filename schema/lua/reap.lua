-- Takes a node that is gone off the board: at most `most` of its sockets at once, then its inbox and entry.
local function reap(dead, most)
  local sockets = '{board}:sockets:' .. dead
  for _, entry in ipairs(redis.call('SRANDMEMBER', sockets, most)) do
    local user, device = string.match(entry, '^(%S+) (%S+)$')
    if leave(dead, user, device, false) == 0 then redis.call('SREM', sockets, entry) end
  end
  if redis.call('EXISTS', sockets) == 0 then
    redis.call('ZREM', '{board}:nodes', dead)
    redis.call('DEL', '{board}:inbox:' .. dead, '{board}:inbox-count:' .. dead)
  end
end
