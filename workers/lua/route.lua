-- Routes a batch: looks every recipient up and appends one entry to the inbox of each node that holds
-- some of them. Who is not online is passed over: the mailbox keeps what they are owed.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV in fours: user, device, inbox field, value
-- Replies with how many found their node.
--#include inbox
local PAIRS_AT_ONCE = 500

redis.register_function('sealstream_route', function(keys, args)
  local per_node, routed = {}, 0
  for i = 1, #args, 4 do
    local node = node_of(args[i], args[i + 1])
    if node then
      local told = per_node[node]
      if not told then
        told = {}
        per_node[node] = told
      end
      told[#told + 1] = args[i + 2]
      told[#told + 1] = args[i + 3]
      routed = routed + 1
      if #told >= 2 * PAIRS_AT_ONCE then
        tell(node, told)
        per_node[node] = {}
      end
    end
  end
  for node, told in pairs(per_node) do
    if #told > 0 then tell(node, told) end
  end
  return routed
end)
