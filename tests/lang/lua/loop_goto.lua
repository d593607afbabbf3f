::again:: goto again -- error 1302
