-- A worker says that it lives, and which partitions it wants. It keeps those that it holds and wants, gets those
-- that nobody who lives holds, and gives back those that it does not want. Workers that were silent for too long
-- are left out.
--
-- KEYS[1] {GROUP}:members   sorted set: worker → when it was last heard of (ms)
-- KEYS[2] {GROUP}:leases    hash: partition → worker
-- ARGV worker, the silence that means death (ms), the partitions that it wants
-- Replies with the living workers, in the order of their names, and with the partitions that it holds.
redis.register_function('sealstream_hold', function(keys, args)
  local worker, silence = args[1], args[2]
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', keys[1], now, worker)
  redis.call('ZREMRANGEBYSCORE', keys[1], '-inf', '(' .. now - silence)
  local members = redis.call('ZRANGE', keys[1], 0, -1)
  local lives = {}
  for _, member in ipairs(members) do lives[member] = true end
  table.sort(members)

  local holders, flat = {}, redis.call('HGETALL', keys[2])
  for i = 1, #flat, 2 do holders[flat[i]] = flat[i + 1] end
  local held = {}
  for i = 3, #args do
    local partition = args[i]
    local holder = holders[partition]
    holders[partition] = nil
    if holder == worker then
      held[#held + 1] = partition
    elseif not lives[holder] then
      redis.call('HSET', keys[2], partition, worker)
      held[#held + 1] = partition
    end
  end
  for partition, holder in pairs(holders) do
    if holder == worker then redis.call('HDEL', keys[2], partition) end
  end
  return {members, held}
end)
