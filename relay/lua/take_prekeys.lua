-- Records that one-time prekeys were taken. The log decides who hands a prekey out: only the one whose
-- entry it is. So a prekey is handed out once and recorded once, also when a taker's transaction is
-- rolled back after this and another takes the same prekey before the projection knows. Of a device that
-- was closed, or whose account was deleted, nothing is recorded any more.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:user:USER   KEYS[3] {p}:taken
-- ARGV    per prekey: device, its mark USER:DEVICE:ID, encoded PrekeyTaken
--
-- A node of the version before gives KEYS[3…] {p}:taken:MARK, and ARGV a time, then per prekey device and event. That
-- version's marks are strings of that name, which expire after a day: they count.
--
-- Replies with one number per prekey: 1 it is the caller's, 0 it was handed out before, -1 its device is not
-- active.
-- The last of ARGV is the log's id, or ''. ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
local function of_the_version_before(keys, args)
  local found = {}
  for i = 3, #keys do
    local device, event = args[2 * i - 4], args[2 * i - 3]
    local mark = string.match(keys[i], ':taken:(.+)$')
    for _, part in ipairs({device, mark, event}) do found[#found + 1] = part end
  end
  return found
end

redis.register_function('sealstream_take_prekeys', function(keys, args)
  local wrong = not_the_log(keys[1], table.remove(args))
  if wrong then return wrong end
  local marks = string.gsub(keys[1], ':log$', ':taken')
  if keys[3] ~= marks then args = of_the_version_before(keys, args) end
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
