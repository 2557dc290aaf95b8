-- Remembers how many expired envelopes a device was notified of. The next connection notifies it of others only.
--
-- KEYS[1] {p}:user:USER   KEYS[2] {p}:log-id   ARGV device, how many in all, the log's id or ''
-- Replies 1 when that is news, else 0 (also for a device that is not active).
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
redis.register_function('sealstream_mark_notified', function(keys, args)
  local wrong = not_the_log(keys[2], args[3])
  if wrong then return wrong end
  local registration, notified = unpack(redis.call('HMGET', keys[1], 'r' .. args[1], 'n' .. args[1]))
  if not registration or tonumber(args[2]) <= tonumber(notified or 0) then return 0 end
  redis.call('HSET', keys[1], 'n' .. args[1], args[2])
  return 1
end)
