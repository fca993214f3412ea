-- Put in front of every script that reads or writes a home: how things are named and told in its keys.
-- What the fields of `kept` mean is written in layout.py.
local kept, journal, names = KEYS[1], KEYS[2], KEYS[3]
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

local function store(command, key, words) -- HSET or ZADD of any number of pairs
  for from = 1, #words, MANY do
    redis.call(command, key, unpack(words, from, math.min(from + MANY - 1, #words)))
  end
end

-- Entries that are forgotten and not yet swept away: those before a time and before a cursor.
local function marked(mark)
  if not mark then return nil end
  local before, upto = string.match(mark, '^(%S+) (%d+)')
  return {before = tonumber(before), upto = tonumber(upto)}
end

-- The entry at a cursor as {cursor, about, data, after}, or nil where there is none or it is forgotten.
local function line(cursor, mark)
  local row = redis.call('XRANGE', journal, cursor, cursor)[1]
  if not row then return nil end
  local fields = row[2]
  if mark and tonumber(cursor) < mark.upto and cmsgpack.unpack(fields[2])[5] < mark.before then
    return nil
  end
  return {cursor, fields[2], fields[4], fields[6]}
end
