package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/dgraph-io/badger/v4"
	badgeroptions "github.com/dgraph-io/badger/v4/options"

	"github.com/rapportengine/rapport/benchmarks/measure"
)

// rowBytes is about what a view takes in the log.
const rowBytes = 48

// raw writes two rows an event, as the log does: one under the customer, one that says
// what came when. It flushes a batch for as many events as come in one request.
func (o *options) raw(dir string) (pace, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).WithLoggingLevel(badger.ERROR).WithDetectConflicts(false).
		WithMemTableSize(16 << 20).WithNumMemtables(2).WithNumLevelZeroTables(2).WithNumLevelZeroTablesStall(4).
		WithBlockCacheSize(0).WithCompression(badgeroptions.None).WithIndexCacheSize(32 << 20).WithValueLogFileSize(64 << 20).WithNumCompactors(2).WithMetricsEnabled(false))
	if err != nil {
		return pace{}, err
	}
	cost, err := measure.Timed(func() error {
		for from := 0; from < o.events; from += o.batch {
			if err := o.write(db, from); err != nil {
				return errors.Join(err, db.Close())
			}
		}
		return db.Close()
	})
	n := float64(o.events)
	return pace{Events: o.events, Seconds: cost.Seconds, PerSecond: n / cost.Seconds, PerCPU: n / cost.CPU}, err
}

func (o *options) write(db *badger.DB, from int) error {
	b := db.NewWriteBatch()
	defer b.Cancel()
	for n := from; n < from+o.batch; n++ {
		subject := sha256.Sum256(strconv.AppendInt([]byte("customer-"), int64(o.customerOf(n)), 10))
		event := sha256.Sum256(strconv.AppendInt([]byte("event-"), int64(n), 10))
		key := append(append([]byte{'e'}, subject[:16]...), event[:16]...)
		key = append(key, 0, 0)
		value := make([]byte, rowBytes)
		copy(value, event[:])
		if err := errors.Join(b.Set(key, value), b.Set(binary.BigEndian.AppendUint64([]byte{'l'}, uint64(n)), key)); err != nil {
			return err
		}
	}
	return b.Flush()
}
