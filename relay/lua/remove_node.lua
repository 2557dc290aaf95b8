-- A node leaves in order: its remaining sockets, its inbox and its entry go.
--
-- KEYS[1] {board}:nodes   ARGV node
--#include inbox
--#include watchers
redis.register_function('sealstream_remove_node', function(keys, args)
  local node = args[1]
  for _, entry in ipairs(redis.call('SMEMBERS', '{board}:sockets:' .. node)) do
    local user, device = string.match(entry, '^(%S+) (%S+)$')
    leave(node, user, device, false)
  end
  redis.call('ZREM', keys[1], node)
  redis.call('HDEL', '{board}:lives', node)
  redis.call('SREM', '{board}:dead', node)
  redis.call('DEL', '{board}:sockets:' .. node, '{board}:inbox:' .. node, '{board}:inbox-count:' .. node)
  return 1
end)
