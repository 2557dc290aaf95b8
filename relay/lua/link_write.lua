-- Replaces the body of a link mailbox, if it is the one that the caller saw. Its time goes on.
--
-- KEYS[1] link:{ID}   string 'VERSION:BODY'
-- ARGV    version that was seen, new value
-- Replies 1, 0 when another version lies there, or false when the mailbox is gone.
redis.register_function('sealstream_link_write', function(keys, args)
  local value = redis.call('GET', keys[1])
  if not value then return false end
  if string.match(value, '^(%d+):') ~= args[1] then return 0 end
  redis.call('SET', keys[1], args[2], 'KEEPTTL')
  return 1
end)
