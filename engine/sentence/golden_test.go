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
	"sync"
	"testing"
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
// them is given, against those of the reference implementation.
func TestVectorsAreTheReferences(t *testing.T) {
	likeReference(t, New(1), 0.999)
	if *floatModel == "" {
		return
	}
	likeReference(t, &Encoder{workers: 1, model: sync.OnceValues(func() (*model, error) {
		file, err := os.ReadFile(*floatModel)
		if err != nil {
			return nil, err
		}
		return read(string(file))
	})}, 1-1e-9)
}

func likeReference(t *testing.T, e *Encoder, least float64) {
	m, err := e.model()
	if err != nil {
		t.Fatal(err)
	}
	worst, sum, count, apart := 1.0, 0.0, 0, 0.0
	for _, r := range golden(t) {
		want := r.vector(t)
		if want == nil {
			continue
		}
		got := make([][]float32, 1)
		m.encode(got, [][]int32{r.IDs[:min(len(r.IDs), MaxTokens)]})
		c := cosine(got[0], want)
		if c < least {
			t.Errorf("%q: cosine %.6f to the reference, want at least %v", r.Text, c, least)
		}
		if length := math.Sqrt(dot(got[0], got[0])); math.Abs(length-1) > 1e-6 {
			t.Errorf("%q: length %v, want 1", r.Text, length)
		}
		for i, v := range want {
			apart = max(apart, math.Abs(float64(got[0][i]-v)))
		}
		worst, sum, count = min(worst, c), sum+c, count+1
	}
	if count < 50 {
		t.Errorf("only %d vectors to compare with", count)
	}
	t.Logf("%d texts: cosine %.6f on average, %.6f at worst; largest difference %.2g", count, sum/float64(count), worst, apart)
}

// TestTextsAreAsNearAsTheReferenceHasThem holds the cosines of all pairs of texts against
// those of the reference's vectors.
func TestTextsAreAsNearAsTheReferenceHasThem(t *testing.T) {
	m := loaded(t)
	var got, want [][]float32
	for _, r := range golden(t) {
		if v := r.vector(t); v != nil {
			out := make([][]float32, 1)
			m.encode(out, [][]int32{r.IDs[:min(len(r.IDs), MaxTokens)]})
			got, want = append(got, out[0]), append(want, v)
		}
	}
	most, sum, pairs := 0.0, 0.0, 0
	for i := range got {
		for j := range i {
			off := math.Abs(dot(got[i], got[j]) - dot(want[i], want[j]))
			most, sum, pairs = max(most, off), sum+off, pairs+1
		}
	}
	if most > 0.02 {
		t.Errorf("cosines are off by up to %.4f, want at most 0.02", most)
	}
	t.Logf("%d pairs: cosines are off by %.4f on average, %.4f at most", pairs, sum/float64(pairs), most)
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func cosine(a, b []float32) float64 { return dot(a, b) / math.Sqrt(dot(a, a)*dot(b, b)) }
