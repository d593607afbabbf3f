collectgarbage('stop') -- error 1301
