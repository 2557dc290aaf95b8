-- Records that one-time prekeys were taken. The log decides who hands a prekey out: only the one whose
-- entry it is. So a prekey is handed out once and recorded once, also when a taker's transaction is
-- rolled back after this and another takes the same prekey before the projection knows. Of a device that
-- was closed, or whose account was deleted, nothing is recorded any more.
--
-- KEYS[1]   {p}:log   KEYS[2] {p}:user:USER
-- KEYS[i+2] {p}:taken:USER:DEVICE:ID of prekey i
-- ARGV      how long a mark stays (seconds), then per prekey: device, encoded PrekeyTaken
--
-- Replies with one number per prekey: 1 it is the caller's, 0 it was handed out before, -1 its device is not
-- active.
redis.register_function('sealstream_take_prekeys', function(keys, args)
  local replies = {}
  for i = 1, #keys - 2 do
    local device, event = args[2 * i], args[2 * i + 1]
    if redis.call('HEXISTS', keys[2], 'r' .. device) == 0 then
      replies[i] = -1
    elseif redis.call('SET', keys[i + 2], '1', 'NX', 'EX', args[1]) then
      redis.call('XADD', keys[1], '*', 'e', event)
      replies[i] = 1
    else
      replies[i] = 0
    end
  end
  return replies
end)
