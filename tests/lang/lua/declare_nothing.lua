policy() -- error 1309
