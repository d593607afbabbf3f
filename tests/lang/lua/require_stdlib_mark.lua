require '@stdlib/sqlite/engine' -- error 1306
