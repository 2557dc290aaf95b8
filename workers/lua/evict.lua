-- Ends every socket of a user, on every node that lives.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV user, the `end` value for the inboxes
-- Replies with how many nodes were told.
--#include inbox
redis.register_function('sealstream_evict', function(keys, args)
  local notified, count = {}, 0
  for _, device in ipairs(redis.call('HKEYS', '{board}:presence:' .. args[1])) do
    local node = node_of(args[1], device)
    if node and not notified[node] then
      notified[node] = true
      count = count + 1
      append_to_inbox(node, {'end', args[2]})
    end
  end
  return count
end)
