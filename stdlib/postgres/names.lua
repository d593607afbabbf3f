-- Names that are made of others, as PostgreSQL makes them.
local names = {}

-- NAME and a suffix in the 63 bytes that a name may have: NAME is cut, never within a character.
function names.with(name, suffix)
  local last = 63 - #suffix
  if #name > last then
    while last > 0 and string.byte(name, last + 1) >= 0x80 and string.byte(name, last + 1) < 0xC0 do last = last - 1 end
    name = string.sub(name, 1, last)
  end
  return name .. suffix
end

return names
