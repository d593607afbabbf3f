local home = os.getenv('HOME') -- error 1301
