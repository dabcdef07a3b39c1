package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// prefetch asks for lines of memory. It is of every amd64 processor.
func prefetch() {
	TEXT("prefetchLines", NOSPLIT, "func(from *byte, bytes int)")
	Pragma("noescape")
	Doc("It asks the second-level cache for the lines of so many bytes, of which there are some.")
	from, bytes := load("from"), load("bytes")
	ADDQ(from, bytes)
	Label("loop")
	PREFETCHT1(Mem{Base: from})
	ADDQ(Imm(64), from)
	CMPQ(from, bytes)
	JCS(LabelRef("loop"))
	RET()
}

// prefetchPicked asks for rows.
func prefetchPicked() {
	TEXT("prefetchPicked", NOSPLIT, "func(rows *float32, picks *uint32, n, width int)")
	Pragma("noescape")
	Doc("It asks the second-level cache for the lines of n picked rows of width bytes each.")
	rows, picks, n, width := load("rows"), load("picks"), load("n"), load("width")
	from, end := GP64(), GP64()
	Label("rows")
	MOVL(Mem{Base: picks}, from.As32())
	ADDQ(Imm(4), picks)
	IMULQ(width, from)
	ADDQ(rows, from)
	LEAQ(Mem{Base: from, Index: width, Scale: 1}, end)
	Label("lines")
	PREFETCHT1(Mem{Base: from})
	ADDQ(Imm(64), from)
	CMPQ(from, end)
	JCS(LabelRef("lines"))
	DECQ(n)
	JNZ(LabelRef("rows"))
	RET()
}

// countBoth counts bits. It is of processors that count those of a register at once.
func countBoth() {
	TEXT("countBothAVX512", NOSPLIT, "func(a, b *uint64, words int) int")
	Pragma("noescape")
	Doc("It returns how many bits are set in both of a and b; words is a multiple of 8, and not 0.")
	a, b, n := load("a"), load("b"), load("words")
	sum, low := ZMM(), YMM()
	VPXORQ(sum, sum, sum)
	Label("loop")
	both := ZMM()
	VMOVDQU64(Mem{Base: a}, both)
	VPANDQ(Mem{Base: b}, both, both)
	VPOPCNTQ(both, both)
	VPADDQ(both, sum, sum)
	ADDQ(Imm(64), a)
	ADDQ(Imm(64), b)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	VEXTRACTI64X4(Imm(1), sum, low)
	VPADDQ(low, sum.AsY(), low)
	high := XMM()
	VEXTRACTI128(Imm(1), low, high)
	VPADDQ(high, low.AsX(), high)
	VPSHUFD(Imm(0xee), high, low.AsX())
	VPADDQ(low.AsX(), high, high)
	out := GP64()
	VMOVQ(high, out)
	VZEROUPPER()
	Store(out, ReturnIndex(0))
	RET()
}

// narrow rounds sums of float64 to float32 and empties them.
func narrow(s isa) {
	TEXT("narrow"+s.name, NOSPLIT, "func(out *float32, sums *float64, n int) uint32")
	Pragma("noescape")
	Doc("It moves n sums to out, rounded, and returns the largest bits of a magnitude; n is a multiple of 8.")
	out, sums, n := load("out"), load("sums"), load("n")
	half := func() VecVirtual { // of a register of sums, in float32
		if s.wide {
			return YMM()
		}
		return XMM()
	}
	magnitude, most, zero := half(), half(), s.register()
	s.zero(lanes{zero})
	VPXOR(most, most, most)
	VPCMPEQD(magnitude, magnitude, magnitude)
	VPSRLD(Imm(1), magnitude, magnitude)
	width := s.bytes() / 8
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	for u := range 8 / width {
		v := half()
		from, to := Mem{Base: sums, Disp: u * s.bytes()}, Mem{Base: out, Disp: u * s.bytes() / 2}
		if s.wide {
			all := s.register()
			VMOVUPD(from, all)
			VCVTPD2PS(all, v)
		} else {
			VCVTPD2PSY(from, v)
		}
		VMOVUPD(zero, from)
		VMOVUPS(v, to)
		VPAND(magnitude, v, v)
		VPMAXUD(v, most, most)
	}
	ADDQ(Imm(64), sums)
	ADDQ(Imm(32), out)
	SUBQ(Imm(8), n)
	JMP(LabelRef("loop"))
	Label("end")
	low, swapped, largest := most.AsX(), XMM(), GP32()
	if s.wide {
		VEXTRACTI128(Imm(1), most, swapped)
		VPMAXUD(swapped, low, low)
	}
	VPSHUFD(Imm(0x4e), low, swapped)
	VPMAXUD(swapped, low, low)
	VPSHUFD(Imm(0xb1), low, swapped)
	VPMAXUD(swapped, low, low)
	VMOVD(low, largest)
	Store(largest, ReturnIndex(0))
	finish()
}

// widenSteps makes sums of whole steps floats and empties them.
func widenSteps(s isa) {
	TEXT("widenSteps"+s.name, NOSPLIT, "func(out *float32, sums *int32, n int, step float32)")
	Pragma("noescape")
	Doc("It moves step times n sums to out; n is a multiple of 16.")
	out, sums, n := load("out"), load("sums"), load("n")
	step, zero := s.register(), s.register()
	VBROADCASTSS(argument("step"), step)
	s.zero(lanes{zero})
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	for at := 0; at < 64; at += s.bytes() {
		v := s.register()
		VCVTDQ2PS(Mem{Base: sums, Disp: at}, v)
		VMULPS(step, v, v)
		VMOVUPS(zero, Mem{Base: sums, Disp: at})
		VMOVUPS(v, Mem{Base: out, Disp: at})
	}
	ADDQ(Imm(64), sums)
	ADDQ(Imm(64), out)
	SUBQ(Imm(16), n)
	JMP(LabelRef("loop"))
	Label("end")
	finish()
}
