-- Records that one-time prekeys were taken. The log decides who hands a prekey out: only the one whose
-- entry it is. So a prekey is handed out once and recorded once, also when a taker's transaction is
-- rolled back after this and another takes the same prekey before the projection knows.
--
-- KEYS[1]   {p}:log
-- KEYS[i+1] {p}:taken:USER:DEVICE:ID of prekey i
-- ARGV      how long a mark stays (seconds), then per prekey: encoded PrekeyTaken
--
-- Replies with one number per prekey: 1 it is the caller's, 0 it was handed out before.
redis.register_function('sealstream_take_prekeys', function(keys, args)
  local replies = {}
  for i = 1, #keys - 1 do
    if redis.call('SET', keys[i + 1], '1', 'NX', 'EX', args[1]) then
      redis.call('XADD', keys[1], '*', 'e', args[i + 1])
      replies[i] = 1
    else
      replies[i] = 0
    end
  end
  return replies
end)
