-- Ends every socket of a user, on every node that lives.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV user, the `end` value for the inboxes
-- Replies with how many nodes were told.
--#include inbox
redis.register_function('sealstream_evict', function(keys, args)
  local flat = redis.call('HGETALL', '{board}:presence:' .. args[1])
  local told, count = {}, 0
  for i = 2, #flat, 2 do
    local node = string.match(flat[i], '^(%S+)')
    if not told[node] and redis.call('ZSCORE', keys[1], node) then
      told[node] = true
      count = count + 1
      tell(node, {'end', args[2]})
    end
  end
  return count
end)
