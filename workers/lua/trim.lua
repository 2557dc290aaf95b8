-- Trims a partition's log and keeps on record up to which entry it ever was, in one step.
--
-- KEYS[1] {p}:log   KEYS[2] {p}:trimmed
-- ARGV[1] everything before this position goes   ARGV[2] 0: exactly, else whole nodes, so many entries at most
-- Replies with how many entries went. The record is exact where everything before ARGV[1] went; else it is the
-- last position before the first entry that is left.
local function before(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  if n ~= '0' then
    return ms .. '-' .. string.format('%.0f', tonumber(n) - 1)
  end
  return string.format('%.0f', tonumber(ms) - 1) .. '-18446744073709551615'
end

local function trim(keys, args)
  local newest = redis.call('XREVRANGE', keys[1], '(' .. args[1], '-', 'COUNT', 1)[1]
  if not newest then
    return 0
  end
  local how = {'MINID', '=', args[1]}
  if args[2] ~= '0' then
    how = {'MINID', '~', args[1], 'LIMIT', args[2]}
  end
  local count = redis.call('XTRIM', keys[1], unpack(how))
  if count == 0 then
    return 0
  end
  local last = newest[1]
  if redis.call('XRANGE', keys[1], last, last)[1] then
    last = before(redis.call('XRANGE', keys[1], '-', '+', 'COUNT', 1)[1][1])
  end
  redis.call('SET', keys[2], last)
  return count
end

-- A full log must still be emptied.
redis.register_function{function_name = 'sealstream_trim', callback = trim, flags = {'allow-oom'}}
