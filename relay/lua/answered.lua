-- The remembered answer to a send that was accepted, as `accept` gave it; false when there is none.
--
-- KEYS[1] {p}:seen:RECIPIENT:SENDER.DEVICE:ID   ARGV[1] how long an answer is remembered (seconds)
--#include seen
redis.register_function('sealstream_answered', function(keys, args)
  local seen = recall(seen_place(keys[1]), tonumber(args[1]))
  return seen and with_digests(seen) or false
end)
