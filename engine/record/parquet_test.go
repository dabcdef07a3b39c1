package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/rapportengine/rapport/engine"
)

func parquetOf[T any](t testing.TB, rows []T, o ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, o...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestParquetOfOthers: events as other programs write them, with types of all sorts.
func TestParquetOfOthers(t *testing.T) {
	type line struct {
		Item     string  `parquet:"item_id"`
		Quantity int32   `parquet:"quantity"`
		Price    float64 `parquet:"price"`
	}
	type row struct {
		User     int64             `parquet:"user_id"`
		At       time.Time         `parquet:"timestamp,timestamp(nanosecond)"`
		Type     string            `parquet:"type,enum"`
		Channel  *string           `parquet:"channel,optional,dict"`
		Price    int64             `parquet:"price,decimal(2:10)"`
		Quantity float32           `parquet:"quantity"`
		Gift     bool              `parquet:"gift"`
		Items    []line            `parquet:"items,list"`
		Visits   uint64            `parquet:"visits"`
		Extra    map[string]string `parquet:"extra"`
		Day      int32             `parquet:"day,date"`
		Nothing  *int64            `parquet:"nothing,optional"`
	}
	app := "app"
	at := time.Date(2024, 5, 1, 12, 0, 0, 123456789, time.UTC)
	rows := []row{
		{User: 7, At: at, Type: "purchase", Channel: &app, Price: 0, Quantity: 0, Gift: true, Items: []line{{"a", 2, 0.1}, {"b", 1, 3}}, Visits: math.MaxUint64, Extra: map[string]string{"k": "v"}, Day: 19844},
		{User: 8, At: at, Type: "detail-page-view"},
	}
	for name, o := range map[string][]parquet.WriterOption{
		"plain": nil, "snappy": {parquet.Compression(&parquet.Snappy)}, "gzip": {parquet.Compression(&parquet.Gzip)}, "zstd": {parquet.Compression(&parquet.Zstd)}, "v1 pages": {parquet.DataPageVersion(1)},
	} {
		got, refused, end := gather(Events(bytes.NewReader(parquetOf(t, rows, o...)), Options{}))
		if end != nil || len(got) != 1 || len(refused) != 1 {
			t.Fatalf("%s: got %+v, refused %v, ended with %v", name, got, refused, end)
		}
		want := engine.Interaction{
			Type: "purchase", Customer: "7", Item: "a", At: at, Quantity: 2, Price: 0.1, Channel: "app", Gift: true,
			Properties: map[string]any{"visits": float64(math.MaxUint64), "extra": map[string]any{"k": "v"}, "day": "2024-05-01"},
		}
		if lines := got[0].Value.Lines; len(lines) != 2 || !reflect.DeepEqual(lines[0], want) || lines[1].Item != "b" || lines[1].Line != 1 {
			t.Errorf("%s: got\n%+v\nwant\n%+v", name, lines, want)
		}
		if refused[0].Line != 2 || refused[0].Field != "item_id" {
			t.Errorf("%s: refused %v, want row 2 for its item", name, refused[0])
		}
	}
}

// TestParquetTimes: times with and without a zone, of old and new kinds.
func TestParquetTimes(t *testing.T) {
	type row struct {
		ID        string    `parquet:"ticket_id"`
		Opened    time.Time `parquet:"opened_at,timestamp(millisecond:local)"`
		Closed    time.Time `parquet:"closed_at,timestamp(microsecond)"`
		Solutions string    `parquet:"solutions,json"`
	}
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	b := parquetOf(t, []row{{"t", at, at.Add(time.Microsecond), `[{"item_id":"fix","outcome":"solved"}]`}})
	_, refused, end := gather(Tickets(bytes.NewReader(b), Options{}))
	if end != nil || len(refused) != 1 || refused[0].Field != "opened_at" || !strings.Contains(refused[0].Want, "time zone") {
		t.Errorf("without a zone: refused %v, ended with %v", refused, end)
	}
	berlin := time.FixedZone("CEST", 2*3600)
	got, _, end := gather(Tickets(bytes.NewReader(b), Options{Zone: berlin}))
	if end != nil || len(got) != 1 || !got[0].Value.OpenedAt.Equal(at.Add(-2*time.Hour)) || !got[0].Value.ClosedAt.Equal(at.Add(time.Microsecond)) || got[0].Value.Solutions[0].Outcome != "solved" {
		t.Errorf("got %+v, ended with %v", got, end)
	}
	old := parquet.Group{"event_id": parquet.String(), "at": parquet.Leaf(parquet.Int96Type), "item_id": parquet.String(), "customer_id": parquet.Leaf(parquet.DoubleType)}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[any](&out, parquet.NewSchema("x", old))
	nanos := uint64(12 * time.Hour)
	_, err := w.WriteRows([]parquet.Row{{
		parquet.Int96Value([3]uint32{uint32(nanos), uint32(nanos >> 32), 2_440_588 + 19844}).Level(0, 0, 0),
		parquet.DoubleValue(17850).Level(0, 0, 1), parquet.ByteArrayValue([]byte("e")).Level(0, 0, 2), parquet.ByteArrayValue([]byte("i")).Level(0, 0, 3),
	}})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	events, refused, end := gather(Events(&out, Options{Type: "view"}))
	if end != nil || len(events) != 1 || !events[0].Value.Lines[0].At.Equal(at) || events[0].Value.Lines[0].Customer != "17850" {
		t.Errorf("got %+v, refused %v, ended with %v", events, refused, end)
	}
}

// TestDecimals: a decimal is written as it is meant, whatever holds it.
func TestDecimals(t *testing.T) {
	for _, n := range []int64{0, 5, -5, 99, 100, -12345, math.MaxInt64, math.MinInt64} {
		b := big.NewInt(n)
		if n < 0 {
			b.Add(b, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		wide := b.FillBytes(make([]byte, 16))
		want := new(big.Rat).SetFrac64(n, 100)
		for _, v := range []parquet.Value{parquet.Int64Value(n), parquet.FixedLenByteArrayValue(wide)} {
			got, ok := new(big.Rat).SetString(writeDecimal(v, 2))
			if !ok || got.Cmp(want) != 0 {
				t.Errorf("%d of %v: got %s", n, v.Kind(), writeDecimal(v, 2))
			}
		}
	}
}

func someParquet(t testing.TB, n int) []byte {
	var events []engine.Interaction
	for i := range n {
		events = append(events, engine.Interaction{EventID: strings.Repeat("e", 1+i%50), Type: "view", Customer: "c", Item: "i", At: now.Add(time.Duration(i) * time.Second)})
	}
	return written(t, EventWriter, Parquet, events)
}

// TestParquetCutOff: however much of a file is missing, that is said, and nothing is
// taken of it.
func TestParquetCutOff(t *testing.T) {
	b := someParquet(t, 100)
	for cut := 4; cut < len(b); cut++ {
		got, _, end := gather(Events(bytes.NewReader(b[:cut]), Options{}))
		syntax, ok := errors.AsType[*Syntax](end)
		if len(got) > 0 || !ok || cut > 12 && cut < len(b)-8 && !strings.Contains(syntax.Want, "ends before its footer") {
			t.Fatalf("%d of %d bytes: got %d events, ended with %v", cut, len(b), len(got), end)
		}
	}
}

// TestParquetDamaged: a byte that is another makes a refusal or other text, and no panic.
func TestParquetDamaged(t *testing.T) {
	b := someParquet(t, 20)
	said, group := 0, false
	for i := 0; i < len(b); i += 5 {
		bad := bytes.Clone(b)
		bad[i] ^= 0x55
		_, _, end := gather(Events(bytes.NewReader(bad), Options{Format: Parquet}))
		if end == nil {
			continue
		}
		said++
		group = group || strings.Contains(end.Error(), "row group 1 of 1")
		if _, ok := errors.AsType[*Syntax](end); !ok && !errors.As(end, new(*engine.Invalid)) {
			t.Fatalf("byte %d: ended with %v", i, end)
		}
	}
	if said < len(b)/20 || !group {
		t.Errorf("only %d of %d damages were found, the row group named: %t", said, len(b)/5, group)
	}
}

// TestParquetReaderFails: that the disk failed is not the file's fault.
func TestParquetReaderFails(t *testing.T) {
	b := someParquet(t, 10)
	_, _, end := gather(Events(brokenFile{bytes.NewReader(b)}, Options{Format: Parquet}))
	if !errors.Is(end, iotest.ErrTimeout) {
		t.Errorf("ended with %v", end)
	}
	_, _, end = gather(Events(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(b))), Options{Format: Parquet}))
	if !errors.Is(end, iotest.ErrTimeout) {
		t.Errorf("as a stream: ended with %v", end)
	}
}

type brokenFile struct{ *bytes.Reader }

func (brokenFile) ReadAt([]byte, int64) (int, error) { return 0, iotest.ErrTimeout }

// TestParquetStreams: what is no file is read from memory, up to a limit.
func TestParquetStreams(t *testing.T) {
	b := someParquet(t, 10)
	for name, in := range map[string][]byte{"plain": b, "gzip": gzipped(t, b), "zstd": zstded(t, b)} {
		got, _, end := gather(Events(iotest.HalfReader(bytes.NewReader(in)), Options{}))
		if end != nil || len(got) != 10 {
			t.Errorf("%s: got %d, ended with %v", name, len(got), end)
		}
		_, _, end = gather(Events(iotest.HalfReader(bytes.NewReader(in)), Options{MaxInflated: 100}))
		if invalid, ok := errors.AsType[*engine.Invalid](end); !ok || invalid.Code != engine.CodeLimitExceeded {
			t.Errorf("%s of more than 100 bytes: ended with %v", name, end)
		}
	}
}

// TestParquetBombs: pages that claim or come to more than they may are refused before
// they are opened.
func TestParquetBombs(t *testing.T) {
	type row struct {
		ID    string `parquet:"item_id"`
		Title string `parquet:"title"`
	}
	rows := []row{{"a", strings.Repeat("x", 4<<20)}}
	for name, codec := range map[string]compress.Codec{"zstd": &parquet.Zstd, "gzip": &parquet.Gzip, "snappy": &parquet.Snappy} {
		b := parquetOf(t, rows, parquet.Compression(codec))
		_, _, end := gather(Items(bytes.NewReader(b), Options{MaxInflated: 1 << 20}))
		if invalid, ok := errors.AsType[*engine.Invalid](end); !ok || invalid.Code != engine.CodeLimitExceeded {
			t.Errorf("%s: ended with %v, want the limit named", name, end)
		}
	}
	_, _, end := gather(Items(bytes.NewReader(parquetOf(t, rows, parquet.Compression(&parquet.Brotli))), Options{}))
	if end == nil || !strings.Contains(end.Error(), "snappy, gzip, zstd or none") {
		t.Errorf("brotli: ended with %v", end)
	}
	_, refused, end := gather(Items(bytes.NewReader(parquetOf(t, []row{{"a", strings.Repeat("x", engine.MaxRecordBytes)}})), Options{}))
	if end != nil || len(refused) != 1 || refused[0].Code != engine.CodeLimitExceeded {
		t.Errorf("a large record: refused %v, ended with %v", refused, end)
	}
}

// TestParquetHeaders: columns are named and refused as those of other tables.
func TestParquetHeaders(t *testing.T) {
	type row struct {
		A string `parquet:"item_ia"`
		B string `parquet:"item_ib"`
	}
	b := parquetOf(t, []row{{"x", "y"}})
	_, _, end := gather(Items(bytes.NewReader(b), Options{}))
	if end == nil || !strings.Contains(end.Error(), `did you mean "item_id"`) {
		t.Errorf("unknown columns: ended with %v", end)
	}
	got, _, end := gather(Items(bytes.NewReader(b), Options{Mapping: mapping("item_ia=item_id,item_ib=-,kind:=content")}))
	if end != nil || len(got) != 1 || got[0].Value.ID != "x" || got[0].Value.Kind != "content" {
		t.Errorf("mapped: got %+v, ended with %v", got, end)
	}
	twice := bytes.ReplaceAll(b, []byte("item_ib"), []byte("item_ia"))
	_, _, end = gather(Items(bytes.NewReader(twice), Options{}))
	if end == nil || !strings.Contains(end.Error(), `two columns are called "item_ia"`) {
		t.Errorf("columns of one name: ended with %v", end)
	}
	locked := bytes.Clone(b)
	copy(locked[len(locked)-4:], "PARE")
	if _, _, end := gather(Items(bytes.NewReader(locked), Options{Format: Parquet})); end == nil || !strings.Contains(end.Error(), "encrypted") {
		t.Errorf("encrypted: ended with %v", end)
	}
	long := bytes.Clone(b)
	binary.LittleEndian.PutUint32(long[len(long)-8:], 1<<31)
	if _, _, end := gather(Items(bytes.NewReader(long), Options{})); end == nil || !strings.Contains(end.Error(), "its footer says") {
		t.Errorf("footer of 2 GiB: ended with %v", end)
	}
}
