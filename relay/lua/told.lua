-- Remembers how many expired envelopes a device was told of, so that the next connection tells only of others.
--
-- KEYS[1] {p}:user:USER   ARGV device, how many in all
-- Replies 1 when that is news, else 0 (also for a device that is not active).
redis.register_function('sealstream_told', function(keys, args)
  local registration, told = unpack(redis.call('HMGET', keys[1], 'r' .. args[1], 'n' .. args[1]))
  if not registration or tonumber(args[2]) <= tonumber(told or 0) then return 0 end
  redis.call('HSET', keys[1], 'n' .. args[1], args[2])
  return 1
end)
