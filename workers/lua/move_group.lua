-- Moves a group forward to where its worker has read, unless it stands there or further already: a former owner
-- never sets it back. Reading without a pending list, the worker counts what the server would have counted.
--
-- KEYS[1] {p}:log
-- ARGV    group, the position that the worker moved it to before, entries read since, the position of the last
-- Replies with the group's lag; -1 where it is not known; false where there is no such group.
local function parts(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end

local function is_before(one, other)
  local ms, n = parts(one)
  local other_ms, other_n = parts(other)
  return ms < other_ms or (ms == other_ms and n < other_n)
end

local function named(flat)
  local found = {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

local function group_of(key, name)
  local groups = redis.pcall('XINFO', 'GROUPS', key)
  if groups.err then return nil end
  for _, flat in ipairs(groups) do
    local group = named(flat)
    if group.name == name then return group end
  end
end

-- How many entries of the stream the group has read by then, or nil.
local function read_by(key, group, from, count, upto)
  local stream = named(redis.call('XINFO', 'STREAM', key))
  if upto == stream['last-generated-id'] then return stream['entries-added'] end
  local at, read = group['last-delivered-id'], group['entries-read']
  if not read and at == '0-0' and stream['entries-added'] == stream.length then read = 0 end
  if not read or at ~= from then return nil end
  return read + count
end

local function move_group(keys, args)
  local name, from, count, upto = args[1], args[2], tonumber(args[3]), args[4]
  local group = group_of(keys[1], name)
  if not group then return false end
  if is_before(group['last-delivered-id'], upto) then
    local read = read_by(keys[1], group, from, count, upto)
    if read then
      redis.call('XGROUP', 'SETID', keys[1], name, upto, 'ENTRIESREAD', read)
    else
      redis.call('XGROUP', 'SETID', keys[1], name, upto)
    end
    group = group_of(keys[1], name)
  end
  return group.lag or -1
end

-- A full log must still be read.
redis.register_function{function_name = 'sealstream_move_group', callback = move_group, flags = {'allow-oom'}}
