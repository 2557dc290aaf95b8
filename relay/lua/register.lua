-- Registers a device's socket as the one that is live; the socket before it gets the notice that it was replaced, and
-- its list of watched users goes with it.
--
-- KEYS[1] {board}:nodes (the slot)   ARGV node, user, device, socket, again
-- With again = 1 the node only restores what the board forgot: another socket on a living node is newer.
-- Replies with 1, or 0 when that newer one stands.
--#include inbox
--#include watchers
redis.register_function('sealstream_register', function(keys, args)
  local node, user, device, socket = args[1], args[2], args[3], args[4]
  local presence = '{board}:presence:' .. user
  local before = redis.call('HGET', presence, device)
  if before and before ~= node .. ' ' .. socket then
    local old_node, old_socket = string.match(before, '^(%S+) (%S+)$')
    if redis.call('ZSCORE', keys[1], old_node) then
      if args[5] == '1' then return 0 end
      append_to_inbox(old_node, {'end', user .. ' ' .. device .. ' ' .. old_socket .. ' replaced'})
    end
    redis.call('SREM', '{board}:sockets:' .. old_node, user .. ' ' .. device)
    exchange_watched(user, device, {})
  end
  redis.call('HSET', presence, device, node .. ' ' .. socket)
  redis.call('SADD', '{board}:sockets:' .. node, user .. ' ' .. device)
  return 1
end)
