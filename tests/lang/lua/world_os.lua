os.execute('true') -- error 1301
