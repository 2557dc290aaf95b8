#!lua name=sealstream_accept
-- As the version before receipts loaded it, under a name without a digest.
--
-- Accepts sends: numbers their envelopes and appends them to the partition's log, each send all or
-- nothing, the same send once.
--
-- KEYS[1]            {p}:log
-- KEYS[2i], [2i+1]   of send i: {p}:user:RECIPIENT, {p}:seen:RECIPIENT:SENDER.DEVICE:ID
-- ARGV[1]            mailbox capacity (envelopes owed to one device)
-- ARGV[2]            how long an answer is remembered (seconds)
-- ARGV[3…]           per send: its time (ms since the epoch), the device to leave out ('0': none; one's own,
--                    when writing to oneself), the number N of envelopes, then N times: device,
--                    registration id, encoded event
--
-- Replies with one array per send:
--   'ok', at, device, seq, device, seq, …
--   'mismatch', missing, extra, stale        each a list of device numbers
--   'full', device
--   'gone'                                   no such user, or no identity any more
-- Answers to accepted sends, remembered for `remember` seconds at least and half an hour more at most. Each is an
-- entry of one of 4096 small hashes of the present half hour, under a digest of the send: about 40 bytes, where a
-- key of its own takes 200.
local SLOT_SECONDS = 1800

local function seen_place(seen_key)
  local digest = redis.sha1hex(seen_key)
  local slot = math.floor(tonumber(redis.call('TIME')[1]) / SLOT_SECONDS)
  local prefix = string.match(seen_key, '^{%d+}:seen:')
  return prefix, slot, ':' .. string.sub(digest, 1, 3), string.sub(digest, 4, 23)
end

-- The remembered answer (an array), or nil. Also looks at half hours ahead: the clock may have stepped back.
local function recall(seen_key, remember)
  local prefix, slot, shard, field = seen_place(seen_key)
  local reach = math.ceil(remember / SLOT_SECONDS)
  for at = slot + reach, slot - reach, -1 do
    local answer = redis.call('HGET', prefix .. string.format('%.0f', at) .. shard, field)
    if answer then return cmsgpack.unpack(answer) end
  end
  return nil
end

local function remember_answer(seen_key, answer, remember)
  local prefix, slot, shard, field = seen_place(seen_key)
  local name = prefix .. string.format('%.0f', slot) .. shard
  redis.call('HSET', name, field, cmsgpack.pack(answer))
  redis.call('EXPIRE', name, remember + SLOT_SECONDS, 'NX')
end
local function directory(user_key)
  local flat = redis.call('HGETALL', user_key)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

local function mismatch(fields, leave_out, offered)
  local missing, extra, stale = {}, {}, {}
  for field, registration in pairs(fields) do
    local device = string.match(field, '^r(%d+)$')
    if device and device ~= leave_out and not offered[device] then
      missing[#missing + 1] = tonumber(device)
    elseif device and offered[device] and offered[device] ~= registration then
      stale[#stale + 1] = tonumber(device)
    end
  end
  for device in pairs(offered) do
    if not fields['r' .. device] or device == leave_out then extra[#extra + 1] = tonumber(device) end
  end
  if #missing + #extra + #stale == 0 then return nil end
  table.sort(missing)
  table.sort(extra)
  table.sort(stale)
  return {'mismatch', missing, extra, stale}
end

local function full(fields, envelopes, capacity)
  for _, envelope in ipairs(envelopes) do
    local head = tonumber(fields['h' .. envelope.device] or 0)
    local cursor = tonumber(fields['c' .. envelope.device] or 0)
    local floor = tonumber(fields['f' .. envelope.device] or 0)
    if head - math.max(cursor, floor) >= capacity then
      return {'full', tonumber(envelope.device)}
    end
  end
  return nil
end

local function accept(log, user_key, seen_key, leave_out, envelopes, capacity, remember, time)
  local seen = recall(seen_key, remember)
  if seen then return seen end
  local fields = directory(user_key)
  if not fields['i'] then return {'gone'} end
  local offered = {}
  for _, envelope in ipairs(envelopes) do offered[envelope.device] = envelope.registration end
  local refused = mismatch(fields, leave_out, offered) or full(fields, envelopes, capacity)
  if refused then return refused end
  local answer = {'ok', time}
  for _, envelope in ipairs(envelopes) do
    local seq = redis.call('HINCRBY', user_key, 'h' .. envelope.device, 1)
    redis.call('XADD', log, '*', 'n', seq, 'e', envelope.event)
    answer[#answer + 1] = tonumber(envelope.device)
    answer[#answer + 1] = seq
  end
  remember_answer(seen_key, answer, remember)
  return answer
end

redis.register_function('sealstream_accept', function(keys, args)
  local capacity, remember = tonumber(args[1]), tonumber(args[2])
  local replies = {}
  local at = 3
  for send = 1, (#keys - 1) / 2 do
    local time, leave_out, count = tonumber(args[at]), args[at + 1], tonumber(args[at + 2])
    local envelopes = {}
    for i = 1, count do
      local first = at + 3 + (i - 1) * 3
      envelopes[i] = {device = args[first], registration = args[first + 1], event = args[first + 2]}
    end
    at = at + 3 + count * 3
    replies[send] = accept(
      keys[1], keys[2 * send], keys[2 * send + 1], leave_out, envelopes, capacity, remember, time)
  end
  return replies
end)
