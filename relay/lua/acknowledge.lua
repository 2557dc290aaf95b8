-- Moves cursors forward and appends what was acknowledged. A cursor never goes back, an
-- acknowledgement that moves nothing appends nothing.
--
-- KEYS[1]   {p}:log
-- KEYS[i+1] of acknowledgement i: {p}:user:USER; the last: {p}:log-id
-- ARGV[1]   the log's id, or ''
-- ARGV[2…]  per acknowledgement: device, upto, encoded event
--
-- Replies with the position of the last entry that was appended, or false, and then one array per
-- acknowledgement: {1, cursor}; {0, head} when `upto` is beyond the head (nothing was done); {-1} when the
-- device is not active. ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include owed_bytes
--#include belongs
redis.register_function('sealstream_acknowledge', function(keys, args)
  local wrong = not_the_log(table.remove(keys), args[1])
  if wrong then return wrong end
  local replies = {false}
  for i = 1, #keys - 1 do
    local user_key = keys[i + 1]
    local device, upto, event = args[3 * i - 1], tonumber(args[3 * i]), args[3 * i + 1]
    local registration, head, cursor = unpack(
      redis.call('HMGET', user_key, 'r' .. device, 'h' .. device, 'c' .. device))
    head, cursor = tonumber(head or 0), tonumber(cursor or 0)
    if not registration then
      replies[i + 1] = {-1}
    elseif upto > head then
      replies[i + 1] = {0, head}
    else
      if upto > cursor then
        redis.call('HSET', user_key, 'c' .. device, string.format('%.0f', upto))
        replies[1] = redis.call('XADD', keys[1], '*', 'n', string.format('%.0f', upto), 'e', event)
        if upto == head then forget_owed(user_key, device) end
        cursor = upto
      end
      replies[i + 1] = {1, cursor}
    end
  end
  return replies
end)
