-- Admits one event of one subject under an exact sliding window: never more than `count` in any
-- `window` of the board's clock, over all nodes. An event that carries an id and comes again inside the
-- window (a resend) is admitted without counting twice, five times; after that it counts like a new one.
-- It counts at the time of its last resend: what was refused elsewhere at first may be done only then.
--
-- KEYS[1] limit:NAME:{SUBJECT}   sorted set: member = the event's id, score = 8 x last admitted at (ms) + resends
-- KEYS[2] override:{SUBJECT}     hash: NAME → the operator's own count for this subject
-- KEYS[3] cooldown:{SUBJECT}     string: set while the subject is kept out
-- ARGV    NAME, count, window (ms), id ('' for an event without one)
--
-- Replies {1} when admitted, else {0, ms until asking again helps, 'window' or 'cooldown'}.
local RESENDS = 5

local function score_of(now, resends)
  return string.format('%.0f', now * 8 + resends)
end

local function is_resend(key, id, now, window)
  local score = tonumber(redis.call('ZSCORE', key, id))
  if not score or score < (now - window + 1) * 8 or score % 8 >= RESENDS then return false end
  redis.call('ZADD', key, score_of(now, score % 8 + 1), id)
  redis.call('PEXPIRE', key, window)
  return true
end

redis.register_function('sealstream_admit', function(keys, args)
  local left = redis.call('PTTL', keys[3])
  if left > 0 then return {0, left, 'cooldown'} end
  local key, window, id = keys[1], tonumber(args[3]), args[4]
  local count = tonumber(redis.call('HGET', keys[2], args[1]) or args[2])
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if id ~= '' and is_resend(key, id, now, window) then return {1} end
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
    if count < 1 then return {0, window, 'window'} end
    local leaves = redis.call('ZRANGE', key, admitted - count, admitted - count, 'WITHSCORES')[2]
    return {0, math.max(1, math.floor(tonumber(leaves) / 8) + window - now), 'window'}
  end
  if id == '' or redis.call('ZSCORE', key, id) then
    id = '#' .. time[1] .. '.' .. time[2] .. '.' .. admitted
  end
  redis.call('ZADD', key, score_of(now, 0), id)
  redis.call('PEXPIRE', key, window)
  return {1}
end)
