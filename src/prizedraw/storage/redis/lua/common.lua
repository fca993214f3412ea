-- Put in front of every script that reads or writes a home: how things are named and told in its keys.
-- What the fields of `kept` mean is written in layout.py.
local kept, names = KEYS[1], KEYS[2]
local MAX = 9007199254740991 -- 2^53 - 1: doubles count exactly up to here
local MANY = 4000 -- what unpack can put on the stack, by a good margin

local function digits(number) -- never 1e+15
  return string.format('%.0f', number)
end

local function look(fields) -- HMGET of any number of fields
  if #fields <= MANY then
    return #fields > 0 and redis.call('HMGET', kept, unpack(fields)) or {}
  end
  local found = {}
  for from = 1, #fields, MANY do
    local upto = math.min(from + MANY - 1, #fields)
    for place, value in ipairs(redis.call('HMGET', kept, unpack(fields, from, upto))) do
      found[from + place - 1] = value
    end
  end
  return found
end

local function store(command, key, words) -- HSET, ZADD or HDEL of any number of words
  for from = 1, #words, MANY do
    redis.call(command, key, unpack(words, from, math.min(from + MANY - 1, #words)))
  end
end

local function about(entry) -- {fingerprint, owner, kind, at}
  local size, start = string.match(entry, '^%d+ (%d+) %d+ ()')
  return cmsgpack.unpack(string.sub(entry, start, start + size - 1))
end

-- Entries that are forgotten and not yet swept away: those before a time and before a cursor.
local function marked(mark)
  if not mark then return nil end
  local before, upto = string.match(mark, '^(%S+) (%d+)')
  return {before = tonumber(before), upto = tonumber(upto)}
end

local function hidden(entry, mark)
  return mark and tonumber(string.match(entry, '^%d+')) < mark.upto and about(entry)[4] < mark.before
end

-- What stands at cursors, in their order: ids, and entries by id. An id that was used again leads to another cursor's entry.
local function at(cursors)
  local fields, lines, found = {}, {}, {}
  for place, cursor in ipairs(cursors) do fields[place] = 'e' .. cursor end
  local ids = look(fields)
  for place = 1, #cursors do
    if ids[place] then lines[#lines + 1] = 'i' .. ids[place] end
  end
  for place, entry in ipairs(look(lines)) do found[lines[place]] = entry end
  return ids, found
end
