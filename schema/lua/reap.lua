-- Takes a node for dead: from now on none of its sockets counts, whatever is left of them on the board.
local function bury(dead)
  redis.call('ZREM', '{board}:nodes', dead)
  redis.call('HDEL', '{board}:lives', dead)
  redis.call('UNLINK', '{board}:inbox:' .. dead, '{board}:inbox-count:' .. dead)
  redis.call('SADD', '{board}:dead', dead)
end

-- Takes at most `most` sockets of dead nodes off the board, with a word to those who watch; 1 if some are left.
local function reap(most)
  for _, dead in ipairs(redis.call('SMEMBERS', '{board}:dead')) do
    local sockets = '{board}:sockets:' .. dead
    for _, entry in ipairs(redis.call('SRANDMEMBER', sockets, most)) do
      local user, device = string.match(entry, '^(%S+) (%S+)$')
      if leave(dead, user, device, false) == 0 then redis.call('SREM', sockets, entry) end
      most = most - 1
    end
    if redis.call('EXISTS', sockets) == 1 then return 1 end
    redis.call('SREM', '{board}:dead', dead)
  end
  return 0
end
