-- Ends every socket of a user, on every node that lives.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV user, reason
-- Replies with how many nodes were told.
--#include inbox
redis.register_function('sealstream_evict', function(keys, args)
  local flat = redis.call('HGETALL', '{board}:presence:' .. args[1])
  local told, count = {}, 0
  for i = 1, #flat, 2 do
    local node = node_of(args[1], flat[i])
    if node and not told[node] then
      told[node] = true
      count = count + 1
      tell(node, {'end', args[1] .. ' * * ' .. args[2]})
    end
  end
  return count
end)
