-- An error reply when the partition's log has another id than the caller knows, or none; else nil. '': the caller
-- does not know it. So a log that is emptied or exchanged under an open connection denies nobody and takes nothing.
local function not_the_log(log, log_id)
  if log_id == '' then return nil end
  if redis.call('GET', (string.gsub(log, ':log$', ':log-id'))) == log_id then return nil end
  return redis.error_reply('ANOTHERLOG the log has another id')
end
