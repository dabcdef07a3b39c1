//go:build noasm || !(race || msan || asan)

package peer

const checked = false
