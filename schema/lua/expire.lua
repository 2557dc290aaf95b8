-- Moves a mailbox's floor forward over a prefix, counts the owed envelopes in it, and appends what expired: by
-- retention for envelopes that outlived their time, by a node for numbers that never come
-- (relay/delivery/lost_numbers.py).
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   KEYS[3] {p}:log-id
-- ARGV    device, upto, the cursor and the floor that the event's count was reckoned from, encoded event, the
--         log's id or ''
-- Replies 1 when the floor moved. Else 0, and nothing was done: the mailbox is not as it was read (the caller
-- reads it again), or there is nothing to move. ANOTHERLOG: the log is not the one of that id.
--#include belongs
--#include owed_bytes
redis.register_function('sealstream_expire', function(keys, args)
  local log, user, device, event = keys[1], keys[2], args[1], args[5]
  local upto, cursor, floor = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  local wrong = not_the_log(keys[3], args[6])
  if wrong then return wrong end
  local registration, head, now_cursor, now_floor = unpack(redis.call(
    'HMGET', user, 'r' .. device, 'h' .. device, 'c' .. device, 'f' .. device))
  head, now_cursor, now_floor = tonumber(head or 0), tonumber(now_cursor or 0), tonumber(now_floor or 0)
  if not registration or now_cursor ~= cursor or now_floor ~= floor then return 0 end
  local settled = math.max(cursor, floor)
  if upto > head or upto <= settled then return 0 end
  redis.call('HSET', user, 'f' .. device, string.format('%.0f', upto))
  redis.call('HINCRBY', user, 'e' .. device, string.format('%.0f', upto - settled))
  redis.call('XADD', log, '*', 'n', string.format('%.0f', upto), 'e', event)
  if upto == head then forget_owed(user, device) end
  return 1
end)
