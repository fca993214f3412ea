-- Keys in order of their bytes, with what is kept under them. ARGV: from, to, how many.
local found = redis.call('ZRANGEBYLEX', names, ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
return {found, look(found)}
