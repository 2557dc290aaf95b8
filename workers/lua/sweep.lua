-- Sweeps the board: nodes that died when no other was there to reap them, what is left of nodes that the
-- board does not know, and presence that points to such nodes.
--
-- KEYS[1] {board}:nodes (the slot)
-- ARGV    the silence that means death (ms), how many sockets to reap at most; then pairs:
--         'node', NODE of an inbox or a set of sockets; 'user', USER of a presence entry
-- Replies with how many nodes and devices were taken off.
--#include inbox
--#include watchers
--#include reap
redis.register_function('sealstream_sweep', function(keys, args)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local swept = 0
  local function sweep(node)
    if redis.call('SISMEMBER', '{board}:dead', node) == 0 then swept = swept + 1 end
    bury(node)
  end
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', keys[1], '-inf', now - args[1])) do sweep(dead) end
  for i = 3, #args, 2 do
    local name = args[i + 1]
    if args[i] == 'node' and not redis.call('ZSCORE', keys[1], name) then
      sweep(name)
    elseif args[i] == 'user' then
      local flat = redis.call('HGETALL', '{board}:presence:' .. name)
      for j = 1, #flat, 2 do
        local node = string.match(flat[j + 1], '^(%S+)')
        if not redis.call('ZSCORE', keys[1], node) then swept = swept + leave(node, name, flat[j], false) end
      end
    end
  end
  reap(tonumber(args[2]))
  return swept
end)
