-- Put in front of the scripts that change which documents are held: the field #held of `kept`, KEYS[1], a msgpack map of
-- field of a document -> {token, microseconds until which commits of others stand back}; no field where none is held.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

local function hold(token, fields, till) -- these and no others, until then
  local held, left = redis.call('HGET', KEYS[1], '#held'), {}
  for field, hold in pairs(held and cmsgpack.unpack(held) or {}) do
    if hold[1] ~= token and hold[2] > now then left[field] = hold end
  end
  for _, field in ipairs(fields) do left[field] = {token, till} end
  if next(left) then
    redis.call('HSET', KEYS[1], '#held', cmsgpack.pack(left))
  elseif held then
    redis.call('HDEL', KEYS[1], '#held')
  end
end
