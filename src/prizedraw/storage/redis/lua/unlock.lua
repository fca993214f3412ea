-- Leave the queues, and hold nothing. KEYS: `kept`, the locks. ARGV: token.
for place = 2, #KEYS do
  local key = KEYS[place]
  redis.call('HDEL', key, ARGV[1])
end
hold(ARGV[1], {}, 0)
