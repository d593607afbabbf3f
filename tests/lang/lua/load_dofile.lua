dofile('/etc/passwd') -- error 1301
