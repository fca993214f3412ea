-- Write the format of a prefix if it has none yet, and tell which it has. KEYS: the key of the format. ARGV: ours.
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
