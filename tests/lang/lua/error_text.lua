error('too many tiers') -- error 1301
