return action(require "core/run_program" "sqlite")
