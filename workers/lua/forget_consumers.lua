-- Forgets the consumers of a group that hold nothing and have long been silent. One function, because
-- a consumer that was just given an entry must not be forgotten: its entries would go with it.
--
-- KEYS[1] a stream   ARGV group, the consumer to keep, the silence that means gone (ms)
-- Replies with how many were forgotten.
local function forget_consumers(keys, args)
  local forgotten = 0
  for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', keys[1], args[1])) do
    local consumer = {}
    for i = 1, #flat, 2 do consumer[flat[i]] = flat[i + 1] end
    if consumer.name ~= args[2] and consumer.pending == 0 and consumer.idle > tonumber(args[3]) then
      redis.call('XGROUP', 'DELCONSUMER', keys[1], args[1], consumer.name)
      forgotten = forgotten + 1
    end
  end
  return forgotten
end

-- A full log must still be taken over and read empty.
redis.register_function{
  function_name = 'sealstream_forget_consumers', callback = forget_consumers, flags = {'allow-oom'}}
