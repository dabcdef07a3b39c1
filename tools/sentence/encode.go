package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

const (
	modelFile = "use-lite.bin"
	magic     = "RPS1"
	// defaultBlock is how many weights of a row share a scale. A scale for every 32 is an
	// eighth more bytes than the weights, and halves what one for each row would lose.
	defaultBlock = 32
)

// Where the tensors of the graph are; engine/sentence/file.go says in which order they are
// written and what they are.
const (
	scope   = "module_apply_default/Encoder_en/KonaTransformer/Encode/"
	kernels = "module/Encoder_en/KonaTransformer/Encode/"
	stack   = scope + "TransformerStack/"
	concat  = "/ConcatPartitions/concat"
)

// encode writes the file that engine/sentence reads (its format is described there).
// Matrices are written transposed, a row for each output; block 0 keeps float32.
func encode(s *source, block int) ([]byte, error) {
	w := &writer{from: s, out: []byte(magic)}
	w.out = binary.LittleEndian.AppendUint32(w.out, uint32(len(s.pieces)))
	for _, p := range s.pieces {
		if len(p.text) > math.MaxUint8 {
			return nil, fmt.Errorf("the piece %q is longer than a byte can say", p.text)
		}
		w.out = append(append(w.out, byte(len(p.text))), p.text...)
		w.out = binary.LittleEndian.AppendUint64(w.out, math.Float64bits(p.score))
	}
	w.append(w.named("module/Embeddings_en"), block)
	w.vector(stack + "Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1")
	// This matrix carries every piece past the first attention: as bytes it alone loses as
	// much as the others together, and it is small.
	w.matrix(scope+"Layer_0/TransformerLayer/dense/kernel"+concat, 0)
	w.vector(scope + "Layer_0/TransformerLayer/dense/bias" + concat)
	for _, layer := range []string{"Layer_0/", "Layer_1/"} {
		at := scope + layer + "TransformerLayer/"
		norm := "layer_prepostprocess/layer_norm/layer_norm_"
		w.vector(at + norm + "scale" + concat)
		w.vector(at + norm + "bias" + concat)
		for _, part := range []string{"qkv", "output"} {
			part = "MultiheadAttention/" + part + "_transform_single/"
			w.matrix(kernels+layer+"TransformerLayer/"+part+"kernel/part_0", block)
			w.vector(at + part + "bias" + concat)
		}
		w.vector(at + "FFN/" + norm + "scale" + concat)
		w.vector(at + "FFN/" + norm + "bias" + concat)
		for _, part := range []string{"conv1", "conv2"} {
			w.matrix(stack+layer+"TransformerLayer/FFN/"+part+"/Tensordot/Reshape_1", block)
			w.vector(at + "FFN/" + part + "/bias" + concat)
		}
	}
	w.matrix("module/Encoder_en/hidden_layers/tanh_layer_0/weights", block)
	w.vector("module/Encoder_en/hidden_layers/tanh_layer_0/bias")
	if w.err != nil {
		return nil, w.err
	}
	return binary.LittleEndian.AppendUint32(w.out, crc32.Checksum(w.out, crc32.MakeTable(crc32.Castagnoli))), nil
}

// writer appends tensors and remembers the first that is missing.
type writer struct {
	from *source
	out  []byte
	err  error
}

func (w *writer) named(name string) tensor {
	t, ok := w.from.tensors[name]
	if !ok && w.err == nil {
		w.err = fmt.Errorf("the package has no tensor %q", name)
	}
	return t
}

func (w *writer) vector(name string) { w.append(w.named(name), 0) }

func (w *writer) matrix(name string, block int) {
	t := w.named(name)
	turned := tensor{t.cols, t.rows, make([]float32, len(t.data))}
	for i := range t.rows {
		for j := range t.cols {
			turned.data[j*t.rows+i] = t.data[i*t.cols+j]
		}
	}
	w.append(turned, block)
}

func (w *writer) append(t tensor, block int) {
	w.out = binary.LittleEndian.AppendUint16(w.out, uint16(block))
	w.out = binary.LittleEndian.AppendUint32(w.out, uint32(t.rows))
	w.out = binary.LittleEndian.AppendUint32(w.out, uint32(t.cols))
	if block == 0 {
		for _, v := range t.data {
			w.out = binary.LittleEndian.AppendUint32(w.out, math.Float32bits(v))
		}
		return
	}
	for i := range t.rows {
		scales, steps := quantise(t.data[i*t.cols:][:t.cols], block)
		for _, v := range scales {
			w.out = binary.LittleEndian.AppendUint32(w.out, math.Float32bits(v))
		}
		w.out = append(w.out, steps...)
	}
}

// quantise returns the row in whole steps from -127 to 127, as bytes of two's complement,
// and the size of a step for each block.
func quantise(row []float32, block int) (scales []float32, steps []byte) {
	for len(row) > 0 {
		part := row[:min(block, len(row))]
		row = row[len(part):]
		var most float64
		for _, v := range part {
			most = max(most, math.Abs(float64(v)))
		}
		scale := float32(most / 127)
		scales = append(scales, scale)
		for _, v := range part {
			n := 0.0
			if scale > 0 {
				n = max(-127, min(127, math.RoundToEven(float64(v)/float64(scale))))
			}
			steps = append(steps, byte(int8(n)))
		}
	}
	return scales, steps
}
