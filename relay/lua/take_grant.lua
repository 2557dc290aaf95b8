-- Takes a grant out, so that it is used once.
--
-- KEYS[1] grant:{DIGEST}   string
-- Replies its value, or false when it is gone.
redis.register_function('sealstream_take_grant', function(keys, args)
  local value = redis.call('GET', keys[1])
  redis.call('DEL', keys[1])
  return value
end)
