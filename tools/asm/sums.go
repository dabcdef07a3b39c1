package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func axpy(s isa) {
	TEXT("axpy"+s.name, NOSPLIT, "func(alpha float32, x, y *float32, n int)")
	Pragma("noescape")
	Doc("It adds alpha*x[i] to y[i].")
	alpha := s.broadcast(argument("alpha"))
	x, y, n, i := load("x"), load("y"), load("n"), GP64()
	s.each("loop", n, i, func(mask *rest) {
		sum := s.lanes()
		s.load(at(y, i), sum, mask)
		s.mulAdd(at(x, i), alpha, sum, mask)
		s.store(sum, at(y, i), mask)
	})
	finish()
}

func addSaturated(s isa) {
	TEXT("addSaturated"+s.name, NOSPLIT, "func(w, half float32, x, y *float32, n int)")
	Pragma("noescape")
	Doc("It adds w*(x[i]/(x[i]+half)) to y[i].")
	w, half := s.broadcast(argument("w")), s.broadcast(argument("half"))
	x, y, n, i := load("x"), load("y"), load("n"), GP64()
	s.each("loop", n, i, func(mask *rest) {
		sum, count, below := s.lanes(), s.lanes(), s.lanes()
		s.load(at(y, i), sum, mask)
		s.load(at(x, i), count, mask)
		for j := range sum {
			VADDPS(half[j], count[j], below[j])
			VDIVPS(below[j], count[j], count[j])
		}
		s.mulAddRegister(count, w, sum)
		s.store(sum, at(y, i), mask)
	})
	finish()
}

func addPositive(s isa) {
	TEXT("addPositive"+s.name, NOSPLIT, "func(w float32, x, y *float32, n int)")
	Pragma("noescape")
	Doc("It adds w*x[i] to y[i] where x[i] is above 0, and w*0 elsewhere.")
	w, zero := s.broadcast(argument("w")), s.lanes()
	s.zero(zero)
	x, y, n, i := load("x"), load("y"), load("n"), GP64()
	s.each("loop", n, i, func(mask *rest) {
		sum, part := s.lanes(), s.lanes()
		s.load(at(y, i), sum, mask)
		s.load(at(x, i), part, mask)
		for j := range part {
			VMAXPS(zero[j], part[j], part[j]) // in this order 0 stands for no number
		}
		s.mulAddRegister(part, w, sum)
		s.store(sum, at(y, i), mask)
	})
	finish()
}

func addAbove(s isa) {
	TEXT("addAbove"+s.name, NOSPLIT, "func(least float32, x, y, to *float32, n int)")
	Pragma("noescape")
	Doc("It sets to[i] to x[i]+y[i], or to least where that is more.")
	least := s.broadcast(argument("least"))
	x, y, to, n, i := load("x"), load("y"), load("to"), load("n"), GP64()
	s.each("loop", n, i, func(mask *rest) {
		sum, part := s.lanes(), s.lanes()
		s.load(at(x, i), sum, mask)
		s.load(at(y, i), part, mask)
		for j := range sum {
			VADDPS(part[j], sum[j], sum[j])
			VMAXPS(least[j], sum[j], sum[j]) // in this order least stands for no number
		}
		s.store(sum, at(to, i), mask)
	})
	finish()
}

func axpyBoth(s isa) {
	TEXT("axpyBoth"+s.name, NOSPLIT, "func(alpha float32, x, y, sum *float32, n int)")
	Pragma("noescape")
	Doc("It adds alpha*y[i] to sum[i], then alpha*x[i] to y[i].")
	alpha := s.broadcast(argument("alpha"))
	x, y, sum, n, i := load("x"), load("y"), load("sum"), load("n"), GP64()
	s.each("loop", n, i, func(mask *rest) {
		was, to := s.lanes(), s.lanes()
		s.load(at(y, i), was, mask)
		s.load(at(sum, i), to, mask)
		s.mulAddRegister(alpha, was, to)
		s.store(to, at(sum, i), mask)
		s.mulAdd(at(x, i), alpha, was, mask)
		s.store(was, at(y, i), mask)
	})
	finish()
}

// addTo adds float32 to float64, times w if scaled. What is left of a register's worth
// goes one by one.
func addTo(s isa, scaled bool) {
	if scaled {
		TEXT("addScaled"+s.name, NOSPLIT, "func(sum *float64, w float64, x *float32, n int)")
		Doc("It adds w*x[i] to sum[i].")
	} else {
		TEXT("addTo"+s.name, NOSPLIT, "func(sum *float64, x *float32, n int)")
		Doc("It adds x[i] to sum[i].")
	}
	Pragma("noescape")
	sum, x, n := load("sum"), load("x"), load("n")
	w, width := s.register(), s.bytes()/8
	if scaled {
		VBROADCASTSD(argument("w"), w)
	}
	const unrolled = 2
	Label("loop")
	CMPQ(n, U8(unrolled*width))
	JLT(LabelRef("one"))
	for u := range unrolled {
		v := s.register()
		VCVTPS2PD(Mem{Base: x, Disp: u * width * 4}, v)
		if scaled {
			VMULPD(w, v, v)
		}
		VADDPD(Mem{Base: sum, Disp: u * width * 8}, v, v)
		VMOVUPD(v, Mem{Base: sum, Disp: u * width * 8})
	}
	ADDQ(U8(unrolled*width*4), x)
	ADDQ(U8(unrolled*width*8), sum)
	SUBQ(U8(unrolled*width), n)
	JMP(LabelRef("loop"))
	Label("one")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	v := XMM()
	VXORPS(v, v, v)
	VCVTSS2SD(Mem{Base: x}, v, v)
	if scaled {
		VMULSD(w.AsX(), v, v)
	}
	VADDSD(Mem{Base: sum}, v, v)
	VMOVSD(v, Mem{Base: sum})
	ADDQ(Imm(4), x)
	ADDQ(Imm(8), sum)
	DECQ(n)
	JMP(LabelRef("one"))
	Label("end")
	finish()
}

// atLeast compares scores with a bound, 64 at a time.
func atLeast(s isa) {
	TEXT("atLeast"+s.name, NOSPLIT, "func(words *uint64, scores *float32, count int, bound float32)")
	Pragma("noescape")
	Doc("Bit i of words says whether scores[i] >= bound; count is of words.")
	bound := s.register()
	VBROADCASTSS(argument("bound"), bound)
	words, scores, count := load("words"), load("scores"), load("count")
	const greaterOrEqual = 13 // ordered: false for NaN
	Label("loop")
	TESTQ(count, count)
	JZ(LabelRef("end"))
	word := GP64()
	if s.wide {
		for i := range 4 {
			k, bits := K(), GP32()
			// Operands are swapped in this syntax: bound is the second of the comparison.
			v := ZMM()
			VMOVUPS(Mem{Base: scores, Disp: 64 * i}, v)
			VCMPPS(Imm(greaterOrEqual), bound, v, k)
			KMOVW(k, bits)
			if i == 0 {
				MOVL(bits, word.As32())
			} else {
				wide := bits.As64()
				SHLQ(Imm(uint64(16*i)), wide)
				ORQ(wide, word)
			}
		}
	} else {
		for i := range 8 {
			v, bits := YMM(), GP64()
			VMOVUPS(Mem{Base: scores, Disp: 32 * i}, v)
			VCMPPS(Imm(greaterOrEqual), bound, v, v)
			VMOVMSKPS(v, bits.As32())
			if i == 0 {
				MOVL(bits.As32(), word.As32())
			} else {
				SHLQ(Imm(uint64(8*i)), bits)
				ORQ(bits, word)
			}
		}
	}
	MOVQ(word, Mem{Base: words})
	ADDQ(Imm(8), words)
	ADDQ(I32(256), scores)
	DECQ(count)
	JMP(LabelRef("loop"))
	Label("end")
	finish()
}

// tile is a small product of matrices that stays in registers: rows x (parts registers).
func tile(s isa, rows, parts int) {
	columns := parts * s.bytes() / 4
	name := "tile" + itoa(rows) + "x" + itoa(columns) + s.name
	TEXT(name, NOSPLIT, "func(c *float32, ldc int, a *float32, lda int, b *float32, ldb, k int, f float32, ahead uintptr)")
	Pragma("noescape")
	Doc("It adds f * transpose(a) * b to c, where a has k rows of "+itoa(rows)+" and b k rows of "+itoa(columns)+";",
		"ldc, lda and ldb are how far rows are apart. Meanwhile it asks the cache for k lines from ahead on.")
	c, ldc, a, lda, b, ldb, k := load("c"), load("ldc"), load("a"), load("lda"), load("b"), load("ldb"), load("k")
	ahead := load("ahead")
	for _, ld := range []GPVirtual{ldc, lda, ldb} {
		SHLQ(Imm(2), ld)
	}
	sums := make([][]VecVirtual, rows)
	for i := range sums {
		for range parts {
			v := s.register()
			s.zero(lanes{v})
			sums[i] = append(sums[i], v)
		}
	}
	y := make([]VecVirtual, parts)
	for j := range y {
		y[j] = s.register()
	}
	TESTQ(k, k)
	JZ(LabelRef("add"))
	Label("loop")
	PREFETCHT1(Mem{Base: ahead})
	ADDQ(Imm(64), ahead)
	for j := range y {
		VMOVUPS(Mem{Base: b, Disp: j * s.bytes()}, y[j])
	}
	for i := range sums {
		x := s.register()
		VBROADCASTSS(Mem{Base: a, Disp: 4 * i}, x)
		for j := range y {
			VFMADD231PS(y[j], x, sums[i][j])
		}
	}
	ADDQ(lda, a)
	ADDQ(ldb, b)
	DECQ(k)
	JNZ(LabelRef("loop"))
	Label("add")
	f := s.register()
	VBROADCASTSS(argument("f"), f)
	for i := range sums {
		for j := range y {
			to := Mem{Base: c, Disp: j * s.bytes()}
			VFMADD213PS(to, f, sums[i][j])
			VMOVUPS(sums[i][j], to)
		}
		ADDQ(ldc, c)
	}
	finish()
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + itoa(n%10)
	}
	return string(rune('0' + n))
}
