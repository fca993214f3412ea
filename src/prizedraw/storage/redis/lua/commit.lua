-- Apply commits in order; answers what `apply` does of each, or nothing if somebody holds a document that they put.
-- ARGV[2]: whether to look for that.
if state[3] and ARGV[2] == '1' then
  local held, time = cmsgpack.unpack(state[3]), redis.call('TIME')
  local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  for _, commit in ipairs(commits) do
    local puts = commit[5]
    for place = 1, #puts, 2 do
      local hold = held[fields[puts[place]]]
      if hold and hold[2] > now then return {} end
    end
  end
end

local outcomes = {}
for place, commit in ipairs(commits) do
  outcomes[place] = apply(unpack(commit))
end
write()
return outcomes
