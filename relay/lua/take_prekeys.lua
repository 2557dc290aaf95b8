-- Records that one-time prekeys were taken. The log decides who hands a prekey out: only the one whose
-- entry it is. So a prekey is handed out once and recorded once, also when a taker's transaction is
-- rolled back after this and another takes the same prekey before the projection knows. Of a device that
-- was closed, or whose account was deleted, nothing is recorded any more.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   KEYS[3] {p}:taken
-- ARGV    per prekey of any kind: device, its mark (see schema/keys.py), encoded PrekeyTaken or KemPrekeyTaken
--
-- A mark that an earlier version made is a string {p}:taken:MARK, which expires after a day. It counts.
--
-- Replies with one number per prekey: 1 it is the caller's, 0 it was handed out before, -1 its device is not
-- active.
-- The last of KEYS is {p}:log-id, the last of ARGV the log's id, or ''.
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
redis.register_function('sealstream_take_prekeys', function(keys, args)
  local wrong = not_the_log(table.remove(keys), table.remove(args))
  if wrong then return wrong end
  local marks = keys[3]
  local replies = {}
  for i = 1, #args / 3 do
    local device, mark, event = args[3 * i - 2], args[3 * i - 1], args[3 * i]
    if redis.call('HEXISTS', keys[2], 'r' .. device) == 0 then
      replies[i] = -1
    elseif redis.call('ZSCORE', marks, mark) or redis.call('EXISTS', marks .. ':' .. mark) == 1 then
      replies[i] = 0
    else
      local position = redis.call('XADD', keys[1], '*', 'e', event)
      redis.call('ZADD', marks, string.match(position, '^%d+'), mark)
      replies[i] = 1
    end
  end
  return replies
end)
