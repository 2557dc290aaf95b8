-- Forgets an account's identity, devices and mailbox numbers, says so in the log, and records that what the log
-- has of it is to be erased. May be repeated.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   KEYS[3] {p}:closed:USER   KEYS[4] {p}:deleted   ARGV encoded AccountDeleted, user
-- Replies with the position.
redis.register_function('sealstream_delete_account', function(keys, args)
  redis.call('DEL', keys[2], keys[3])
  local position = redis.call('XADD', keys[1], '*', 'e', args[1])
  redis.call('HSET', keys[4], args[2], position)
  return position
end)
