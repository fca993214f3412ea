-- Apply one commit and, only where it is made, rewrite entries and drop documents; answers a list of what `apply` does.
-- ARGV[2]: msgpack of {entries, documents}; an entry is {field, owner, head of what it says of itself, data}, see layout.py.
-- O(n log n) for n entries of the owners of before and of now: their cursors are put in order anew.
if mark then return {{'!'}} end -- swept away first, what is forgotten keeps no owner's name
local outcome = apply(unpack(commits[1]))
if type(outcome) == 'table' then return {outcome} end
write()
words, dirty, fresh = {}, {}, {}

local entries, gone = unpack(cmsgpack.unpack(ARGV[2]))
store('ZREM', names, gone)

local changes, asked = {}, {} -- owner -> cursor -> whether it is theirs now
local function change(owner, cursor, theirs)
  changes[owner] = changes[owner] or {}
  changes[owner][cursor] = theirs
end

for place, entry in ipairs(entries) do asked[place] = entry[1] end
for place, known in ipairs(look(asked)) do
  if known then
    local field, owner, head, data = unpack(entries[place])
    local cursor, size, length, start = string.match(known, '^(%d+) (%d+) (%d+) ()')
    local said = string.sub(known, start, start + size - 1)
    local kind = cmsgpack.unpack_one(said, cmsgpack.unpack_one(said, 1)) -- where it begins, behind fingerprint and owner
    said = head .. string.sub(said, kind + 1)
    words[#words + 1] = field
    words[#words + 1] = table.concat({cursor, #said, #data, said}, ' ') .. data .. string.sub(known, start + size + length)
    local before = about(known)[2]
    if before ~= owner then
      change(before, cursor, false)
      change(owner, cursor, true)
    end
  end
end

local function chunks(owner) -- the fields that hold an owner's cursors, and the cursors
  local field, numbers = 'o' .. owner, {}
  local head = redis.call('HGET', kept, field)
  if not head then return numbers, '' end
  local first, final, tail = string.match(head, '^(%d+) (%d+) (.*)$')
  for number = first, final - 1 do numbers[#numbers + 1] = field .. '\0' .. digits(number) end
  local text = table.concat(look(numbers)) .. tail
  numbers[#numbers + 1] = field
  return numbers, text
end

for owner, changed in pairs(changes) do
  local cursors, lines, ordered = {}, {}, {}
  local held, text = chunks(owner)
  for _, field in ipairs(held) do gone[#gone + 1] = field end
  for cursor in string.gmatch(text, '%d+') do
    if changed[cursor] == nil then cursors[#cursors + 1] = cursor end
  end
  for cursor, theirs in pairs(changed) do
    if theirs then cursors[#cursors + 1] = cursor end
  end
  for place, cursor in ipairs(cursors) do lines[place] = 'e' .. cursor end
  for place, id in ipairs(look(lines)) do
    if id then ordered[#ordered + 1] = tonumber(cursors[place]) end -- others were forgotten
  end
  table.sort(ordered)
  fields[#fields + 1] = 'o' .. owner
  for _, cursor in ipairs(ordered) do append(#fields, digits(cursor)) end
end

store('HDEL', kept, gone)
write()
return {outcome}
