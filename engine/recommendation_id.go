package engine

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A recommendation id is 43 characters of unpadded URL-safe base64 over 32 bytes:
//
//	subject16 | at, Unix milliseconds, 8 bytes big endian | 8 random bytes
//
// It carries the subject so that an impression can be found, and forgotten, with the
// person it was shown to, and the time so that one that has expired can be told from
// one that never was.

// NewRecommendationID makes the id of an answer given to subj at a time. random is
// the caller's, so that answers can be replayed to the byte.
func NewRecommendationID(subj Hash16, at time.Time, random uint64) string {
	raw := make([]byte, 0, 32)
	raw = append(raw, subj[:]...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(at.UnixMilli()))
	raw = binary.BigEndian.AppendUint64(raw, random)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParseRecommendationID takes an id apart: the subject it was made for, the 16 bytes
// that tell it from the subject's other ones, and its time in whole milliseconds. The
// error is an *Invalid for the field recommendation_id.
func ParseRecommendationID(id string) (subj, rec Hash16, at time.Time, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(raw) != 32 {
		return Hash16{}, Hash16{}, time.Time{}, Invalidf(CodeInvalidField, "recommendation_id",
			"%.64q is no recommendation id: one is 43 characters, as answers give it", id)
	}
	subj, rec = Hash16(raw[:16]), Hash16(raw[16:])
	return subj, rec, time.UnixMilli(int64(binary.BigEndian.Uint64(raw[16:]))).UTC(), nil
}
