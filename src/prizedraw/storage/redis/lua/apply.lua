-- Put in front of the scripts that make commits. `apply` takes one, whole or not at all, and `write` what changed to the server.
-- ARGV[1]: msgpack of {fields, commits}; a commit is {ids, expected, counters, lines, puts, before}, see layout.py.
-- `apply` answers one of these:
--   '+' [cursor of the first entry] '\0' [counter '\0' value '\0' limit '\0' ...]   committed
--   {'=', place of the entry, what is kept of it}   an id is known
--   {'~', document or nil, ...}                     stale: the expected documents as they are
--   {'-', place of the counter, counter or nil, ...}   refused: those that may not move
--   {'!'}                                           an earlier forgetting is not swept away yet
local SPILL = 400 -- characters of cursors that stay in the field of their owner

local fields, commits = unpack(cmsgpack.unpack(ARGV[1]))
local state, dirty, words, fresh = look(fields), {}, {}, {}
local last, mark = tonumber(state[1] or 0), marked(state[2])

local function put(number, value)
  dirty[number], state[number] = true, value
end

local function append(number, cursor) -- to the cursors of an owner
  local head = state[number] or '0 0 '
  if #head > SPILL then
    local first, final, tail = string.match(head, '^(%d+) (%d+) (.*)$')
    words[#words + 1], words[#words + 2] = fields[number] .. '\0' .. final, tail
    head = first .. ' ' .. digits(final + 1) .. ' '
  end
  put(number, head .. cursor .. ' ')
end

local function apply(ids, expected, counters, lines, puts, before)
  for place, number in ipairs(ids) do
    local entry = state[number]
    if entry and not hidden(entry, mark) then return {'=', digits(place - 1), entry} end
  end
  for place = 1, #expected, 2 do -- number, version
    local doc, version = state[expected[place]], expected[place + 1]
    if doc and string.sub(doc, 1, #version) ~= version or (version == '') == (doc ~= false) then
      local stale = {'~'}
      for other = 1, #expected, 2 do stale[#stale + 1] = state[expected[other]] end
      return stale
    end
  end
  local moved, after, refused = {}, {}, {'-'}
  for place, move in ipairs(counters) do -- {number, delta, limit}
    local number = move[1]
    local held, value, limit = state[number], 0, -1
    if held then
      value, limit = string.match(held, '^(%d+) (%-?%d+)$')
      value, limit = tonumber(value), tonumber(limit)
    end
    value = value + move[2]
    limit = move[3] or limit
    if value < 0 or value > (limit < 0 and MAX or limit) then
      refused[#refused + 1], refused[#refused + 2] = digits(place - 1), held
    else
      local told, ceiling = digits(value), digits(limit)
      moved[place] = told .. ' ' .. ceiling
      if limit >= 0 then after[#after + 1] = string.sub(fields[number], 2) .. '\0' .. told .. '\0' .. ceiling .. '\0' end
    end
  end
  if #refused > 1 then return refused end
  if before and mark then return {'!'} end

  after = table.concat(after)
  for place, value in ipairs(moved) do
    local number = counters[place][1]
    if not state[number] then fresh[#fresh + 1], fresh[#fresh + 2] = 0, fields[number] end
    put(number, value)
  end
  for place = 1, #puts, 2 do -- number, version:data
    local number = puts[place]
    if not state[number] then fresh[#fresh + 1], fresh[#fresh + 2] = 0, fields[number] end
    put(number, puts[place + 1])
  end
  local first = #ids > 0 and digits(last + 1) or ''
  for place = 1, #lines, 2 do -- number of the owner, line
    last = last + 1
    local number, cursor = ids[(place + 1) / 2], digits(last)
    put(number, cursor .. ' ' .. lines[place + 1] .. after)
    words[#words + 1], words[#words + 2] = 'e' .. cursor, string.sub(fields[number], 2)
    append(lines[place], cursor)
  end
  if before then put(2, before .. ' ' .. digits(last) .. ' 0 0') end
  return '+' .. first .. '\0' .. after
end

local function write() -- at once, after the last
  if #words > 0 then put(1, digits(last)) end
  for number in pairs(dirty) do
    words[#words + 1], words[#words + 2] = fields[number], state[number]
  end
  store('ZADD', names, fresh)
  store('HSET', kept, words)
end
