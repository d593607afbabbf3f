coroutine.wrap(function() end)() -- error 1301
