-- Admits one event of one subject: see relay/lua/admit.lua for KEYS and ARGV.
local RESENDS = 5
local WAIT_STEP = 128

local function score_of(now, resends)
  return string.format('%.0f', now * 8 + resends)
end

local function is_resend(key, id, score, now, window)
  if not score or score < (now - window + 1) * 8 or score % 8 >= RESENDS then return false end
  redis.call('ZADD', key, score_of(now, score % 8 + 1), id)
  redis.call('PEXPIRE', key, window)
  return true
end

local function mark(text)
  local at, sum = string.match(text, '^(%d+):(%d+)$')
  return tonumber(at), tonumber(sum)
end

-- The running sums at the begin and at the end of the window; nil where no bytes count. What left the window is
-- dropped.
local function sums(key, now, window)
  local newest = redis.call('LINDEX', key, -1)
  if not newest then return nil end
  local newest_at, last = mark(newest)
  if newest_at > now + window then -- the clock was set back
    redis.call('DEL', key)
    return nil
  end
  local oldest = redis.call('LRANGE', key, 0, 1)
  while oldest[2] and mark(oldest[2]) <= now - window do
    redis.call('LPOP', key)
    oldest = redis.call('LRANGE', key, 0, 1)
  end
  local _, first = mark(oldest[1])
  return first, last
end

-- How long until enough has left the window for `size` more bytes.
local function bytes_wait(key, now, window, room, last)
  local at = 1
  while true do
    local some = redis.call('LRANGE', key, at, at + WAIT_STEP - 1)
    if #some == 0 then return window end
    for _, text in ipairs(some) do
      local when, sum = mark(text)
      if last - sum <= room then return math.max(1, when + window - now) end
    end
    at = at + WAIT_STEP
  end
end

local function count_bytes(key, now, window, last, size)
  local text = string.format('%.0f:%.0f', now, (last or 0) + size)
  if last then redis.call('RPUSH', key, text) else redis.call('RPUSH', key, '0:0', text) end
  redis.call('PEXPIRE', key, window)
end

-- Admits the event in the window of events: nil, or the refusal.
local function admit_event(key, name, count, window, id, time, now)
  local score = id ~= '' and tonumber(redis.call('ZSCORE', key, id))
  if is_resend(key, id, score, now, window) then return nil end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. score_of(now - window + 1, 0))
  local admitted = redis.call('ZCARD', key)
  if admitted >= count then
    local newest = tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
    if newest and newest > (now + window) * 8 then
      redis.call('DEL', key) -- the clock was set back: nobody stays out until it is there again
      admitted = 0
    end
  end
  if admitted >= count then
    if count < 1 then return {0, window, 'window', name} end
    local leaves = redis.call('ZRANGE', key, admitted - count, admitted - count, 'WITHSCORES')[2]
    return {0, math.max(1, math.floor(tonumber(leaves) / 8) + window - now), 'window', name}
  end
  if id == '' or (score and redis.call('ZSCORE', key, id)) then
    id = '#' .. time[1] .. '.' .. time[2] .. '.' .. admitted
  end
  redis.call('ZADD', key, score_of(now, 0), id)
  redis.call('PEXPIRE', key, window)
  return nil
end

local function admit(keys, args)
  local left = redis.call('PTTL', keys[3])
  if left > 0 then return {0, left, 'cooldown', args[1]} end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local count, most = unpack(redis.call('HMGET', keys[2], args[1], args[5] or args[1]))
  local span, size, first, last
  if keys[4] then
    span, size = tonumber(args[7]), tonumber(args[8])
    first, last = sums(keys[4], now, span)
    local room, counted = tonumber(most or args[6]) - size, (last or 0) - (first or 0)
    if counted > room then return {0, bytes_wait(keys[4], now, span, room, last or 0), 'window', args[5]} end
  end
  local refusal = admit_event(keys[1], args[1], tonumber(count or args[2]), tonumber(args[3]), args[4], time, now)
  if refusal then return refusal end
  if keys[4] then count_bytes(keys[4], now, span, last, size) end
  return {1}
end
