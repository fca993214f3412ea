-- Put a new format of a prefix for an old one, and tell which it has then. KEYS: the key of the format. ARGV: old, new.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])
