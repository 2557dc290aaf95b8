-- Appends an event about a user that depends on nothing in the directory.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER (not looked at: the same form as all calls)   ARGV encoded event
-- Replies with the position.
-- The last of KEYS is {p}:log-id, the last of ARGV the log's id, or ''.
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
redis.register_function('sealstream_record', function(keys, args)
  local wrong = not_the_log(table.remove(keys), table.remove(args))
  if wrong then return wrong end
  return redis.call('XADD', keys[1], '*', 'e', args[1])
end)
