-- Stand in the queue of every lock, or stay in it, and tell how many stand before. KEYS: `kept`, the locks.
-- ARGV: token; milliseconds for which a place is kept without being asked for again, and once it is the first, and for which the
-- documents are held then; the fields of the documents.
-- A lock is a hash of token -> 'came gone': the microseconds when it came, and when its place is given up.
local token, waiting, holding = ARGV[1], tonumber(ARGV[2]) * 1000, tonumber(ARGV[3]) * 1000
local queues, mine, most = {}, now, 0
for place = 2, #KEYS do
  local key, queue = KEYS[place], {}
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    local came, gone = string.match(all[at + 1], '^(%d+) (%d+)$')
    if all[at] == token then
      mine = tonumber(came)
    elseif tonumber(gone) < now then
      redis.call('HDEL', key, all[at])
    else
      queue[#queue + 1] = {tonumber(came), all[at]}
    end
  end
  queues[place] = queue
end
for place = 2, #KEYS do
  local before = 0
  for _, other in ipairs(queues[place]) do
    if other[1] < mine or (other[1] == mine and other[2] < token) then before = before + 1 end
  end
  most = math.max(most, before)
end
local gone = string.format('%.0f %.0f', mine, now + (most == 0 and holding or waiting))
for place = 2, #KEYS do
  local key = KEYS[place]
  redis.call('HSET', key, token, gone)
  redis.call('PEXPIRE', key, string.format('%.0f', (waiting + holding) / 1000))
end
if most == 0 then hold(token, {unpack(ARGV, 5)}, now + tonumber(ARGV[4]) * 1000) end
return most
