-- Takes a node for dead: from now on none of its sockets counts, whatever is left of them on the board.
local function bury(dead)
  redis.call('ZREM', '{board}:nodes', dead)
  redis.call('HDEL', '{board}:lives', dead)
  redis.call('HDEL', '{board}:serving', dead)
  redis.call('UNLINK', '{board}:inbox:' .. dead, '{board}:inbox-count:' .. dead)
  redis.call('SADD', '{board}:dead', dead)
end

-- Takes at most `most` sockets of dead nodes off the board and notifies the watchers; a socket with a long list of
-- watched users counts as several, as it takes as long. 1 if some are left.
local function reap(most)
  for _, dead in ipairs(redis.call('SMEMBERS', '{board}:dead')) do
    local sockets = '{board}:sockets:' .. dead
    for _, entry in ipairs(redis.call('SRANDMEMBER', sockets, most)) do
      if most <= 0 then return 1 end
      local user, device = string.match(entry, '^(%S+) (%S+)$')
      local watched = redis.call('SCARD', '{board}:watch:' .. user .. ':' .. device)
      if leave(dead, user, device, false) == 0 then redis.call('SREM', sockets, entry) end
      most = most - 1 - math.floor(watched / 20)
    end
    most = math.max(most, 0)
    if redis.call('EXISTS', sockets) == 1 then return 1 end
    redis.call('SREM', '{board}:dead', dead)
  end
  return 0
end
