-- Appends to a node's inbox. An entry is ('c', COUNT) and then pairs as schema/inbox.py reads them;
-- COUNT goes up by one with each entry, so that a node notices when one was lost.
local function append_to_inbox(node, pairs_)
  local count = redis.call('INCR', '{board}:inbox-count:' .. node)
  redis.call('XADD', '{board}:inbox:' .. node, 'MAXLEN', '~', 10000, '*', 'c', count, unpack(pairs_))
end

-- The node that holds a device's socket, or false: an entry of a node that is gone does not count.
local function node_of(user, device)
  local where = redis.call('HGET', '{board}:presence:' .. user, device)
  if not where then return false end
  local node = string.match(where, '^(%S+)')
  if not redis.call('ZSCORE', '{board}:nodes', node) then return false end
  return node
end
