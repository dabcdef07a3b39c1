package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Sums of products of float64 run in eight lanes, without fused multiplication, as those
// of float32 do in sixteen.

// eights runs body for every whole eight of n float64, for which p points into slices and
// is moved on, and one, if there is such, for each that is left.
func (s isa) eights(n GPVirtual, p []GPVirtual, body, one func()) {
	next := func(floats int) {
		for _, r := range p {
			ADDQ(U8(8*floats), r)
		}
		SUBQ(U8(floats), n)
	}
	Label("eight")
	CMPQ(n, Imm(8))
	JLT(LabelRef("one"))
	body()
	next(8)
	JMP(LabelRef("eight"))
	Label("one")
	if one == nil {
		return
	}
	TESTQ(n, n)
	JZ(LabelRef("end"))
	one()
	next(1)
	JMP(LabelRef("one"))
	Label("end")
}

// parts is how many registers hold eight float64.
func (s isa) parts() int { return 64 / s.bytes() }

func dotWide(s isa) {
	TEXT("dotWide"+s.name, NOSPLIT, "func(a, b *float64, n int) float64")
	Pragma("noescape")
	Doc("The sum of a[i]*b[i] for a multiple of 8.")
	a, b, n := load("a"), load("b"), load("n")
	sums := s.lanes()
	s.zero(sums)
	s.eights(n, []GPVirtual{a, b}, func() {
		for i, sum := range sums {
			x := s.register()
			VMOVUPD(Mem{Base: a, Disp: i * s.bytes()}, x)
			VMULPD(Mem{Base: b, Disp: i * s.bytes()}, x, x)
			VADDPD(x, sum, sum)
		}
	}, nil)
	low, x, t := YMM(), XMM(), XMM()
	if s.wide {
		VEXTRACTF64X4(Imm(1), sums[0], low)
		VADDPD(sums[0].AsY(), low, low)
	} else {
		VADDPD(sums[0], sums[1], low)
	}
	s.upper(low, x)
	VADDPD(low.AsX(), x, x)
	VUNPCKHPD(x, x, t)
	VADDSD(t, x, x)
	out, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	VMOVSD(x, out.Addr)
	finish()
}

// axpyWide adds f times x to y; scaleWide sets y to it.
func axpyWide(s isa, add bool) {
	if add {
		TEXT("axpyWide"+s.name, NOSPLIT, "func(f float64, x, y *float64, n int)")
		Doc("It adds f*x[i] to y[i].")
	} else {
		TEXT("scaleWide"+s.name, NOSPLIT, "func(f float64, x, y *float64, n int)")
		Doc("It sets y[i] to f*x[i].")
	}
	Pragma("noescape")
	f := s.register()
	VBROADCASTSD(argument("f"), f)
	x, y, n := load("x"), load("y"), load("n")
	s.eights(n, []GPVirtual{x, y}, func() {
		for i := range s.parts() {
			v := s.register()
			VMULPD(Mem{Base: x, Disp: i * s.bytes()}, f, v)
			if add {
				VADDPD(Mem{Base: y, Disp: i * s.bytes()}, v, v)
			}
			VMOVUPD(v, Mem{Base: y, Disp: i * s.bytes()})
		}
	}, func() {
		v := XMM()
		VMULSD(Mem{Base: x}, f.AsX(), v)
		if add {
			VADDSD(Mem{Base: y}, v, v)
		}
		VMOVSD(v, Mem{Base: y})
	})
	finish()
}

// tileWide is tile of float64, not fused.
func tileWide(s isa, rows, parts int) {
	columns := parts * s.bytes() / 8
	TEXT("tileWide"+itoa(rows)+"x"+itoa(columns)+s.name, NOSPLIT, "func(c *float64, ldc int, a *float64, lda int, b *float64, ldb, k int, f float64)")
	Pragma("noescape")
	Doc("It adds f * transpose(a) * b to c, where a has k rows of "+itoa(rows)+" and b k rows of "+itoa(columns)+";",
		"ldc, lda and ldb are how far rows are apart. k is above 0.")
	c, ldc, a, lda, b, ldb, k := load("c"), load("ldc"), load("a"), load("lda"), load("b"), load("ldb"), load("k")
	for _, ld := range []GPVirtual{ldc, lda, ldb} {
		SHLQ(Imm(3), ld)
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
	Label("loop")
	for j := range y {
		VMOVUPD(Mem{Base: b, Disp: j * s.bytes()}, y[j])
	}
	for i := range sums {
		x := s.register()
		VBROADCASTSD(Mem{Base: a, Disp: 8 * i}, x)
		for j := range y {
			product := s.register()
			VMULPD(y[j], x, product)
			VADDPD(product, sums[i][j], sums[i][j])
		}
	}
	ADDQ(lda, a)
	ADDQ(ldb, b)
	DECQ(k)
	JNZ(LabelRef("loop"))
	f := s.register()
	VBROADCASTSD(argument("f"), f)
	for i := range sums {
		for j := range y {
			to := Mem{Base: c, Disp: j * s.bytes()}
			VMULPD(f, sums[i][j], sums[i][j])
			VADDPD(to, sums[i][j], sums[i][j])
			VMOVUPD(sums[i][j], to)
		}
		ADDQ(ldc, c)
	}
	finish()
}
