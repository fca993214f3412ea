-- A piece of the journal. ARGV: field of the owner or '', kind or '', from, to, newest first or '', how many to look at.
-- from and to are cursors, both included. Answers {entries, cursor looked at last, or nil at the end}.
local field, kind, from, to, newest, many = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5] ~= '', tonumber(ARGV[6])
local mark = marked(redis.call('HGET', kept, '#mark'))
local entries, seen, last = {}, 0, nil

local function take(cursor, fields)
  if kind ~= '' or mark then
    local about = cmsgpack.unpack(fields[2])
    if kind ~= '' and about[4] ~= string.sub(kind, 2) then return end
    if mark and tonumber(cursor) < mark.upto and about[5] < mark.before then return end
  end
  entries[#entries + 1] = {cursor, fields[2], fields[4], fields[6]}
end

if field == '' then
  local rows = newest and redis.call('XREVRANGE', journal, to, from, 'COUNT', many)
    or redis.call('XRANGE', journal, from, to, 'COUNT', many)
  for _, row in ipairs(rows) do
    last = string.match(row[1], '^%d+')
    take(last, row[2])
  end
  return {entries, #rows == many and last or false}
end

local head = redis.call('HGET', kept, field)
if not head then return {entries, false} end
local first, final, tail = string.match(head, '^(%d+) (%d+) (.*)$')
first, final, from, to = tonumber(first), tonumber(final), tonumber(from), tonumber(to)

local function chunk(number)
  local cursors = {}
  local text = number == final and tail or redis.call('HGET', kept, field .. '\0' .. digits(number))
  for cursor in string.gmatch(text, '%d+') do cursors[#cursors + 1] = cursor end
  return cursors
end

-- The last chunk that begins at or below the bound: what comes before it is too old, or what comes after it too young.
local bound = newest and to or from
local low, high = first, final
while low < high do
  local middle = math.ceil((low + high) / 2)
  local begins = tonumber(chunk(middle)[1])
  if begins and begins <= bound then low = middle else high = middle - 1 end
end

local step = newest and -1 or 1
for number = low, newest and first or final, step do
  local cursors = chunk(number)
  for place = newest and #cursors or 1, newest and 1 or #cursors, step do
    local cursor = cursors[place]
    local value = tonumber(cursor)
    if value >= from and value <= to then
      if seen == many then return {entries, last} end
      seen, last = seen + 1, cursor
      local row = redis.call('XRANGE', journal, cursor, cursor)[1]
      if row then take(cursor, row[2]) end
    end
  end
end
return {entries, false}
