-- Takes one token from a bucket that holds `burst` and gains one every `refill` ms of the board's clock.
--
-- KEYS[1] bucket:NAME:{SUBJECT}   hash: tokens, at (ms)
-- ARGV    burst, refill (ms)
--
-- Replies {1} when there was a token, else {0, ms until there is one}.
redis.register_function('sealstream_bucket', function(keys, args)
  local burst, refill = tonumber(args[1]), tonumber(args[2])
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local tokens, at = unpack(redis.call('HMGET', keys[1], 'tokens', 'at'))
  tokens, at = tonumber(tokens or burst), math.min(tonumber(at or now), now)
  local gained = math.floor((now - at) / refill)
  tokens, at = tokens + gained, at + gained * refill
  if tokens >= burst then tokens, at = burst, now end
  if tokens < 1 then return {0, math.max(1, at + refill - now)} end
  redis.call('HSET', keys[1], 'tokens', tokens - 1, 'at', string.format('%.0f', at))
  redis.call('PEXPIRE', keys[1], burst * refill)
  return {1}
end)
