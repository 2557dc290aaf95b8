-- Admits several events under the same limits, each as `admit` does, in order. On one server only: the keys of
-- several subjects lie in several slots.
--
-- KEYS, four per event   as those of `admit`
-- ARGV[1..6]             NAME, count, window (ms), BYTES, most bytes, window (ms)
-- ARGV[7...], per event  id, bytes
-- Replies with one reply of `admit` per event.
--#include admission
redis.register_function('sealstream_admit_all', function(keys, args)
  local replies = {}
  for i = 1, #keys / 4 do
    local first, id, size = 4 * i - 3, args[5 + 2 * i], args[6 + 2 * i]
    replies[i] = admit(
      {keys[first], keys[first + 1], keys[first + 2], keys[first + 3]},
      {args[1], args[2], args[3], id, args[4], args[5], args[6], size})
  end
  return replies
end)
