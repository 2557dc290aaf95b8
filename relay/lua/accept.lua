-- Accepts sends: numbers their envelopes and appends them to the partition's log, each send all or
-- nothing, the same send once.
--
-- KEYS[1]            {p}:log
-- KEYS[2i], [2i+1]   of send i: {p}:user:RECIPIENT, {p}:seen:RECIPIENT:SENDER.DEVICE:ID
-- KEYS, the last     {p}:log-id
-- ARGV[1]            mailbox capacity: 'ENVELOPES BYTES' that may be owed to one device
-- ARGV[2]            how long an answer is remembered (seconds)
-- ARGV[3]            the log's id, or ''
-- ARGV[4]            the name under which the calling node serves its own sockets, or ''; the entries have it
-- ARGV[5…]           per send: its time (ms since the epoch), the device to leave out ('0': none; one's own,
--                    when writing to oneself), the number N of envelopes, then N times: device,
--                    registration id, encoded event, bytes of its body
-- ARGV, the rest     for each send that asks for a receipt: its number i, and the SHA-256 of its bodies in the
--                    order of its envelopes (32 bytes each)
--
-- Replies with the position of the last entry that was appended, or false, and then one array per send:
--   'ok', at, device, seq, device, seq, …    accepted by this call; then the SHA-256 of the accepted bodies in the same order, if the
--                                            accepted send asked for a receipt
--   'again', and as above                    accepted by an earlier call, perhaps with other bodies
--   'mismatch', missing, extra, stale        each a list of device numbers
--   'full', device                           too many envelopes are owed to it; followed by 'bytes': too many bytes
--   'gone'                                   no such user, no identity any more, or no device
-- ANOTHERLOG: the log is not the one of that id; nothing was done.
--#include seen
--#include owed_bytes
--#include belongs
local REGISTRATION = 114 -- 'r': string.byte is not there while a function is loaded

-- The directory's fields, and the registration ids of its devices.
local function directory(user_key)
  local flat, fields, registrations = redis.call('HGETALL', user_key), {}, {}
  for i = 1, #flat, 2 do
    local field = flat[i]
    fields[field] = flat[i + 1]
    local device = string.byte(field) == REGISTRATION and string.match(field, '^r(%d+)$')
    if device then registrations[device] = flat[i + 1] end
  end
  return fields, registrations
end

local function mismatch(registrations, leave_out, offered)
  local missing, extra, stale = {}, {}, {}
  for device, registration in pairs(registrations) do
    if device ~= leave_out and not offered[device] then
      missing[#missing + 1] = tonumber(device)
    elseif offered[device] and offered[device] ~= registration then
      stale[#stale + 1] = tonumber(device)
    end
  end
  for device in pairs(offered) do
    if not registrations[device] or device == leave_out then extra[#extra + 1] = tonumber(device) end
  end
  if #missing + #extra + #stale == 0 then return nil end
  table.sort(missing)
  table.sort(extra)
  table.sort(stale)
  return {'mismatch', missing, extra, stale}
end

-- Also notes of each envelope its mailbox's `head`, and the number and sum that `add_owed` goes on from.
local function full(user_key, fields, envelopes, capacity)
  for _, envelope in ipairs(envelopes) do
    local device = envelope.device
    local cursor, floor = tonumber(fields['c' .. device] or 0), tonumber(fields['f' .. device] or 0)
    local settled = math.max(cursor, floor)
    envelope.head = tonumber(fields['h' .. device] or 0)
    if envelope.head - settled >= capacity.envelopes then return {'full', tonumber(device)} end
    envelope.last, envelope.sum = owed_bytes(user_key, device, fields['o' .. device], settled)
    if envelope.sum + envelope.size > capacity.bytes then return {'full', tonumber(device), 'bytes'} end
  end
  return nil
end

-- Also returns the position of the last entry, if it appended one.
local function accept(log, user_key, seen_key, send, capacity, remember, server)
  local leave_out, envelopes = send.leave_out, send.envelopes
  local place = seen_place(seen_key)
  local seen = recall(place, remember)
  if seen then
    seen[1] = 'again'
    return with_digests(seen)
  end
  local fields, registrations = directory(user_key)
  if not fields['i'] or (leave_out == '0' and not next(registrations)) then return {'gone'} end
  local offered = {}
  for _, envelope in ipairs(envelopes) do offered[envelope.device] = envelope.registration end
  local refused = mismatch(registrations, leave_out, offered) or full(user_key, fields, envelopes, capacity)
  if refused then return refused end
  local answer, position = {'ok', send.time}, nil
  for _, envelope in ipairs(envelopes) do
    local seq = envelope.head + 1
    add_owed(user_key, envelope.device, envelope.last, envelope.sum, seq, envelope.size)
    if server == '' then
      position = redis.call('XADD', log, '*', 'n', seq, 'e', envelope.event)
    else
      position = redis.call('XADD', log, '*', 'n', seq, 'e', envelope.event, 's', server)
    end
    answer[#answer + 1] = tonumber(envelope.device)
    answer[#answer + 1] = seq
  end
  answer.digests = send.digests
  remember_answer(place, answer, remember)
  return with_digests(answer), position
end

redis.register_function('sealstream_accept', function(keys, args)
  local wrong = not_the_log(table.remove(keys), args[3])
  if wrong then return wrong end
  local most, bytes = string.match(args[1], '^(%d+) (%d+)$')
  local capacity, remember = {envelopes = tonumber(most), bytes = tonumber(bytes)}, tonumber(args[2])
  local sends, at = {}, 5
  for send = 1, (#keys - 1) / 2 do
    local count, envelopes = tonumber(args[at + 2]), {}
    for i = 1, count do
      local first = at + 3 + (i - 1) * 4
      envelopes[i] = {device = args[first], registration = args[first + 1], event = args[first + 2],
                      size = tonumber(args[first + 3])}
    end
    sends[send] = {time = tonumber(args[at]), leave_out = args[at + 1], envelopes = envelopes}
    at = at + 3 + count * 4
  end
  for asking = at, #args, 2 do sends[tonumber(args[asking])].digests = args[asking + 1] end
  local replies = {false}
  for number, send in ipairs(sends) do
    local user_key, seen_key = keys[2 * number], keys[2 * number + 1]
    local reply, position = accept(keys[1], user_key, seen_key, send, capacity, remember, args[4])
    replies[1], replies[number + 1] = position or replies[1], reply
  end
  return replies
end)
