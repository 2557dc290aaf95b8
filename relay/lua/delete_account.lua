-- Forgets an account's identity, devices and mailbox numbers and says so in the log. May be repeated.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   ARGV encoded AccountDeleted
-- Replies with the position.
redis.register_function('sealstream_delete_account', function(keys, args)
  redis.call('DEL', keys[2])
  return redis.call('XADD', keys[1], '*', 'e', args[1])
end)
