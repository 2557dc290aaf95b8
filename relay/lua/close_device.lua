-- Closes a device for good and appends that to the log.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   KEYS[3] {p}:closed:USER   ARGV device, encoded DeviceClosed
--
-- Replies {'ok', position}; {'closed'} when it was closed before; {'unknown'} when it never was active.
-- The last of KEYS is {p}:log-id, the last of ARGV the log's id, or ''.
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
--#include closed
--#include owed_bytes
redis.register_function('sealstream_close_device', function(keys, args)
  local wrong = not_the_log(table.remove(keys), table.remove(args))
  if wrong then return wrong end
  local user, device = keys[2], args[1]
  local closed = closed_devices(user, keys[3])
  if redis.call('SISMEMBER', closed, device) == 1 then return {'closed'} end
  if redis.call('HEXISTS', user, 'r' .. device) == 0 then return {'unknown'} end
  for letter in string.gmatch('rhcfeno', '.') do redis.call('HDEL', user, letter .. device) end
  forget_owed(user, device)
  redis.call('SADD', closed, device)
  return {'ok', redis.call('XADD', keys[1], '*', 'e', args[2])}
end)
