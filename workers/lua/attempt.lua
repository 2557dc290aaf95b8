-- A worker is about to handle what an owner before did not finish, beginning with a certain entry. Counts the
-- workers that began there and neither finished nor said that they failed: they died of it, perhaps.
--
-- KEYS[1] {p}:attempt:GROUP   hash: position, worker, count   ARGV position, worker, lifetime (seconds)
-- Replies with the count, this one included.
local function attempt(keys, args)
  local position, worker, count = unpack(redis.call('HMGET', keys[1], 'position', 'worker', 'count'))
  count = tonumber(count or 0)
  if position ~= args[1] then
    count = 1
  elseif worker ~= args[2] then
    count = count + 1
  end
  redis.call('HSET', keys[1], 'position', args[1], 'worker', args[2], 'count', count)
  redis.call('EXPIRE', keys[1], args[3])
  return count
end

-- A full log must still be taken over and read empty.
redis.register_function{function_name = 'sealstream_attempt', callback = attempt, flags = {'allow-oom'}}
