string.find('aaaa', '.-.-.-b') -- error 1301
