-- A piece of the journal. ARGV: field of the owner or '', kind or '', from, to, newest first or '', how many to look at.
-- from and to are cursors, both included. Answers {ids, entries, cursor looked at last, or nil at the end}.
local field, kind, newest, many = ARGV[1], ARGV[2], ARGV[5] ~= '', tonumber(ARGV[6])
local ends = redis.call('HMGET', kept, '#mark', '#first', '#last')
local mark, from, to = marked(ends[1]), math.max(ARGV[3], ends[2] or 1), math.min(ARGV[4], ends[3] or 0)
local step = newest and -1 or 1
local cursors = {}

local function tell(last)
  local ids, entries = at(cursors)
  local told, lines = {}, {}
  for place, cursor in ipairs(cursors) do
    local id = ids[place]
    local entry = id and entries['i' .. id]
    if entry and string.match(entry, '^%d+') == cursor and not hidden(entry, mark)
      and (kind == '' or about(entry)[3] == string.sub(kind, 2)) then
      told[#told + 1], lines[#lines + 1] = id, entry
    end
  end
  return {told, lines, last}
end

if field == '' then
  local low, high = newest and math.max(from, to - many + 1) or from, newest and to or math.min(to, from + many - 1)
  for cursor = newest and high or low, newest and low or high, step do cursors[#cursors + 1] = digits(cursor) end
  return tell(newest and low > from and digits(low) or not newest and high < to and digits(high))
end

local head = redis.call('HGET', kept, field)
if not head then return {{}, {}, false} end
local first, final, tail = string.match(head, '^(%d+) (%d+) (.*)$')
first, final = tonumber(first), tonumber(final)

local function chunk(number)
  local found = {}
  local text = number == final and tail or redis.call('HGET', kept, field .. '\0' .. digits(number))
  for cursor in string.gmatch(text, '%d+') do found[#found + 1] = cursor end
  return found
end

-- The last chunk that begins at or below the bound: what comes before it is too old, or what comes after it too young.
local bound = newest and to or from
local low, high = first, final
while low < high do
  local middle = math.ceil((low + high) / 2)
  if tonumber(chunk(middle)[1]) <= bound then low = middle else high = middle - 1 end
end

for number = low, newest and first or final, step do
  local found = chunk(number)
  for place = newest and #found or 1, newest and 1 or #found, step do
    local value = tonumber(found[place])
    if value >= from and value <= to then
      if #cursors == many then return tell(cursors[many]) end
      cursors[#cursors + 1] = found[place]
    end
  end
end
return tell(false)
