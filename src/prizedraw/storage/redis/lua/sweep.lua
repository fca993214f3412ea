-- Take away some of what is forgotten. ARGV: how many entries to look at.
-- Answers {'' or the cursor of the checkpoint that still waits, cursor of the checkpoint, entries dropped for it}.
local many = tonumber(ARGV[1])
local mark = redis.call('HGET', kept, '#mark')
if not mark then
  local upto, dropped = string.match(redis.call('HGET', kept, '#swept') or '0 0', '^(%d+) (%d+)$')
  return {'', upto, dropped}
end
local before, upto, from, dropped = string.match(mark, '^(%S+) (%d+) (%d+) (%d+)$')
local limit = tonumber(before)
local rows = redis.call('XRANGE', journal, from, digits(upto - 1), 'COUNT', many)
local owners, last = {}, tonumber(from)
dropped = tonumber(dropped)
for _, row in ipairs(rows) do
  local cursor = string.match(row[1], '^%d+')
  local entry = cmsgpack.unpack(row[2][2])
  last = tonumber(cursor)
  if entry[5] < limit then
    redis.call('XDEL', journal, row[1])
    if redis.call('HGET', kept, 'i' .. entry[1]) == cursor then redis.call('HDEL', kept, 'i' .. entry[1]) end
    owners[entry[3]] = true
    dropped = dropped + 1
  end
end

-- The cursors of an owner that lead nowhere are taken away from the oldest chunk on; elsewhere they do no harm.
local function living(text)
  local left = {}
  for cursor in string.gmatch(text, '%d+') do
    if tonumber(cursor) > last or redis.call('XRANGE', journal, cursor, cursor)[1] then left[#left + 1] = cursor .. ' ' end
  end
  return table.concat(left)
end

for owner in pairs(owners) do
  local field = 'o' .. owner
  local first, final, tail = string.match(redis.call('HGET', kept, field), '^(%d+) (%d+) (.*)$')
  first, final = tonumber(first), tonumber(final)
  while first < final do
    local name = field .. '\0' .. digits(first)
    local left = living(redis.call('HGET', kept, name))
    if left ~= '' then
      redis.call('HSET', kept, name, left)
      break
    end
    redis.call('HDEL', kept, name)
    first = first + 1
  end
  if first == final then tail = living(tail) end
  if first == final and tail == '' then
    redis.call('HDEL', kept, field)
  else
    redis.call('HSET', kept, field, digits(first) .. ' ' .. digits(final) .. ' ' .. tail)
  end
end

if #rows == many then
  redis.call('HSET', kept, '#mark', before .. ' ' .. upto .. ' ' .. digits(last + 1) .. ' ' .. digits(dropped))
  return {upto, upto, digits(dropped)}
end
redis.call('HDEL', kept, '#mark')
redis.call('HSET', kept, '#swept', upto .. ' ' .. digits(dropped))
return {'', upto, digits(dropped)}
