package recommend

// LimitExact sets the number of eligible items up to which all are scored.
func (in *Input) LimitExact(n int) { in.exactLimit = n }
