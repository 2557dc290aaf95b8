-- Answers to accepted sends, remembered for `remember` seconds at least and half an hour more at most. Each is an
-- entry of one of 4096 small hashes of the present half hour, under a digest of the send: about 40 bytes, where a
-- key of its own takes 200. A send that asked for a receipt also has `digests`, the SHA-256 of its bodies.
local SLOT_SECONDS = 1800

-- Where the answer to the send is remembered.
local function seen_place(seen_key)
  local digest = redis.sha1hex(seen_key)
  return {
    prefix = string.match(seen_key, '^{%d+}:seen:'),
    slot = math.floor(tonumber(redis.call('TIME')[1]) / SLOT_SECONDS),
    shard = ':' .. string.sub(digest, 1, 3),
    field = string.sub(digest, 4, 23),
  }
end

local function seen_name(place, slot)
  return place.prefix .. string.format('%d', slot) .. place.shard
end

-- The remembered answer (an array), or nil. Also looks at half hours ahead: the clock may have stepped back.
local function recall(place, remember)
  local reach = math.ceil(remember / SLOT_SECONDS)
  for slot = place.slot + reach, place.slot - reach, -1 do
    local answer = redis.call('HGET', seen_name(place, slot), place.field)
    if answer then return cmsgpack.unpack(answer) end
  end
  return nil
end

local function remember_answer(place, answer, remember)
  local name = seen_name(place, place.slot)
  redis.call('HSET', name, place.field, cmsgpack.pack(answer))
  redis.call('EXPIRE', name, remember + SLOT_SECONDS, 'NX')
end

-- The answer as the functions reply with it: the digests, if there are any, stand last.
local function with_digests(answer)
  if answer.digests then answer[#answer + 1] = answer.digests end
  return answer
end
