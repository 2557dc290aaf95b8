-- Takes pushes to the inboxes of the nodes that hold the devices. Passed over is what is for a device that is not
-- online, or on a node that is gone (the mailbox has it), and what that very node accepted and hands over itself.
--
-- KEYS[1] {board}:nodes (the slot)
-- ARGV    the number of pairs (and, beside it, of bytes) an inbox entry may have; then per push:
--         user, device, field (p:SEQ or x:UPTO), encoded event, the name of the node that accepted it, or ''
-- Replies with how many were passed on.
--#include inbox
redis.register_function('sealstream_route', function(keys, args)
  local most_pairs, most_bytes = tonumber(args[1]), tonumber(args[2])
  local places, boxes, serving, routed = {}, {}, {}, 0
  local function serves(node, name)
    if serving[node] == nil then serving[node] = redis.call('HGET', '{board}:serving', node) end
    return name ~= '' and serving[node] == name
  end
  for i = 3, #args, 5 do
    local device = args[i] .. ' ' .. args[i + 1]
    if places[device] == nil then places[device] = node_of(args[i], args[i + 1]) end
    local node = places[device]
    if node and not serves(node, args[i + 4]) then
      local box = boxes[node]
      local size = #args[i + 3]
      if box and (#box.pairs >= 2 * most_pairs or box.bytes + size > most_bytes) then
        append_to_inbox(node, box.pairs)
        box = nil
      end
      box = box or {pairs = {}, bytes = 0}
      boxes[node] = box
      box.pairs[#box.pairs + 1] = args[i + 2]
      box.pairs[#box.pairs + 1] = args[i + 3]
      box.bytes = box.bytes + size
      routed = routed + 1
    end
  end
  for node, box in pairs(boxes) do append_to_inbox(node, box.pairs) end
  return routed
end)
