package vector

// paddedBytes is how many bytes a row of d numbers takes: whole sixteens.
func paddedBytes(d int) int { return max((d+15)&^15, 16) }
