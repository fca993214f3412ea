-- Take away some of what is forgotten. ARGV: how many cursors to look at.
-- Answers {'' or the cursor of the checkpoint that still waits, cursor of the checkpoint, entries dropped for it}.
local many = tonumber(ARGV[1])
local mark, swept, first = unpack(redis.call('HMGET', kept, '#mark', '#swept', '#first'))
if not mark then
  local upto, dropped = string.match(swept or '0 0', '^(%d+) (%d+)$')
  return {'', upto, dropped}
end
local before, upto, from, dropped = string.match(mark, '^(%S+) (%d+) (%d+) (%d+)$')
local limit = tonumber(before)
first, upto, dropped = tonumber(first or 1), tonumber(upto), tonumber(dropped)
from = math.max(from, first)
local last = math.min(upto - 1, from + many - 1)

local cursors, gone, owners = {}, {}, {}
for cursor = from, last do cursors[#cursors + 1] = digits(cursor) end
local ids, entries = at(cursors)
for place, cursor in ipairs(cursors) do
  local field = ids[place] and 'i' .. ids[place]
  local entry = field and entries[field]
  local said = entry and string.match(entry, '^%d+') == cursor and about(entry)
  local stays = said and said[4] >= limit
  if field and not stays then
    gone[#gone + 1] = 'e' .. cursor
    dropped = dropped + 1
    if said then
      gone[#gone + 1] = field
      owners[said[2]] = true
    end
  end
  if not stays and first == from + place - 1 then first = first + 1 end
end
store('HDEL', kept, gone)

-- The cursors of an owner that lead nowhere are taken away from the oldest chunk on; elsewhere they do no harm.
local function living(text)
  local left = {}
  for cursor in string.gmatch(text, '%d+') do
    if tonumber(cursor) > last or redis.call('HEXISTS', kept, 'e' .. cursor) == 1 then left[#left + 1] = cursor .. ' ' end
  end
  return table.concat(left)
end

for owner in pairs(owners) do
  local field = 'o' .. owner
  local oldest, final, tail = string.match(redis.call('HGET', kept, field), '^(%d+) (%d+) (.*)$')
  oldest, final = tonumber(oldest), tonumber(final)
  while oldest < final do
    local name = field .. '\0' .. digits(oldest)
    local left = living(redis.call('HGET', kept, name))
    if left ~= '' then
      redis.call('HSET', kept, name, left)
      break
    end
    redis.call('HDEL', kept, name)
    oldest = oldest + 1
  end
  if oldest == final then tail = living(tail) end
  if oldest == final and tail == '' then
    redis.call('HDEL', kept, field)
  else
    redis.call('HSET', kept, field, digits(oldest) .. ' ' .. digits(final) .. ' ' .. tail)
  end
end

redis.call('HSET', kept, '#first', digits(first))
local done = last >= upto - 1
if done then
  redis.call('HDEL', kept, '#mark')
  redis.call('HSET', kept, '#swept', digits(upto) .. ' ' .. digits(dropped))
else
  redis.call('HSET', kept, '#mark', before .. ' ' .. digits(upto) .. ' ' .. digits(last + 1) .. ' ' .. digits(dropped))
end
return {done and '' or digits(upto), digits(upto), digits(dropped)}
