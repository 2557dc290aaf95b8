-- A worker is about to handle what an owner before did not finish, beginning with a certain entry, or goes on
-- with it after it waited for a server. Counts the workers in a row that began with that entry alone and neither
-- came to wait for a server again nor said that they failed: they died of it, perhaps.
--
-- KEYS[1] {p}:attempt:GROUP   hash: position, worker, count
-- ARGV    position, worker, lifetime (seconds), 1 when the worker handles that entry alone, else 0,
--         the count without this worker when there is no record of the entry
-- Replies with the count, this one included.
local function attempt(keys, args)
  local position, worker, count = unpack(redis.call('HMGET', keys[1], 'position', 'worker', 'count'))
  if position ~= args[1] then worker, count = false, args[5] end
  if worker ~= args[2] then count = count + args[4] end
  redis.call('HSET', keys[1], 'position', args[1], 'worker', args[2], 'count', count)
  redis.call('EXPIRE', keys[1], args[3])
  return tonumber(count)
end

-- A full log must still be taken over and read empty.
redis.register_function{function_name = 'sealstream_attempt', callback = attempt, flags = {'allow-oom'}}
