-- Forgets a device's socket, if it is still the one registered.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV node, user, device, socket
--#include inbox
--#include watchers
redis.register_function('sealstream_unregister', function(keys, args)
  return leave(args[1], args[2], args[3], args[1] .. ' ' .. args[4])
end)
