debug.getregistry() -- error 1301
