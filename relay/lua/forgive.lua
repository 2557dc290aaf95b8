-- Takes back one admission, as if the event had not happened (a log-in attempt that did not fail).
--
-- KEYS[1] limit:NAME:{SUBJECT}   ARGV the event's id
-- Replies 1, or 0 when the window does not hold the event any more.
redis.register_function('sealstream_forgive', function(keys, args)
  return redis.call('ZREM', keys[1], args[1])
end)
