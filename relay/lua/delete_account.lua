-- Forgets an account's identity, devices and mailbox numbers, appends that to the log, and records that what the log
-- has of it is to be erased. May be repeated.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   KEYS[3] {p}:deleted   KEYS[4] {p}:closed:USER
-- ARGV    encoded AccountDeleted, user
-- Replies with the position.
-- The last of KEYS is {p}:log-id, the last of ARGV the log's id, or ''.
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
--#include closed
--#include owed_bytes
redis.register_function('sealstream_delete_account', function(keys, args)
  local wrong = not_the_log(table.remove(keys), table.remove(args))
  if wrong then return wrong end
  for _, field in ipairs(redis.call('HKEYS', keys[2])) do
    local device = string.match(field, '^o(%d+)$')
    if device then forget_owed(keys[2], device) end
  end
  redis.call('DEL', keys[2], closed_devices(keys[2], keys[4]))
  local position = redis.call('XADD', keys[1], '*', 'e', args[1])
  redis.call('HSET', keys[3], args[2], position)
  return position
end)
