string.format('%p', {}) -- error 1301
