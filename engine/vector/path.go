package vector

import "fmt"

// path is a set of kernels.
type path uint8

const (
	plain  path = iota // Go alone
	avx2               // AVX2, FMA and BMI2
	avx512             // AVX-512 F, BW, DQ, VL and VNNI, and AVX2
)

func (p path) String() string { return [...]string{"plain", "avx2", "avx512"}[p] }

// kernels is the set in use: the best the processor can run, unless Use says otherwise.
var kernels = best()

// Use takes the kernels of a name, plain, avx2 or avx512, in place of the best, for
// measurements. It is for a program's start: nothing may be computing meanwhile.
func Use(name string) error {
	for p := plain; p <= best(); p++ {
		if p.String() == name {
			kernels = p
			return nil
		}
	}
	return fmt.Errorf("there are no kernels %q: this program on this processor has %v", name, Paths())
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
