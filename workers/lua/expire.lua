-- Moves a mailbox's floor forward over a prefix, counts what was still owed there, and appends what expired.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER
-- ARGV    device, upto, the cursor and the floor that the event's count was reckoned from, encoded event
-- Replies 1 when the floor moved; 0 when there was nothing to move or the mailbox is not as it was read
-- (then nothing was done, and the caller looks again).
redis.register_function('sealstream_expire', function(keys, args)
  local device, upto = args[1], tonumber(args[2])
  local registration, head, cursor, floor = unpack(redis.call(
    'HMGET', keys[2], 'r' .. device, 'h' .. device, 'c' .. device, 'f' .. device))
  head, cursor, floor = tonumber(head or 0), tonumber(cursor or 0), tonumber(floor or 0)
  if not registration or cursor ~= tonumber(args[3]) or floor ~= tonumber(args[4]) then return 0 end
  if upto > head or upto <= math.max(cursor, floor) then return 0 end
  redis.call('HSET', keys[2], 'f' .. device, string.format('%.0f', upto))
  redis.call('HINCRBY', keys[2], 'e' .. device, string.format('%.0f', upto - math.max(cursor, floor)))
  redis.call('XADD', keys[1], '*', 'n', string.format('%.0f', upto), 'e', args[5])
  return 1
end)
