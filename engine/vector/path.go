package vector

import (
	"fmt"
	"os"
)

// path is a set of kernels.
type path uint8

const (
	plain  path = iota // Go alone
	avx2               // AVX2, FMA and BMI2
	avx512             // AVX-512 F, BW, DQ, VL and VNNI, and AVX2
)

func (p path) String() string { return [...]string{"plain", "avx2", "avx512"}[p] }

// PathVariable is the environment variable that names the kernels to use instead of the
// best the processor can run: plain, avx2 or avx512. Tests and measurements use it; a
// name that is unknown or that the processor cannot run stops the program at its start.
const PathVariable = "RAPPORT_KERNELS"

// kernels is the set in use. It is chosen once, at the start; only tests change it.
var kernels = chosen(os.Getenv(PathVariable))

func chosen(name string) path {
	if name == "" {
		return best()
	}
	for p := plain; p <= best(); p++ {
		if p.String() == name {
			return p
		}
	}
	panic(fmt.Sprintf("%s=%s: this program on this processor has %v", PathVariable, name, Paths()))
}

// Path names the kernels in use: plain, avx2 or avx512.
func Path() string { return kernels.String() }

// Paths names the kernels this program can use on this processor, slowest first.
func Paths() []string {
	var names []string
	for p := plain; p <= best(); p++ {
		names = append(names, p.String())
	}
	return names
}
