package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// byteGroup returns the whole-number dot products of q, signed, with four rows, or one,
// of unsigned bytes, in the lanes of one register. d is a multiple of sixteen.
func (s isa) byteGroup(label string, rows []GPVirtual, q GPVirtual, d Op) VecVirtual {
	var sums []VecVirtual
	for range rows {
		v := s.register()
		s.zero(lanes{v})
		sums = append(sums, v)
	}
	i := GP64()
	XORQ(i, i)
	if s.wide {
		s.wideBytes(label, rows, q, d, i, sums)
	} else {
		Label(label)
		x := YMM()
		VPMOVSXBW(at(q, i), x)
		for r, row := range rows {
			y := YMM()
			VPMOVZXBW(at(row, i), y)
			VPMADDWD(y, x, y)
			VPADDD(y, sums[r], sums[r])
		}
		ADDQ(Imm(16), i)
		CMPQ(i, d)
		JLT(LabelRef(label))
	}
	quarters := make([]VecVirtual, len(sums))
	for r, v := range sums {
		y := v
		if s.wide {
			high := YMM()
			VEXTRACTI64X4(Imm(1), v, high)
			y = YMM()
			VPADDD(high, v.AsY(), y)
		}
		h := XMM()
		s.upper(y, h)
		VPADDD(h, y.AsX(), h)
		quarters[r] = h
	}
	if len(rows) == 1 {
		x, t := quarters[0], XMM()
		VPSHUFD(Imm(0b01_00_11_10), x, t)
		VPADDD(t, x, x)
		VPSHUFD(Imm(0b10_11_00_01), x, t)
		VPADDD(t, x, x)
		return x
	}
	var pairs [2]VecVirtual
	for i := range pairs {
		low, high := XMM(), XMM()
		VPUNPCKLDQ(quarters[2*i+1], quarters[2*i], low)
		VPUNPCKHDQ(quarters[2*i+1], quarters[2*i], high)
		VPADDD(high, low, low)
		pairs[i] = low
	}
	even, odd := XMM(), XMM()
	VPUNPCKLQDQ(pairs[1], pairs[0], even)
	VPUNPCKHQDQ(pairs[1], pairs[0], odd)
	VPADDD(odd, even, even)
	return even
}

// wideBytes takes 64 bytes at a time, and the rest under a mask.
func (s isa) wideBytes(label string, rows []GPVirtual, q GPVirtual, d Op, i GPVirtual, sums []VecVirtual) {
	step := func(mask Register) {
		x := ZMM()
		load := func(m Mem, z VecVirtual) {
			if mask == nil {
				VMOVDQU64(m, z)
			} else {
				VMOVDQU8_Z(m, mask, z)
			}
		}
		load(at(q, i), x)
		for r, row := range rows {
			y := ZMM()
			load(at(row, i), y)
			dotBytes(x, y, sums[r])
		}
	}
	end := GP64()
	MOVQ(d, end)
	ANDQ(I8(-64), end)
	Label(label)
	CMPQ(i, end)
	JGE(LabelRef(label + "_rest"))
	step(nil)
	ADDQ(Imm(64), i)
	JMP(LabelRef(label))
	Label(label + "_rest")
	left, ones, k := GP64(), GP64(), K()
	MOVQ(d, left)
	ANDQ(Imm(63), left)
	JZ(LabelRef(label + "_done"))
	MOVQ(I32(-1), ones)
	BZHIQ(left, ones, ones)
	KMOVQ(ones, k)
	step(k)
	Label(label + "_done")
}

// soonBytes is how far ahead rows are asked for: in L3 that others use too, 20,000 rows of 64 bytes took
// half of the time.
const soonBytes = 2048

// bytesRows is a matrix of bytes times a vector of bytes.
func bytesRows(s isa) {
	TEXT("bytesRows"+s.name, NOSPLIT, "func(out *float32, rows *uint8, scales *float32, q *int8, count, d int, excess int32)")
	Pragma("noescape")
	Doc("out[i] is (the dot product of q and row i of rows - excess) * scales[i]; d, the bytes of",
		"a row and of q, is a multiple of 16.")
	out, p0, scales, q, count, d := load("out"), load("rows"), load("scales"), load("q"), load("count"), load("d")
	excess := XMM()
	VBROADCASTSS(argument("excess"), excess)
	p := []GPVirtual{p0, GP64(), GP64(), GP64()}
	Label("four")
	CMPQ(count, Imm(4))
	JLT(LabelRef("one"))
	for r := 1; r < 4; r++ {
		LEAQ(at(p[r-1], d), p[r])
	}
	for r := range p { // the processor foresees no row beyond a page, and rows come from beyond the second cache
		PREFETCHT0(Mem{Base: p[r], Disp: soonBytes})
	}
	x := s.byteGroup("group", p, q, d)
	VPSUBD(excess, x, x)
	VCVTDQ2PS(x, x)
	VMULPS(Mem{Base: scales}, x, x)
	VMOVUPS(x, Mem{Base: out})
	LEAQ(Mem{Base: p0, Index: d, Scale: 4}, p0)
	ADDQ(Imm(16), out)
	ADDQ(Imm(16), scales)
	SUBQ(Imm(4), count)
	JMP(LabelRef("four"))
	Label("one")
	TESTQ(count, count)
	JZ(LabelRef("end"))
	x = s.byteGroup("single", p[:1], q, d)
	VPSUBD(excess, x, x)
	VCVTDQ2PS(x, x)
	VMULSS(Mem{Base: scales}, x, x)
	VMOVSS(x, Mem{Base: out})
	ADDQ(d, p0)
	ADDQ(Imm(4), out)
	ADDQ(Imm(4), scales)
	DECQ(count)
	JMP(LabelRef("one"))
	Label("end")
	finish()
}

// bytesPicked is bytesRows of some rows.
func bytesPicked(s isa) {
	TEXT("bytesPicked"+s.name, NOSPLIT, "func(out *float32, rows *uint8, scales *float32, q *int8, picks *uint32, count, limit, d int, excess int32) int")
	Pragma("noescape")
	Doc("It is bytesRows of the rows in picks. It stops near a pick that is not below limit, and",
		"returns how many it took.")
	out, rows, q, picks, d := load("out"), load("rows"), load("q"), load("picks"), argument("d")
	group := func(name string, p []GPVirtual) {
		x, excess := s.byteGroup(name, p, q, d), XMM()
		VBROADCASTSS(argument("excess"), excess)
		VPSUBD(excess, x, x)
		VCVTDQ2PS(x, x)
		scales, v, row := load("scales"), XMM(), GP64()
		for r := range p {
			MOVL(Mem{Base: picks, Disp: 4 * r}, row.As32())
			if r == 0 {
				VMOVSS(Mem{Base: scales, Index: row, Scale: 4}, v)
			} else {
				VINSERTPS(Imm(uint64(r<<4)), Mem{Base: scales, Index: row, Scale: 4}, v, v)
			}
		}
		VMULPS(v, x, x)
		if len(p) == 4 {
			VMOVUPS(x, Mem{Base: out})
		} else {
			VMOVSS(x, Mem{Base: out})
		}
	}
	picked(1, 2, rows, picks,
		func(p []GPVirtual) { group("group", p) },
		func(p []GPVirtual) { group("single", p) },
		func(n int) { ADDQ(U8(4*n), out) })
}

// bytesPanels is bytesRows of rows that lie in panels, which saves adding up the lanes of each: half
// of the time. It is for AVX-512 alone.
func bytesPanels(s isa) {
	TEXT("bytesPanels"+s.name, NOSPLIT, "func(sums *float32, panels *uint8, scales *float32, q *int8, blocks, d int, excess int32, by float32)")
	Pragma("noescape")
	Doc("It adds by * (the dot product of q and row i - excess) * scales[i] to sums[i], for 64 rows",
		"a block. A panel is the bytes of sixteen rows, four of the first, four of the second and so on,",
		"then the next four of each; d, the bytes of a row and of q, is a multiple of 16.")
	sums, p0, scales, query, blocks := load("sums"), load("panels"), load("scales"), load("q"), load("blocks")
	step := load("d")
	SHLQ(Imm(4), step)
	p := []GPVirtual{p0, GP64(), GP64(), GP64()}
	excess, by := ZMM(), ZMM()
	VBROADCASTSS(argument("excess"), excess)
	VBROADCASTSS(argument("by"), by)
	Label("block")
	TESTQ(blocks, blocks)
	JZ(LabelRef("end"))
	dots := make([]VecVirtual, len(p))
	for r := range p {
		if r > 0 {
			LEAQ(at(p[r-1], step), p[r])
		}
		dots[r] = ZMM()
		s.zero(lanes{dots[r]})
	}
	i, q := GP64(), GP64()
	XORQ(i, i)
	MOVQ(query, q)
	Label("sixteen")
	for four := range 4 {
		x := ZMM()
		VPBROADCASTD(Mem{Base: q, Disp: 4 * four}, x)
		for r := range p {
			y := ZMM()
			VMOVDQU64(Mem{Base: p[r], Index: i, Scale: 1, Disp: 64 * four}, y)
			dotBytes(x, y, dots[r])
		}
	}
	ADDQ(Imm(16), q)
	ADDQ(U32(256), i)
	CMPQ(i, step)
	JLT(LabelRef("sixteen"))
	for r, x := range dots {
		VPSUBD(excess, x, x)
		VCVTDQ2PS(x, x)
		VMULPS(Mem{Base: scales, Disp: 64 * r}, x, x)
		VMULPS(by, x, x)
		VADDPS(Mem{Base: sums, Disp: 64 * r}, x, x)
		VMOVUPS(x, Mem{Base: sums, Disp: 64 * r})
	}
	LEAQ(at(p[3], step), p0)
	ADDQ(U32(256), sums)
	ADDQ(U32(256), scales)
	DECQ(blocks)
	JMP(LabelRef("block"))
	Label("end")
	finish()
}
