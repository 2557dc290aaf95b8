-- A worker says that it lives; those that have been silent for too long are left out.
--
-- KEYS[1] members:GROUP   ARGV worker, the silence that means death (ms)
-- Replies with the living workers, in the order of their names.
redis.register_function('sealstream_join', function(keys, args)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', keys[1], now, args[1])
  redis.call('ZREMRANGEBYSCORE', keys[1], '-inf', '(' .. now - args[2])
  redis.call('PEXPIRE', keys[1], args[2] * 10)
  local members = redis.call('ZRANGE', keys[1], 0, -1)
  table.sort(members)
  return members
end)
