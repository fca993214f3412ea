-- Many fields of `kept`, and the entries of some ids, in one snapshot.
-- ARGV[1]: msgpack of {fields, ids}. Answers {values, entries}: {cursor, about, data, after} or nil for each id.
local fields, ids = unpack(cmsgpack.unpack(ARGV[1]))
local values, cursors = look(fields), look(ids)
local mark = marked(redis.call('HGET', kept, '#mark'))
local entries = {}
for place = 1, #ids do
  entries[place] = cursors[place] and line(cursors[place], mark) or false
end
return {values, entries}
