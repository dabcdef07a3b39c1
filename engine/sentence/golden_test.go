package sentence

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine/vector"
)

var floatModel = flag.String("float", "", "a model with weights as float32, made by tools/sentence -float, to be held against the reference")

// reference is a text with what the reference implementation makes of it: tools/sentence
// computed it with TensorFlow.js.
type reference struct {
	Text   string  `json:"text"`
	IDs    []int32 `json:"ids"`
	Vector string  `json:"vector"`
}

// vector returns the reference's vector, nil where none was computed.
func (r *reference) vector(t *testing.T) []float32 {
	raw, err := base64.StdEncoding.DecodeString(r.Vector)
	if err != nil {
		t.Fatal(err)
	}
	var out []float32
	for ; len(raw) > 0; raw = raw[4:] {
		out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return out
}

// golden returns the texts of testdata/golden.ndjson.
func golden(t testing.TB) []reference {
	in, err := os.Open("testdata/golden.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out []reference
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var r reference
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func loaded(t testing.TB) *model {
	m, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTokensAreTheReferences(t *testing.T) {
	m := loaded(t)
	for _, r := range golden(t) {
		if got := m.pieces.ids(r.Text, math.MaxInt); !slices.Equal(got, r.IDs) {
			t.Errorf("%q: pieces %v, want %v", r.Text, got, r.IDs)
		}
		if got, want := m.pieces.ids(r.Text, MaxTokens), r.IDs[:min(len(r.IDs), MaxTokens)]; !slices.Equal(got, want) {
			t.Errorf("%q: the first pieces %v, want %v", r.Text, got, want)
		}
	}
}

// TestVectorsAreTheReferences holds the vectors of bytes, and of floats where a file of
// them is given, against those of the reference implementation, and how near texts are to
// one another against how near it has them.
func TestVectorsAreTheReferences(t *testing.T) {
	likeReference(t, loaded(t), 0.999, 0.02)
	if *floatModel == "" {
		return
	}
	file, err := os.ReadFile(*floatModel)
	if err != nil {
		t.Fatal(err)
	}
	m, err := read(string(file))
	if err != nil {
		t.Fatal(err)
	}
	likeReference(t, m, 1-1e-9, 1e-5)
}

func likeReference(t *testing.T, m *model, least, most float64) {
	var got, want [][]float32
	var apart mean
	to := mean{least: 1}
	for _, r := range golden(t) {
		v := r.vector(t)
		if v == nil || len(r.IDs) > 12 && vector.Path() == "plain" { // which takes ten times as long
			continue
		}
		out := make([][]float32, 1)
		m.encode(out, [][]int32{r.IDs[:min(len(r.IDs), MaxTokens)]})
		got, want = append(got, out[0]), append(want, v)
		if c := to.add(cosine(out[0], v)); c < least {
			t.Errorf("%q: cosine %.6f to the reference, want at least %v", r.Text, c, least)
		}
		if length := math.Sqrt(dot(out[0], out[0])); math.Abs(length-1) > 1e-6 {
			t.Errorf("%q: length %v, want 1", r.Text, length)
		}
		for i, x := range v {
			apart.add(math.Abs(float64(out[0][i] - x)))
		}
	}
	if len(got) < 50 {
		t.Errorf("only %d vectors to compare with", len(got))
	}
	var off mean
	for i := range got {
		for j := range i {
			off.add(math.Abs(dot(got[i], got[j]) - dot(want[i], want[j])))
		}
	}
	if off.most > most {
		t.Errorf("cosines of two texts are off by up to %.4f, want at most %v", off.most, most)
	}
	t.Logf("%d texts: cosine %.6f on average, %.6f at least; numbers differ by %.2g, %.2g at most", len(got), to.of(), to.least, apart.of(), apart.most)
	t.Logf("%.0f pairs: their cosines are off by %.2g, %.2g at most", off.count, off.of(), off.most)
}

// mean is that of some numbers, and the ends of their range.
type mean struct{ sum, count, least, most float64 }

func (m *mean) add(x float64) float64 {
	m.sum, m.count, m.least, m.most = m.sum+x, m.count+1, min(m.least, x), max(m.most, x)
	return x
}

func (m *mean) of() float64 { return m.sum / m.count }

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func cosine(a, b []float32) float64 { return dot(a, b) / math.Sqrt(dot(a, a)*dot(b, b)) }
