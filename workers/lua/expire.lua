-- Moves a mailbox's floor over envelopes that outlived their time.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER
-- ARGV    device, upto, the cursor and the floor that the event's count was reckoned from, encoded event
-- Replies 1 when the floor moved, else 0.
--#include owed_bytes
--#include floor
redis.register_function('sealstream_expire', function(keys, args)
  return move_floor(
    keys[1], keys[2], args[1], tonumber(args[2]), tonumber(args[3]), tonumber(args[4]), args[5])
end)
