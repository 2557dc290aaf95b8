-- The bytes that are owed to a device, so that a mailbox is bounded in bytes too.
--
-- {p}:owed:USER:DEVICE  list: the sizes of the newest envelopes in the order of their numbers, the last one that of SEQ
-- oDEVICE               field of {p}:user:USER: 'SEQ:SUM', the sum of that list
--
-- Numbers below the list's begin count nothing: they were accepted by a version that kept no sizes. Settled
-- numbers leave list and sum at the next send; where SEQ is settled, nothing is owed whatever SUM says.
local PUSHED_AT_ONCE = 1000

local function owed_key(user_key, device)
  local at = string.find(user_key, ':user:', 1, true)
  return string.sub(user_key, 1, at) .. 'owed' .. string.sub(user_key, at + 5) .. ':' .. device
end

-- Forgets the sizes of a mailbox that owes nothing, or is gone.
local function forget_owed(user_key, device)
  redis.call('DEL', owed_key(user_key, device))
end

local function owed_field(seq, sum)
  return string.format('%.0f:%.0f', seq, sum)
end

-- SEQ and SUM once everything up to `settled` has left; `noted` is the field as it is.
local function owed_bytes(user_key, device, noted, settled)
  local seq, sum = string.match(noted or '0:0', '^(%d+):(%d+)$')
  seq, sum = tonumber(seq), tonumber(sum)
  if seq <= settled then
    forget_owed(user_key, device)
    return settled, 0
  end
  local key = owed_key(user_key, device)
  local gone = settled - (seq - redis.call('LLEN', key))
  if gone > 0 then
    for _, size in ipairs(redis.call('LPOP', key, gone)) do sum = sum - size end
    redis.call('HSET', user_key, 'o' .. device, owed_field(seq, sum))
  end
  return seq, sum
end

-- Adds the size of number `seq`, and sets the head to it; `last` and `sum` are as `owed_bytes` replied. Numbers
-- between them that another version accepted count nothing.
local function add_owed(user_key, device, last, sum, seq, size)
  local key, zeros = owed_key(user_key, device), {}
  for _ = last + 1, seq - 1 do
    zeros[#zeros + 1] = 0
    if #zeros == PUSHED_AT_ONCE then
      redis.call('RPUSH', key, unpack(zeros))
      zeros = {}
    end
  end
  zeros[#zeros + 1] = size
  redis.call('RPUSH', key, unpack(zeros))
  redis.call(
    'HSET', user_key, 'h' .. device, string.format('%.0f', seq), 'o' .. device, owed_field(seq, sum + size))
end
