package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set.
type isa struct {
	name string
	wide bool // 512 bits
}

// lanes are sixteen float32: one register or two.
type lanes []VecVirtual

func (s isa) register() VecVirtual {
	if s.wide {
		return ZMM()
	}
	return YMM()
}

// bytes is the size of a register.
func (s isa) bytes() int {
	if s.wide {
		return 64
	}
	return 32
}

func (s isa) lanes() lanes {
	if s.wide {
		return lanes{ZMM()}
	}
	return lanes{YMM(), YMM()}
}

func (s isa) many(n int) []lanes {
	var all []lanes
	for range n {
		all = append(all, s.lanes())
	}
	return all
}

func (s isa) zero(v lanes) {
	for _, r := range v {
		if s.wide {
			VPXORD(r, r, r)
		} else {
			VXORPS(r, r, r)
		}
	}
}

func (s isa) broadcast(m Mem) lanes {
	v := s.lanes()
	VBROADCASTSS(m, v[0])
	for _, r := range v[1:] {
		VMOVAPS(v[0], r)
	}
	return v
}

// rest is a mask of the first few of sixteen lanes, which loads and stores keep to.
type rest struct {
	k OpmaskVirtual
	y lanes
}

var maskTable *Mem

// rest returns the mask of the first n lanes, n from 1 to 15.
func (s isa) rest(n GPVirtual) rest {
	if s.wide {
		bits, k := GP32(), K()
		MOVL(I32(-1), bits)
		BZHIL(n.As32(), bits, bits)
		KMOVW(bits, k)
		return rest{k: k}
	}
	at, back := GP64(), GP64()
	LEAQ(masks(), at)
	MOVQ(n, back)
	NEGQ(back)
	v := s.lanes()
	VMOVDQU(Mem{Base: at, Index: back, Scale: 4, Disp: 64}, v[0])
	VMOVDQU(Mem{Base: at, Index: back, Scale: 4, Disp: 96}, v[1])
	return rest{y: v}
}

// masks is sixteen lanes of ones and sixteen of zeros.
func masks() Mem {
	if maskTable == nil {
		m := GLOBL("firstLanes", 8|16) // RODATA|NOPTR
		for i := range 16 {
			DATA(i*4, U32(0xffffffff))
		}
		for i := range 16 {
			DATA(64+i*4, U32(0))
		}
		maskTable = &m
	}
	return *maskTable
}

func offset(m Mem, d int) Mem { return m.Offset(d) }

// move reads or writes a whole register, as bits.
func (s isa) move(from, to Op) {
	if s.wide {
		VMOVDQU64(from, to)
	} else {
		VMOVDQU(from, to)
	}
}

// load reads sixteen lanes, or those in the mask and zeros for the others.
func (s isa) load(m Mem, v lanes, mask *rest) {
	for i, r := range v {
		at := offset(m, i*s.bytes())
		switch {
		case mask == nil:
			VMOVUPS(at, r)
		case s.wide:
			VMOVUPS_Z(at, mask.k, r)
		default:
			VMASKMOVPS(at, mask.y[i], r)
		}
	}
}

func (s isa) store(v lanes, m Mem, mask *rest) {
	for i, r := range v {
		at := offset(m, i*s.bytes())
		switch {
		case mask == nil:
			VMOVUPS(r, at)
		case s.wide:
			VMOVUPS(r, mask.k, at)
		default:
			VMASKMOVPS(r, mask.y[i], at)
		}
	}
}

// mulAdd adds a * m to sum, rounding twice. m is memory, or loaded under the mask.
func (s isa) mulAdd(m Mem, a, sum lanes, mask *rest) {
	for i, r := range a {
		at, product := offset(m, i*s.bytes()), s.register()
		switch {
		case mask == nil:
			VMULPS(at, r, product)
		case s.wide:
			VMOVUPS_Z(at, mask.k, product)
			VMULPS(product, r, product)
		default:
			VMASKMOVPS(at, mask.y[i], product)
			VMULPS(product, r, product)
		}
		VADDPS(product, sum[i], sum[i])
	}
}

// mulAddRegister adds a * b to sum, rounding twice.
func (s isa) mulAddRegister(a, b, sum lanes) {
	for i := range a {
		product := s.register()
		VMULPS(a[i], b[i], product)
		VADDPS(product, sum[i], sum[i])
	}
}

// quarter adds the sixteen lanes down to four.
func (s isa) quarter(v lanes) VecVirtual {
	high := YMM()
	low := v[0]
	if s.wide {
		VEXTRACTF64X4(Imm(1), v[0], high)
		low = YMM()
		VADDPS(high, v[0].AsY(), low)
	} else {
		VADDPS(v[1], v[0], v[0])
	}
	h, out := XMM(), XMM()
	s.upper(low, h)
	VADDPS(h, low.AsX(), out)
	return out
}

// upper copies the upper half of y to x.
func (s isa) upper(y, x VecVirtual) {
	if s.wide {
		VEXTRACTF32X4(Imm(1), y.AsY(), x)
	} else {
		VEXTRACTF128(Imm(1), y.AsY(), x)
	}
}

// sum adds sixteen lanes into the first of the register it returns.
func (s isa) sum(v lanes) VecVirtual {
	x := s.quarter(v)
	t := XMM()
	VMOVHLPS(x, x, t)
	VADDPS(t, x, x)
	VMOVSHDUP(x, t)
	VADDSS(t, x, x)
	return x
}

// sumFour adds four times sixteen lanes into four.
func (s isa) sumFour(v []lanes) VecVirtual {
	var x [4]VecVirtual
	for i := range x {
		x[i] = s.quarter(v[i])
	}
	var pairs [2]VecVirtual // lanes 0+2 and 1+3 of two, in turns
	for i := range pairs {
		low, high := XMM(), XMM()
		VUNPCKLPS(x[2*i+1], x[2*i], low)
		VUNPCKHPS(x[2*i+1], x[2*i], high)
		VADDPS(high, low, low)
		pairs[i] = low
	}
	even, odd := XMM(), XMM()
	VMOVLHPS(pairs[1], pairs[0], even)
	VMOVHLPS(pairs[0], pairs[1], odd)
	VADDPS(odd, even, even)
	return even
}

// argument is where a parameter of the kernel lies.
func argument(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

func load(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }

// each runs body for every whole sixteen of n floats, and once under a mask for what is
// left of them. i counts bytes.
func (s isa) each(label string, n Op, i GPVirtual, body func(mask *rest)) {
	end := GP64()
	MOVQ(n, end)
	SHLQ(Imm(2), end) // bytes
	ANDQ(I8(-64), end)
	XORQ(i, i)
	Label(label)
	CMPQ(i, end)
	JGE(LabelRef(label + "_rest"))
	body(nil)
	ADDQ(Imm(64), i)
	JMP(LabelRef(label))
	Label(label + "_rest")
	left := GP64()
	MOVQ(n, left)
	ANDQ(Imm(15), left)
	JZ(LabelRef(label + "_done"))
	mask := s.rest(left)
	body(&mask)
	Label(label + "_done")
}

// at is base + i bytes.
func at(base, i Register) Mem { return Mem{Base: base, Index: i, Scale: 1} }

// dotBytes is VPDPBUSD, which avo does not know: it adds to each int32 of sum the four
// products of bytes, signed times unsigned.
func dotBytes(signed, unsigned, sum VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode: "VPDPBUSD", Operands: []Op{signed, unsigned, sum},
		Inputs: []Op{signed, unsigned, sum}, Outputs: []Op{sum}, ISA: []string{"AVX512VNNI"},
	})
}
