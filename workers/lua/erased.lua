-- Takes back the record of accounts that were to be erased, but not of one that was deleted once more since.
--
-- KEYS[1] {p}:deleted   ARGV pairs: user, the position of the deletion that was seen
-- Replies with how many are on record no more.
local function erased(keys, args)
  local taken = 0
  for i = 1, #args, 2 do
    if redis.call('HGET', keys[1], args[i]) == args[i + 1] then
      taken = taken + redis.call('HDEL', keys[1], args[i])
    end
  end
  return taken
end

-- A full log must still be emptied.
redis.register_function{function_name = 'sealstream_erased', callback = erased, flags = {'allow-oom'}}
