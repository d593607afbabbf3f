io.open('/etc/passwd') -- error 1301
