local function tier(n) error('no tier ' .. n, 2) end

tier(3) -- error 1301
