//go:build !linux && !darwin

package tune

import "os"

// lock takes no lock here: it is for the caller not to go on with one study twice at once.
func lock(*os.File) error { return nil }
