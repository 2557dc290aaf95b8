-- Moves a mailbox's floor over envelopes that can never be offered (see relay/delivery/lost_numbers.py).
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   KEYS[3] {p}:log-id
-- ARGV    device, upto, the cursor and the floor that the event's count was reckoned from, encoded event, the
--         log's id or ''
-- Replies 1 when the floor moved, else 0. ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
--#include owed_bytes
--#include floor
redis.register_function('sealstream_give_up', function(keys, args)
  local wrong = not_the_log(keys[3], args[6])
  if wrong then return wrong end
  return move_floor(
    keys[1], keys[2], args[1], tonumber(args[2]), tonumber(args[3]), tonumber(args[4]), args[5])
end)
