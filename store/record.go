package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/rapportengine/rapport/engine"
)

// Items, customers, tickets and scenarios are
//
//	version1 | seq of the command that wrote it, varint | JSON
//
// The JSON is that of the engine's types. seq lets the tail tell a change from a later
// one of the same record.
const recordVersion = 1

// maxRecordBytes is what fits beside its key without reaching valueThreshold.
const maxRecordBytes = valueThreshold - 1<<10

// encodeRecord encodes a record written by command seq. what names it for the error of
// one that is too large or holds what JSON cannot.
func encodeRecord(what string, seq uint64, record any) ([]byte, error) {
	body, err := json.Marshal(record)
	if err != nil {
		return nil, engine.Invalidf(engine.CodeInvalidField, what, "a %s is made of JSON values: %v", what, err)
	}
	if len(body) > maxRecordBytes {
		return nil, engine.Invalidf(engine.CodeLimitExceeded, what, "a %s has at most %d bytes when stored, this one has %d", what, maxRecordBytes, len(body))
	}
	value := append(make([]byte, 0, 1+binary.MaxVarintLen64+len(body)), recordVersion)
	return append(binary.AppendUvarint(value, seq), body...), nil
}

// decodeRecord decodes a record; what names it for the error.
func decodeRecord[T any](what string, value []byte) (record T, seq uint64, err error) {
	seq, body, err := recordBody(what, value)
	if err != nil {
		return record, 0, err
	}
	if err := json.Unmarshal(body, &record); err != nil {
		return record, 0, fmt.Errorf("%s: %w: %w", what, err, ErrCorrupt)
	}
	return record, seq, nil
}

// recordBody returns the JSON of a record.
func recordBody(what string, value []byte) (seq uint64, body []byte, err error) {
	if len(value) == 0 || value[0] != recordVersion {
		return 0, nil, fmt.Errorf("%s: not of version %d: %w", what, recordVersion, ErrCorrupt)
	}
	seq, n := binary.Uvarint(value[1:])
	if n <= 0 {
		return 0, nil, fmt.Errorf("%s: no sequence number: %w", what, ErrCorrupt)
	}
	return seq, value[1+n:], nil
}

func decodeItem(value []byte) (engine.Item, uint64, error) {
	if seq, body, err := recordBody("item", value); err == nil {
		if item, ok := readItem(body); ok {
			return item, seq, nil
		}
	}
	item, seq, err := decodeRecord[engine.Item]("item", value)
	if err == nil {
		err = typed(item.Attributes)
	}
	return item, seq, err
}

func decodeCustomer(value []byte) (engine.Customer, uint64, error) {
	customer, seq, err := decodeRecord[engine.Customer]("customer", value)
	if err == nil {
		err = typed(customer.Attributes)
	}
	return customer, seq, err
}

func decodeTicket(value []byte) (engine.Ticket, uint64, error) {
	return decodeRecord[engine.Ticket]("ticket", value)
}

func decodeScenario(value []byte) (engine.Scenario, uint64, error) {
	return decodeRecord[engine.Scenario]("scenario", value)
}

// typed gives the values of decoded attributes the types they had.
func typed(attributes engine.Attributes) error {
	if err := attributes.Typed(); err != nil {
		return fmt.Errorf("%w: %w", err, ErrCorrupt)
	}
	return nil
}

// encodeNumber is the value under n | item id, the item's number.
func encodeNumber(n engine.ItemNum) []byte {
	return binary.AppendUvarint([]byte{recordVersion}, uint64(n))
}

func decodeNumber(value []byte) (engine.ItemNum, error) {
	if len(value) < 2 || value[0] != recordVersion {
		return 0, fmt.Errorf("number of an item: %w", ErrCorrupt)
	}
	n, used := binary.Uvarint(value[1:])
	if used != len(value)-1 || n >= engine.MaxCatalogue {
		return 0, fmt.Errorf("number of an item: %w", ErrCorrupt)
	}
	return engine.ItemNum(n), nil
}

// encodeHome is the value under k | ticket16: the subject the ticket is filed under.
func encodeHome(subject engine.Hash16) []byte {
	return append([]byte{recordVersion}, subject[:]...)
}

func decodeHome(value []byte) (engine.Hash16, error) {
	if len(value) != 1+hashBytes || value[0] != recordVersion {
		return engine.Hash16{}, fmt.Errorf("home of a ticket: %w", ErrCorrupt)
	}
	return engine.Hash16(value[1:]), nil
}

// loadNumbers fills the table of item numbers. They are dense and unique, or the
// store is damaged.
func (s *Store) loadNumbers() error {
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	var byNum []engine.ItemID
	count := 0
	err := each(txn, []byte{numberLetter}, func(key, value []byte) error {
		n, err := decodeNumber(value)
		if err != nil {
			return err
		}
		for int(n) >= len(byNum) {
			byNum = append(byNum, "")
		}
		if byNum[n] != "" {
			return fmt.Errorf("items %q and %q both have number %d: %w", byNum[n], key[1:], n, ErrCorrupt)
		}
		byNum[n] = engine.ItemID(key[1:])
		count++
		return nil
	})
	if err != nil {
		return err
	}
	if count != len(byNum) {
		return fmt.Errorf("%d items have numbers up to %d: %w", count, len(byNum)-1, ErrCorrupt)
	}
	for _, id := range byNum {
		s.ids.Assign(id)
	}
	return nil
}
