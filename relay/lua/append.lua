-- Appends an event of an active device, as long as the account has the identity that the event was
-- judged by.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   ARGV device, identity key, encoded event
--
-- Replies with the position, or false when the device is not active or the identity is another.
-- The last of KEYS is {p}:log-id, the last of ARGV the log's id, or ''.
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
redis.register_function('sealstream_append', function(keys, args)
  local wrong = not_the_log(table.remove(keys), table.remove(args))
  if wrong then return wrong end
  local registration, identity = unpack(redis.call('HMGET', keys[2], 'r' .. args[1], 'i'))
  if not registration or identity ~= args[2] then return false end
  return redis.call('XADD', keys[1], '*', 'e', args[3])
end)
