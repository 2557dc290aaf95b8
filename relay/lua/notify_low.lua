-- Notifies the node that holds a device's socket that few one-time prekeys remain. A device that is not online is
-- passed over: its node counts them when it connects.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV user, device, how many remain (see schema/inbox.py)
--#include inbox
redis.register_function('sealstream_notify_low', function(keys, args)
  local node = node_of(args[1], args[2])
  if node then append_to_inbox(node, {'low', args[1] .. ' ' .. args[2] .. ' ' .. args[3]}) end
  return 1
end)
