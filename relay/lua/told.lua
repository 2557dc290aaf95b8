-- Remembers how many expired envelopes a device was told of, so that the next connection tells only of others.
--
-- KEYS[1] {p}:user:USER   KEYS[2] {p}:log-id   ARGV device, how many in all, the log's id or ''
-- Replies 1 when that is news, else 0 (also for a device that is not active).
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
redis.register_function('sealstream_told', function(keys, args)
  local wrong = not_the_log(keys[2], args[3])
  if wrong then return wrong end
  local registration, told = unpack(redis.call('HMGET', keys[1], 'r' .. args[1], 'n' .. args[1]))
  if not registration or tonumber(args[2]) <= tonumber(told or 0) then return 0 end
  redis.call('HSET', keys[1], 'n' .. args[1], args[2])
  return 1
end)
