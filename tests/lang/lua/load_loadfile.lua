loadfile('/etc/passwd') -- error 1301
