-- A node says that it lives; nodes that have not said so for a while are reaped, with their sockets.
--
-- KEYS[1] {board}:nodes   ARGV node, the silence that means death (ms), how many sockets to reap at most
-- Replies with 1 when the board did not know the node, or took it for dead and may have reaped some of its
-- sockets (it must register them again), else 0.
--#include inbox
--#include watchers
--#include reap
redis.register_function('sealstream_heartbeat', function(keys, args)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local before = tonumber(redis.call('ZSCORE', keys[1], args[1]) or 0)
  redis.call('ZADD', keys[1], now, args[1])
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', keys[1], '-inf', now - args[2], 'LIMIT', 0, 4)) do
    reap(dead, args[3])
  end
  return before <= now - args[2] and 1 or 0
end)
