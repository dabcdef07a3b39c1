// Package engine holds the words every other package speaks: items, customers,
// interactions, tickets, impressions, scenarios, requests and answers, and the few
// rules about them that need nothing but the values themselves.
//
// The packages below it are the arithmetic: models, filters, ranking, explanation.
// Nothing here or below reads a clock, a disk, a network or an environment; time and
// randomness come in as values.
package engine

import (
	"crypto/sha256"
	"encoding/hex"
)

type (
	// ItemID is the caller's name of an item, 1 to 256 bytes.
	ItemID string
	// ItemNum is our dense number of an item: the position in bitmaps and matrices.
	// It is permanent in its store; engine/catalogue maps it to and from ItemID.
	ItemNum uint32
	// CustomerID is the caller's name of a customer.
	CustomerID string
	// SessionID is the caller's name of a visit, for customers not (yet) known.
	SessionID string
)

// Kind says what an item is. Shops may use kinds of their own.
type Kind string

// The kinds the engine knows by name.
const (
	Product  Kind = "product"
	Content  Kind = "content"
	Solution Kind = "solution"
	Offer    Kind = "offer"
)

// SubjectKind tells customers from sessions, whose ids may be equal.
type SubjectKind byte

// The two kinds of subject.
const (
	CustomerSubject SubjectKind = 'c'
	SessionSubject  SubjectKind = 's'
)

// Subject is whose history an interaction belongs to: the customer if one is named,
// else the session. The zero Subject is nobody.
type Subject struct {
	Kind SubjectKind
	ID   string
}

// OfCustomer returns the customer as a subject.
func OfCustomer(id CustomerID) Subject { return Subject{CustomerSubject, string(id)} }

// OfSession returns the session as a subject.
func OfSession(id SessionID) Subject { return Subject{SessionSubject, string(id)} }

// SubjectOf returns the customer if one is given, else the session, else nobody.
func SubjectOf(c CustomerID, s SessionID) Subject {
	switch {
	case c != "":
		return OfCustomer(c)
	case s != "":
		return OfSession(s)
	}
	return Subject{}
}

// IsZero reports whether s is nobody.
func (s Subject) IsZero() bool { return s.ID == "" }

// String returns "customer ann" or "session 77", for messages.
func (s Subject) String() string {
	if s.Kind == SessionSubject {
		return "session " + s.ID
	}
	return "customer " + s.ID
}

// Hash16 is 128 bits of a SHA-256, the form in which ids stand in keys, receipts and
// audit: of fixed length, and not readable back.
type Hash16 [16]byte

// String returns h in hexadecimal.
func (h Hash16) String() string { return hex.EncodeToString(h[:]) }

// Hash returns the subject's key: 128 bits of SHA-256 over its kind and id.
func (s Subject) Hash() Hash16 { return HashOf(string(s.Kind) + s.ID) }

// HashOf returns 128 bits of SHA-256 over text.
func HashOf(text string) Hash16 {
	sum := sha256.Sum256([]byte(text))
	return Hash16(sum[:16])
}
