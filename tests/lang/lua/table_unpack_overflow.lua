table.unpack({}, math.mininteger, math.maxinteger) -- error 1301
