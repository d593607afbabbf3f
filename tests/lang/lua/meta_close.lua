local x <close> = {} -- error 1301
