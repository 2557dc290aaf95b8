-- Deletes entries of a partition's quarantine; what the projector set aside is on record before.
--
-- KEYS[1] {p}:quarantine   KEYS[2] {p}:dropped
-- ARGV[1] how many of the following are positions in the log that will never be projected; behind them the ids of
--         the entries in the quarantine. A few hundred in all: they are arguments of one command.
-- Replies with how many entries went.
local function drop(keys, args)
  local positions = tonumber(args[1])
  if positions > 0 then redis.call('SADD', keys[2], unpack(args, 2, 1 + positions)) end
  return redis.call('XDEL', keys[1], unpack(args, 2 + positions))
end

-- A full log must still be emptied.
redis.register_function{function_name = 'sealstream_drop', callback = drop, flags = {'allow-oom'}}
