-- Renews a node's life. Nodes without a heartbeat for a while are taken for dead, all at once; their sockets are
-- reaped in steps.
--
-- A node has a life on the board from the first heartbeat until it is taken for dead, or the board lost
-- its data; then it gets another, and must register its sockets again. It recognises the change by the life's name,
-- not by the reply to one heartbeat, which may be lost.
--
-- KEYS[1] {board}:nodes   ARGV node, the silence that means death (ms), how many sockets to reap at most, the name
--                         under which the node serves its own sockets
-- Replies {life, left}: the name of the node's life, or '' while what it had in the one before is still being
-- reaped; 1 when sockets of dead nodes are left, else 0.
--#include inbox
--#include watchers
--#include reap
redis.register_function('sealstream_heartbeat', function(keys, args)
  local node = args[1]
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local life = redis.call('HGET', '{board}:lives', node)
  if life then redis.call('ZADD', keys[1], now, node) end  -- before it might be taken for dead itself
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', keys[1], '-inf', now - args[2])) do bury(dead) end
  local left = reap(tonumber(args[3]))
  if not life and redis.call('SISMEMBER', '{board}:dead', node) == 0 then
    life = string.format('%.0f', time[1] * 1000000 + time[2])
    redis.call('HSET', '{board}:lives', node, life)
    redis.call('ZADD', keys[1], now, node)
  end
  if life then redis.call('HSET', '{board}:serving', node, args[4]) end
  return {life or '', left}
end)
