error({}) -- error 1301
