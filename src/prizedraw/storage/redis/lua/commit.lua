-- Apply commits in order; answers what `apply` does of each.
local outcomes = {}
for place, commit in ipairs(commits) do
  outcomes[place] = apply(unpack(commit))
end
write()
return outcomes
