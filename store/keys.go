package store

import (
	"encoding/binary"

	"github.com/rapportengine/rapport/engine"
)

// Key layout. A key is one letter and what follows it; integers are big endian, so
// that the order of keys is the order of numbers. subject16, event16 and ticket16 are
// engine.Hash16.
//
//	e | subject16 | event16 | line2     one line of an event              row.go
//	s | subject16                       kind and id of a subject          names.go
//	c | subject16                       customer record                   record.go
//	t | subject16 | ticket16            ticket                            record.go
//	k | ticket16                        subject16 a ticket is filed under
//	x | subject16 | former16 | ticket16 a ticket filed elsewhere before   erase.go
//	w | subject16 | event16 | seq8      rows of an event before a change   edit.go
//	d | subject16 | event16             an event changed or deleted by hand
//	j | ticket16 | event16              subject16 an outcome is filed under outcome.go
//	J | ticket16                        there are outcomes, and no such ticket yet (tries.go)
//	a | from16                          whom a session or merged customer belongs to
//	A | owner16 | from16                whose earlier rows a history takes in   links.go
//	B | owner16 | from16                rows that are still to be moved    move.go
//	n | item id                         number of an item
//	o | num4                            item                              record.go
//	p | name                            scenario (place)                  record.go
//	S |                                 the shop's settings                settings.go
//	l | seq8                            tail: what a commit changed       tail.go
//	E | receipt                         receipt of an erasure             erase.go
//	U | backup                          a backup that was made             backup.go
//	P | receipt                         an erasure not yet finished
//	M | version8                        manifest of a model               models.go
//	C | name                            manifest of a checkpoint
//	b | blob8 | chunk4                  chunk of a model or checkpoint    blob.go
//	v | encoder16 | text16              vector of a fix's passage         vectors.go
//	z | name                            format, low end of the tail, current model, identity
//	Z | name                            small values of the layers above
//
// Everything of a person begins with letter and subject16, so that a history is one
// prefix scan and an erasure drops prefixes. A retried event has the same key,
// whatever time it carries, so it needs no read to count once. The first byte of every
// value is the version of its record.
//
// Only e, s, c, t and w hold what can be read as a name or words of a person; all else is
// hashes and numbers. What was shown to people lies in journals, see impressions.go.
const (
	eventLetter      = 'e'
	nameLetter       = 's'
	customerLetter   = 'c'
	ticketLetter     = 't'
	ticketHomeLetter = 'k'
	formerLetter     = 'x'
	beforeLetter     = 'w'
	editedLetter     = 'd'
	outcomeLetter    = 'j'
	awaitedLetter    = 'J'
	forwardLetter    = 'a'
	// Until format 3 impressions and their reasons were rows.
	oldImpressionLetter = 'i'
	oldReasonLetter     = 'r'
	ownedLetter         = 'A'
	unmovedLetter       = 'B'
	numberLetter        = 'n'
	itemLetter          = 'o'
	scenarioLetter      = 'p'
	settingsLetter      = 'S'
	tailLetter          = 'l'
	receiptLetter       = 'E'
	backupLetter        = 'U'
	unfinishedLetter    = 'P'
	modelLetter         = 'M'
	checkpointLetter    = 'C'
	blobLetter          = 'b'
	vectorLetter        = 'v'
	metaLetter          = 'z'
	stateLetter         = 'Z'
)

const (
	hashBytes     = len(engine.Hash16{})
	eventKeyBytes = 1 + 2*hashBytes + 2
	pairKeyBytes  = 1 + 2*hashBytes // tickets, owned, edited, outcomes, unmoved
	hashKeyBytes  = 1 + hashBytes   // names, customers, forward links, ticket homes, awaited tickets
)

func hashKey(letter byte, h engine.Hash16) []byte {
	return append(append(make([]byte, 0, hashKeyBytes), letter), h[:]...)
}

func pairKey(letter byte, a, b engine.Hash16) []byte {
	return append(append(append(make([]byte, 0, pairKeyBytes), letter), a[:]...), b[:]...)
}

func eventKey(subject, event engine.Hash16, line uint16) []byte {
	k := append(append(append(make([]byte, 0, eventKeyBytes), eventLetter), subject[:]...), event[:]...)
	return binary.BigEndian.AppendUint16(k, line)
}

func textKey(letter byte, text string) []byte {
	return append(append(make([]byte, 0, 1+len(text)), letter), text...)
}

func itemKey(n engine.ItemNum) []byte {
	return binary.BigEndian.AppendUint32([]byte{itemLetter}, uint32(n))
}

func numberedKey(letter byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 9), letter), n)
}

func chunkKey(blob uint64, chunk uint32) []byte {
	return binary.BigEndian.AppendUint32(numberedKey(blobLetter, blob), chunk)
}

func beforeKey(subject, event engine.Hash16, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(pairKey(beforeLetter, subject, event), seq)
}

func formerKey(subject, former, ticket engine.Hash16) []byte {
	return append(pairKey(formerLetter, subject, former), ticket[:]...)
}

// firstHash and secondHash return the hashes of a key that is long enough to hold them.
func firstHash(key []byte) engine.Hash16  { return engine.Hash16(key[1 : 1+hashBytes]) }
func secondHash(key []byte) engine.Hash16 { return engine.Hash16(key[1+hashBytes : 1+2*hashBytes]) }
