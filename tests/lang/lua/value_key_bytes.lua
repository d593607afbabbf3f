policy('x', { ['\xff'] = 1 }) -- error 1307
