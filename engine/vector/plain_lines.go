package vector

import "math/bits"

// The plain twins of the kernels of lines.

// fullAdd returns the sum of three bits and what is carried, of 64 at once.
func fullAdd(a, b, c uint64) (sum, carry uint64) {
	differ := a ^ b
	return differ ^ c, a&b | differ&c
}

// sumLinesPlain takes eight lines at a time.
func sumLinesPlain(p *planes, lines []uint64, at []uint32, levels, limit int) int {
	const eights = LinesAtOnce / 8
	for done := 0; done < len(at); done += LinesAtOnce {
		round := at[done:][:LinesAtOnce]
		for _, from := range round {
			if int64(from) >= int64(limit) {
				return done
			}
		}
		var carried [eights][LineWords]uint64
		for e := range eights {
			sumEight(&carried[e], p, lines, (*[8]uint32)(round[8*e:]))
		}
		for w := range LineWords {
			eight, a := fullAdd(p[3][w], carried[0][w], carried[1][w])
			eight, b := fullAdd(eight, carried[2][w], carried[3][w])
			sixteen, carry := fullAdd(p[4][w], a, b)
			p[3][w], p[4][w] = eight, sixteen
			for level := 5; level < levels; level++ {
				p[level][w], carry = p[level][w]^carry, p[level][w]&carry
			}
		}
	}
	return len(at)
}

// sumEight adds eight lines to the lowest three digits, and sets to to what is carried.
func sumEight(to *[LineWords]uint64, p *planes, lines []uint64, at *[8]uint32) {
	l0, l1 := (*[LineWords]uint64)(lines[at[0]:]), (*[LineWords]uint64)(lines[at[1]:])
	l2, l3 := (*[LineWords]uint64)(lines[at[2]:]), (*[LineWords]uint64)(lines[at[3]:])
	l4, l5 := (*[LineWords]uint64)(lines[at[4]:]), (*[LineWords]uint64)(lines[at[5]:])
	l6, l7 := (*[LineWords]uint64)(lines[at[6]:]), (*[LineWords]uint64)(lines[at[7]:])
	for w := range LineWords {
		one, a := fullAdd(p[0][w], l0[w], l1[w])
		one, b := fullAdd(one, l2[w], l3[w])
		two, c := fullAdd(p[1][w], a, b)
		one, a = fullAdd(one, l4[w], l5[w])
		one, b = fullAdd(one, l6[w], l7[w])
		two, d := fullAdd(two, a, b)
		p[0][w], p[1][w] = one, two
		p[2][w], to[w] = fullAdd(p[2][w], c, d)
	}
}

func addPlanesPlain(counts []float32, p *planes, levels int) {
	for level, plane := range p[:levels] {
		for w, word := range plane {
			part := counts[w*64:][:64]
			for ; word != 0; word &= word - 1 {
				part[bits.TrailingZeros64(word)&63] += float32(int(1) << level)
			}
		}
	}
}
