package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A round adds up 2^roundLevels lines of 512 bits.
const (
	roundLevels = 5
	roundLines  = 1 << roundLevels
	lineBytes   = 64
)

// add is a full adder of every bit: it makes sum the sum of a, b and itself, and returns what is
// carried. Neither a nor b is what it was.
func (s isa) add(sum, a, b VecVirtual) VecVirtual {
	if s.wide {
		VPTERNLOGQ(Imm(0x96), b, a, sum) // any odd number of the three
		VPTERNLOGQ(Imm(0xb2), b, sum, a) // what a and b are, where they are alike, else what the sum is not
		return a
	}
	differ := YMM()
	VPXOR(a, b, differ)
	VPAND(a, b, a)
	VPAND(differ, sum, b)
	VPXOR(differ, sum, sum)
	VPOR(a, b, a)
	return a
}

// carry adds up 2^len(sums) lines, and returns what they carry beyond the last of sums, the
// digits of as many sums in the binary system, lowest first.
func (s isa) carry(sums []VecVirtual, line func() VecVirtual) VecVirtual {
	if len(sums) == 0 {
		return line()
	}
	last := len(sums) - 1
	a := s.carry(sums[:last], line)
	b := s.carry(sums[:last], line)
	return s.add(sums[last], a, b)
}

// sumLines adds up bits at the same place of many lines: vertical counters, by carry-save adders
// (Harley and Seal; Warren, Hacker's Delight, section 5-1).
func sumLines(s isa) {
	TEXT("sumLines"+s.name, NOSPLIT, "func(planes, lines *uint64, at *uint32, rounds, levels, limit int) int")
	Pragma("noescape")
	Doc("It counts at each of 512 places how many of 32*rounds lines have that bit set, and writes the counts in the",
		"binary system: plane i is digit i of all, for levels planes, more than 5, that were 0. Line i is the eight words of",
		"lines from at[i] on. It stops before a round with an at[i] that is not below limit, and returns how many rounds it took.")
	var rounds GPVirtual
	for part := 0; part < lineBytes; part += s.bytes() {
		name := func(label string) string { return label + string(rune('a'+part/s.bytes())) }
		planes, lines, at := load("planes"), load("lines"), load("at")
		rounds = load("rounds")
		last := load("levels")
		SHLQ(Imm(6), last)
		ADDQ(planes, last)
		limit := YMM()
		VPBROADCASTD(argument("limit"), limit)
		sums := make([]VecVirtual, roundLevels)
		for i := range sums {
			sums[i] = s.register()
			s.zero(lanes{sums[i]})
		}
		Label(name("round"))
		TESTQ(rounds, rounds)
		JZ(LabelRef(name("done")))
		most, least := YMM(), YMM()
		VMOVDQU(Mem{Base: at}, most)
		for i := 32; i < 4*roundLines; i += 32 {
			VPMAXUD(Mem{Base: at, Disp: i}, most, most)
		}
		VPMAXUD(limit, most, least)
		VPCMPEQD(least, most, most)
		VPTEST(most, most)
		JNZ(LabelRef(name("done")))
		soon := GP64() // the lines of the next round are asked for, where there is one
		LEAQ(Mem{Base: at, Disp: 4 * roundLines}, soon)
		CMPQ(rounds, Imm(1))
		CMOVQEQ(at, soon)
		i := 0
		carried := s.carry(sums, func() VecVirtual {
			v, word := s.register(), GP64()
			MOVL(Mem{Base: at, Disp: 4 * i}, word.As32())
			s.move(Mem{Base: lines, Index: word, Scale: 8, Disp: part}, v)
			if part == 0 {
				MOVL(Mem{Base: soon, Disp: 4 * i}, word.As32())
				PREFETCHT0(Mem{Base: lines, Index: word, Scale: 8})
			}
			i++
			return v
		})
		plane := GP64()
		LEAQ(Mem{Base: planes, Disp: lineBytes*roundLevels + part}, plane)
		Label(name("ripple")) // a half adder at each level
		was, sum := s.register(), s.register()
		s.move(Mem{Base: plane}, was)
		if s.wide {
			VPXORQ(carried, was, sum)
			VPANDQ(carried, was, carried)
		} else {
			VPXOR(carried, was, sum)
			VPAND(carried, was, carried)
		}
		s.move(sum, Mem{Base: plane})
		ADDQ(Imm(lineBytes), plane)
		CMPQ(plane, last)
		JCS(LabelRef(name("ripple")))
		ADDQ(I32(4*roundLines), at)
		DECQ(rounds)
		JMP(LabelRef(name("round")))
		Label(name("done"))
		for i, sum := range sums {
			s.move(sum, Mem{Base: planes, Disp: lineBytes*i + part})
		}
	}
	taken := load("rounds")
	SUBQ(rounds, taken)
	Store(taken, ReturnIndex(0))
	finish()
}

// addPlanes turns digits at 512 places into numbers. It is for AVX-512 alone.
func addPlanes(s isa) {
	TEXT("addPlanes"+s.name, NOSPLIT, "func(counts *float32, planes *uint64, levels int)")
	Pragma("noescape")
	Doc("It adds to each of 512 counts the number whose digits in the binary system are in as many planes, the lowest first.")
	counts, planes, top := load("counts"), load("planes"), load("levels")
	one, blocks := ZMM(), GP64()
	VPTERNLOGD(Imm(0xff), one, one, one)
	VPSRLD(Imm(31), one, one)
	DECQ(top)
	SHLQ(Imm(6), top)
	ADDQ(planes, top)
	MOVQ(U32(8), blocks)
	Label("block") // of 64 places
	var sums [4]VecVirtual
	for i := range sums {
		sums[i] = ZMM()
		s.zero(lanes{sums[i]})
	}
	plane := GP64()
	MOVQ(top, plane)
	Label("level")
	for i, sum := range sums {
		bits := K()
		KMOVW(Mem{Base: plane, Disp: 2 * i}, bits)
		VPADDD(sum, sum, sum)
		VPADDD(one, sum, bits, sum)
	}
	SUBQ(Imm(lineBytes), plane)
	CMPQ(plane, planes)
	JCC(LabelRef("level"))
	for i, sum := range sums {
		VCVTDQ2PS(sum, sum)
		VADDPS(Mem{Base: counts, Disp: 64 * i}, sum, sum)
		VMOVUPS(sum, Mem{Base: counts, Disp: 64 * i})
	}
	ADDQ(U32(256), counts)
	ADDQ(Imm(8), planes)
	ADDQ(Imm(8), top)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	finish()
}
