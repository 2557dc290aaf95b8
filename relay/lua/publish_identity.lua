-- Makes a device active under an identity key, or exchanges the account's identity, and appends that to the log.
--
-- KEYS[1] {p}:log
-- KEYS[2] {p}:user:USER     hash: see schema/keys.py
-- KEYS[3] {p}:closed:USER
-- ARGV    device, identity key, registration id, '1' to replace another identity,
--         the encoded IdentitySet for 'first', for 'added' and for 'replaced',
--         the encoded PrekeysUploaded and the encoded KemPrekeysUploaded, each '' for none,
--         the highest device number that the account has given out,
--         how many devices may be active
--
-- Replies {'ok', position of the last entry, change, replacer, upto, closed device, …}: every device ever
-- closed, and the last replacement: that `replacer` ended every other device up to number `upto` (0, 0 when
-- there was none). It stays in the directory, so that a call that is repeated learns what the first one did.
-- {'conflict'} when the account has another identity and replacing was not asked for,
-- {'closed'} when this device was closed: its number is never active again.
-- {'many'} when too many others are active.
-- The last of KEYS is {p}:log-id, the last of ARGV the log's id, or ''.
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include belongs
--#include closed
--#include owed_bytes
local function active(user)
  local count = 0
  for _, field in ipairs(redis.call('HKEYS', user)) do
    if string.match(field, '^r%d+$') then count = count + 1 end
  end
  return count
end

redis.register_function('sealstream_publish_identity', function(keys, args)
  local wrong = not_the_log(table.remove(keys), table.remove(args))
  if wrong then return wrong end
  local log, user = keys[1], keys[2]
  local device, identity = args[1], args[2]
  local closed = closed_devices(user, keys[3])
  if redis.call('SISMEMBER', closed, device) == 1 then return {'closed'} end
  local present = redis.call('HGET', user, 'i')
  local change, event = 'first', args[5]
  if present == identity then
    if redis.call('HEXISTS', user, 'r' .. device) == 0 and active(user) >= tonumber(args[11]) then
      return {'many'}
    end
    change, event = 'added', args[6]
  elseif present then
    if args[4] ~= '1' then return {'conflict'} end
    change, event = 'replaced', args[7]
    for _, field in ipairs(redis.call('HKEYS', user)) do
      local other = string.match(field, '^r(%d+)$')
      if other and other ~= device then
        for letter in string.gmatch('rhcfeno', '.') do redis.call('HDEL', user, letter .. other) end
        forget_owed(user, other)
        redis.call('SADD', closed, other)
      end
    end
    redis.call('HSET', user, 'b', device .. ' ' .. args[10])
  end
  redis.call('HSET', user, 'i', identity, 'r' .. device, args[3])
  for _, number in ipairs({'h', 'c', 'f'}) do redis.call('HSETNX', user, number .. device, '0') end
  local position = redis.call('XADD', log, '*', 'e', event)
  for _, uploaded in ipairs({args[8], args[9]}) do
    if uploaded ~= '' then position = redis.call('XADD', log, '*', 'e', uploaded) end
  end
  local replacer, upto = string.match(redis.call('HGET', user, 'b') or '0 0', '^(%d+) (%d+)$')
  local reply = {'ok', position, change, tonumber(replacer), tonumber(upto)}
  for _, other in ipairs(redis.call('SMEMBERS', closed)) do reply[#reply + 1] = tonumber(other) end
  return reply
end)
