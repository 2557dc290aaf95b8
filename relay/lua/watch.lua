-- Sets the whole list of users that a device watches. Presence notices pass only between users who
-- watch each other: to both from the moment the second list names the first, until one stops.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV node, user, device, socket, watched user, …
-- Replies with the watched users who watch back and are online; with none, and nothing done, when the
-- device's live socket is another one (or the board lost it: its node registers all of it again).
--#include inbox
--#include watchers
redis.register_function('sealstream_watch', function(keys, args)
  local user, device = args[2], args[3]
  if redis.call('HGET', '{board}:presence:' .. user, device) ~= args[1] .. ' ' .. args[4] then return {} end
  local wanted = {}
  for i = 5, #args do wanted[#wanted + 1] = args[i] end
  exchange_watched(user, device, wanted)
  local there = {}
  for _, other in ipairs(wanted) do
    if watches(other, user) and online(other) then there[#there + 1] = other end
  end
  return there
end)
