package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func finish() {
	VZEROUPPER()
	RET()
}

func dot(s isa) {
	TEXT("dot"+s.name, NOSPLIT, "func(a, b *float32, n int) float32")
	Pragma("noescape")
	Doc("The sum of a[i]*b[i].")
	a, b, n, i := load("a"), load("b"), load("n"), GP64()
	sum := s.lanes()
	s.zero(sum)
	s.each("loop", n, i, func(mask *rest) {
		x := s.lanes()
		s.load(at(a, i), x, mask)
		s.mulAdd(at(b, i), x, sum, mask)
	})
	out, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	VMOVSS(s.sum(sum), out.Addr)
	finish()
}

// rowGroup writes the dot products of q with four rows, or one, to out.
func (s isa) rowGroup(label string, rows []GPVirtual, q GPVirtual, d Op, out GPVirtual) {
	sums := s.many(len(rows))
	for _, v := range sums {
		s.zero(v)
	}
	i := GP64()
	s.each(label, d, i, func(mask *rest) {
		x := s.lanes()
		s.load(at(q, i), x, mask)
		for r, row := range rows {
			s.mulAdd(at(row, i), x, sums[r], mask)
		}
	})
	if len(rows) == 4 {
		VMOVUPS(s.sumFour(sums), Mem{Base: out})
	} else {
		VMOVSS(s.sum(sums[0]), Mem{Base: out})
	}
}

// dotRows is a matrix times a vector.
func dotRows(s isa) {
	TEXT("dotRows"+s.name, NOSPLIT, "func(out, rows, q *float32, count, d int)")
	Pragma("noescape")
	Doc("out[i] is the dot product of q and row i of rows, d floats each.")
	out, p0, q, count, d := load("out"), load("rows"), load("q"), load("count"), argument("d")
	step := GP64()
	MOVQ(d, step)
	SHLQ(Imm(2), step)
	p := []GPVirtual{p0, GP64(), GP64(), GP64()}
	Label("four")
	CMPQ(count, Imm(4))
	JLT(LabelRef("one"))
	for r := 1; r < 4; r++ {
		LEAQ(at(p[r-1], step), p[r])
	}
	s.rowGroup("group", p, q, d, out)
	LEAQ(Mem{Base: p0, Index: step, Scale: 4}, p0)
	ADDQ(Imm(16), out)
	SUBQ(Imm(4), count)
	JMP(LabelRef("four"))
	Label("one")
	TESTQ(count, count)
	JZ(LabelRef("end"))
	s.rowGroup("single", p[:1], q, d, out)
	ADDQ(step, p0)
	ADDQ(Imm(4), out)
	DECQ(count)
	JMP(LabelRef("one"))
	Label("end")
	finish()
}

// pick sets row to where the row numbered by the pick begins, and leaves for label
// where there is no such row.
func pick(picks GPVirtual, place int, limit Op, step, rows, row GPVirtual, label string) {
	MOVL(Mem{Base: picks, Disp: 4 * place}, row.As32())
	CMPQ(row, limit)
	JAE(LabelRef(label))
	IMULQ(step, row)
	ADDQ(rows, row)
}

// ahead asks the cache for the first lines of the rows after the next four, whose
// numbers are not yet checked: asking for what is not there does nothing.
func ahead(picks, count, step, rows GPVirtual, lines int) {
	CMPQ(count, Imm(8))
	JLT(LabelRef("near"))
	for r := range 4 {
		row := GP64()
		MOVL(Mem{Base: picks, Disp: 16 + 4*r}, row.As32())
		IMULQ(step, row)
		for line := range lines {
			PREFETCHT0(Mem{Base: rows, Index: row, Scale: 1, Disp: 64 * line})
		}
	}
	Label("near")
}

// picked walks over picks in groups of four and then one by one. It returns how many
// picks came before the first that is no row.
func picked(size int, lines int, rows, picks GPVirtual, four, one func(p []GPVirtual), next func(n int)) {
	count, limit := load("count"), argument("limit")
	step, p := GP64(), []GPVirtual{GP64(), GP64(), GP64(), GP64()}
	MOVQ(argument("d"), step)
	if size > 1 {
		SHLQ(Imm(2), step)
	}
	Label("four")
	CMPQ(count, Imm(4))
	JLT(LabelRef("one"))
	for r := range p {
		pick(picks, r, limit, step, rows, p[r], "end")
	}
	ahead(picks, count, step, rows, lines)
	four(p)
	next(4)
	ADDQ(Imm(16), picks)
	SUBQ(Imm(4), count)
	JMP(LabelRef("four"))
	Label("one")
	TESTQ(count, count)
	JZ(LabelRef("end"))
	pick(picks, 0, limit, step, rows, p[0], "end")
	one(p[:1])
	next(1)
	ADDQ(Imm(4), picks)
	DECQ(count)
	JMP(LabelRef("one"))
	Label("end")
	done := load("count")
	SUBQ(count, done)
	Store(done, ReturnIndex(0))
	finish()
}

// dotPicked is dotRows of some rows.
func dotPicked(s isa) {
	TEXT("dotPicked"+s.name, NOSPLIT, "func(out, rows, q *float32, picks *uint32, count, limit, d int) int")
	Pragma("noescape")
	Doc("out[i] is the dot product of q and row picks[i] of rows, d floats each. It stops near",
		"a pick that is not below limit, and returns how many it took.")
	out, rows, q, picks, d := load("out"), load("rows"), load("q"), load("picks"), argument("d")
	picked(4, 4, rows, picks,
		func(p []GPVirtual) { s.rowGroup("group", p, q, d, out) },
		func(p []GPVirtual) { s.rowGroup("single", p, q, d, out) },
		func(n int) { ADDQ(U8(4*n), out) })
}

// dotFour is rows times four vectors, each row read once.
func dotFour(s isa) {
	TEXT("dotFour"+s.name, NOSPLIT, "func(out *float32, apart int, rows, qs *float32, count, d int)")
	Pragma("noescape")
	Doc("out[j*apart+i] is the dot product of row i of rows and row j of the four of qs, d",
		"floats each. count is a multiple of four.")
	out, apart, p0, q0, d := load("out"), load("apart"), load("rows"), load("qs"), argument("d")
	SHLQ(Imm(2), apart)
	step := GP64()
	MOVQ(d, step)
	SHLQ(Imm(2), step)
	rows := 4 // in registers at a time
	if !s.wide {
		rows = 1
	}
	left := load("count")
	Label("group")
	TESTQ(left, left)
	JZ(LabelRef("end"))
	p, q := []GPVirtual{p0}, []GPVirtual{q0}
	for r := 1; r < rows; r++ {
		p = append(p, GP64())
		LEAQ(at(p[r-1], step), p[r])
	}
	for j := 1; j < 4; j++ {
		q = append(q, GP64())
		LEAQ(at(q[j-1], step), q[j])
	}
	sums := make([][]lanes, 4) // by query
	for j := range sums {
		sums[j] = s.many(rows)
		for _, v := range sums[j] {
			s.zero(v)
		}
	}
	i := GP64()
	s.each("loop", d, i, func(mask *rest) {
		x := s.many(rows)
		for r := range x {
			s.load(at(p[r], i), x[r], mask)
		}
		for j := range q {
			if rows == 1 {
				s.mulAdd(at(q[j], i), x[0], sums[j][0], mask)
				continue
			}
			y := s.lanes()
			s.load(at(q[j], i), y, mask)
			for r := range x {
				s.mulAddRegister(x[r], y, sums[j][r])
			}
		}
	})
	to := GP64()
	MOVQ(out, to)
	if rows == 4 {
		for j := range sums {
			VMOVUPS(s.sumFour(sums[j]), Mem{Base: to})
			ADDQ(apart, to)
		}
		LEAQ(Mem{Base: p0, Index: step, Scale: 4}, p0)
	} else {
		x := s.sumFour([]lanes{sums[0][0], sums[1][0], sums[2][0], sums[3][0]})
		for j := range 4 {
			VEXTRACTPS(Imm(uint64(j)), x, Mem{Base: to})
			ADDQ(apart, to)
		}
		ADDQ(step, p0)
	}
	ADDQ(U8(4*rows), out)
	SUBQ(U8(rows), left)
	JMP(LabelRef("group"))
	Label("end")
	finish()
}

// timesPicked is what a step of conjugate gradients needs of the rows of a customer.
func timesPicked(s isa) {
	TEXT("timesPicked"+s.name, NOSPLIT, "func(out, rows, v *float32, picks *uint32, weights *float32, count, limit, d int) int")
	Pragma("noescape")
	Doc("It adds to out the sum over i of weights[i] * <v, h> * h with h row picks[i] of rows, d",
		"floats each. It stops near a pick that is not below limit, and returns how many it took.")
	s.projections(func(dots, weights VecVirtual) {})
}

// missPicked is what the first of these steps begins with.
func missPicked(s isa) {
	TEXT("missPicked"+s.name, NOSPLIT, "func(out, rows, v *float32, picks *uint32, weights *float32, target float32, count, limit, d int) int")
	Pragma("noescape")
	Doc("It adds to out the sum over i of (weights[i]*target - weights[i]*<v, h>) * h with h row picks[i]",
		"of rows, d floats each. It stops near a pick that is not below limit, and returns how many it took.")
	target := XMM()
	VBROADCASTSS(argument("target"), target)
	s.projections(func(dots, weights VecVirtual) {
		VMULPS(target, weights, weights)
		VSUBPS(dots, weights, dots)
	})
}

// projections adds picked rows to out, each times what turn makes of its weight times its dot product
// with v, which lies in dots, and of its weight.
func (s isa) projections(turn func(dots, weights VecVirtual)) {
	out, rows, v, picks, weights := load("out"), load("rows"), load("v"), load("picks"), load("weights")
	d := argument("d")
	factors := AllocLocal(16)
	group := func(name string, p []GPVirtual) {
		sums := s.many(len(p))
		for _, x := range sums {
			s.zero(x)
		}
		i := GP64()
		s.each(name+"_dots", d, i, func(mask *rest) {
			x := s.lanes()
			s.load(at(v, i), x, mask)
			for r := range p {
				s.mulAdd(at(p[r], i), x, sums[r], mask)
			}
		})
		var dots VecVirtual
		w := XMM()
		if len(p) == 4 {
			dots = s.sumFour(sums)
			VMOVUPS(Mem{Base: weights}, w)
			VMULPS(w, dots, dots)
			turn(dots, w)
			VMOVUPS(dots, factors)
		} else {
			dots = s.sum(sums[0])
			VMOVSS(Mem{Base: weights}, w)
			VMULSS(w, dots, dots)
			turn(dots, w)
			VMOVSS(dots, factors)
		}
		f := make([]lanes, len(p))
		for r := range p {
			if s.wide {
				f[r] = s.broadcast(factors.Offset(4 * r))
			} else {
				y := YMM()
				VBROADCASTSS(factors.Offset(4*r), y)
				f[r] = lanes{y, y}
			}
		}
		s.each(name+"_sums", d, i, func(mask *rest) {
			sum := s.lanes()
			s.load(at(out, i), sum, mask)
			for r := range p {
				s.mulAdd(at(p[r], i), f[r], sum, mask)
			}
			s.store(sum, at(out, i), mask)
		})
	}
	picked(4, 4, rows, picks,
		func(p []GPVirtual) { group("four", p) },
		func(p []GPVirtual) { group("one", p) },
		func(n int) { ADDQ(U8(4*n), weights) })
}
