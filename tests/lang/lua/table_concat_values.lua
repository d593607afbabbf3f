table.concat({ {} }) -- error 1301
