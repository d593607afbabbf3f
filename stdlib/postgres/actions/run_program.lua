return action(require "core/run_program" "postgres")
