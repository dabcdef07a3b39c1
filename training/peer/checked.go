//go:build (race || msan || asan) && !noasm

package peer

// checked says that pointers are checked at run time.
const checked = true
