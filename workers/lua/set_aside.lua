-- Appends an entry to a quarantine stream.
--
-- KEYS[1] the quarantine   ARGV the entry's fields: name, value, …
-- Replies with its id.
local function set_aside(keys, args)
  return redis.call('XADD', keys[1], '*', unpack(args))
end

-- A full log must still be read on past an entry that cannot be projected.
redis.register_function{function_name = 'sealstream_set_aside', callback = set_aside, flags = {'allow-oom'}}
