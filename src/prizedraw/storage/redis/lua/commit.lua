-- Apply commits in order, each whole or not at all: everything is checked before anything is written.
-- ARGV[1]: msgpack of a list of {fields, ids, expected, counters, lines, puts, before}, see layout.py.
-- Answers one of these for each:
--   '+' [cursor of the first entry] '\0' [counter '\0' value '\0' limit '\0' ...]   committed
--   {'=', cursor, about, data, after}   an id is known
--   {'~', document or nil, ...}     stale: the expected documents as they are
--   {'-', place, counter or nil, ...}   refused: those that may not move
--   {'!'}                           an earlier forgetting is not swept away yet
local SPILL = 400 -- characters of cursors that stay in the field of their owner

local function append(head, field, cursor)
  if not head then return '0 0 ' .. cursor .. ' ' end
  if #head > SPILL then
    local first, last, tail = string.match(head, '^(%d+) (%d+) (.*)$')
    redis.call('HSET', kept, field .. '\0' .. last, tail)
    head = first .. ' ' .. digits(last + 1) .. ' '
  end
  return head .. cursor .. ' '
end

local function apply(fields, ids, expected, counters, lines, puts, before)
  local found = look(fields)
  local last, mark = found[1], marked(found[2])
  local at = 2
  for place, id in ipairs(ids) do
    local cursor = found[at + place]
    local known = cursor and line(cursor, mark)
    if known then return {'=', unpack(known)} end
  end
  at = at + #ids
  for place, version in ipairs(expected) do
    local doc = found[at + place]
    if doc and string.sub(doc, 1, #version) ~= version or (version == '') == (doc ~= false) then
      local stale = {'~'}
      for other = 1, #expected do stale[other + 1] = found[at + other] end
      return stale
    end
  end
  local docs = at
  at = at + #expected
  local words, fresh, after, refused = {}, {}, {}, {'-'}
  for place, move in ipairs(counters) do
    local field, held = fields[at + place], found[at + place]
    local value, limit = 0, -1
    if held then
      value, limit = string.match(held, '^(%d+) (%-?%d+)$')
      value, limit = tonumber(value), tonumber(limit)
    else
      fresh[#fresh + 1], fresh[#fresh + 2] = 0, field
    end
    value = value + move[1]
    limit = move[2] or limit
    if value < 0 or value > (limit < 0 and MAX or limit) then
      refused[#refused + 1], refused[#refused + 2] = digits(place - 1), held
    else
      words[#words + 1], words[#words + 2] = field, digits(value) .. ' ' .. digits(limit)
      if limit >= 0 then
        after[#after + 1] = string.sub(field, 2) .. '\0' .. digits(value) .. '\0' .. digits(limit) .. '\0'
      end
    end
  end
  if #refused > 1 then return refused end
  if before and mark then return {'!'} end
  at = at + #counters

  after = table.concat(after)
  local cursor = tonumber(last or 0)
  local told = #ids > 0 and digits(cursor + 1) or ''
  local owned = {}
  for place, entry in ipairs(lines) do -- {number of the owner, about, data}
    cursor = cursor + 1
    local number, text = entry[1], digits(cursor)
    redis.call('XADD', journal, text .. '-0', 'e', entry[2], 'd', entry[3], 'a', after)
    owned[number] = append(owned[number] or found[at + number], fields[at + number], text)
    words[#words + 1], words[#words + 2] = ids[place], text
  end
  for number, head in pairs(owned) do
    words[#words + 1], words[#words + 2] = fields[at + number], head
  end
  for _, put in ipairs(puts) do -- {number of the document, version:data}
    local number = docs + put[1]
    words[#words + 1], words[#words + 2] = fields[number], put[2]
    if not found[number] then fresh[#fresh + 1], fresh[#fresh + 2] = 0, fields[number] end
  end
  if #ids > 0 then words[#words + 1], words[#words + 2] = '#last', digits(cursor) end
  if before then words[#words + 1], words[#words + 2] = '#mark', before .. ' ' .. digits(cursor) .. ' 0 0' end
  store('ZADD', names, fresh)
  store('HSET', kept, words)
  return '+' .. told .. '\0' .. after
end

local outcomes = {}
for place, commit in ipairs(cmsgpack.unpack(ARGV[1])) do
  outcomes[place] = apply(unpack(commit))
end
return outcomes
