-- An error reply when the partition's log has another id than the caller knows, or none; else nil. `id_key` is
-- {p}:log-id; `log_id` is '' when the caller does not know it. So a log that is emptied or exchanged under an open
-- connection denies nobody and takes nothing.
local function not_the_log(id_key, log_id)
  if log_id == '' or redis.call('GET', id_key) == log_id then return nil end
  return redis.error_reply('ANOTHERLOG the log has another id')
end
