-- Moves a mailbox's floor forward over a prefix, counts what was still owed there, and appends what expired.
-- `cursor` and `floor` are what the event's count was reckoned from: 0 when the mailbox is not as it was read
-- (then nothing was done, and the caller looks again) or there is nothing to move; 1 when the floor moved.
-- Needs `owed_bytes` included before it.
local function move_floor(log, user, device, upto, cursor, floor, event)
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
end
