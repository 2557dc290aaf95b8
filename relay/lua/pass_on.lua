-- Passes ephemeral ciphertexts to the nodes that hold the devices; a device that is not online is
-- passed over.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV user, then pairs: device, encoded Ephemeral
--#include inbox
redis.register_function('sealstream_pass_on', function(keys, args)
  for i = 2, #args, 2 do
    local node = node_of(args[1], args[i])
    if node then append_to_inbox(node, {'e', args[i + 1]}) end
  end
  return 1
end)
