if true then
-- error 1300 at the end