-- Sets the whole list of users that `user` watches. Presence is told only between users who watch
-- each other: to both from the moment the second list names the first, no more when one stops.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV user, watched user, …
-- Replies with the watched users who watch back and are online.
--#include inbox
--#include watchers
redis.register_function('sealstream_watch', function(keys, args)
  local user = args[1]
  local list = '{board}:watch:' .. user
  local before = {}
  for _, other in ipairs(redis.call('SMEMBERS', list)) do before[other] = true end
  redis.call('DEL', list)
  local there = {}
  for i = 2, #args do
    local other = args[i]
    redis.call('SADD', list, other)
    if redis.call('SISMEMBER', '{board}:watch:' .. other, user) == 1 and online(other) then
      there[#there + 1] = other
      if not before[other] then tell_watcher(other, user, 'on') end
    end
    before[other] = nil
  end
  for other in pairs(before) do
    if redis.call('SISMEMBER', '{board}:watch:' .. other, user) == 1 then tell_watcher(other, user, 'off') end
  end
  return there
end)
