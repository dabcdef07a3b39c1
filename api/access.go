package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// lock decides who may come in. Keys are long random texts, so their hash needs no salt
// and no slowness.
type lock struct {
	hash     [sha256.Size]byte
	keyed    bool
	loopback bool
	origins  *http.CrossOriginProtection
}

const hashPrefix = "sha256:"

func newLock(key string, loopback bool) lock {
	l := lock{loopback: loopback && key == "", keyed: key != "", origins: http.NewCrossOriginProtection()}
	if text, hashed := strings.CutPrefix(key, hashPrefix); hashed {
		sum, err := hex.DecodeString(text)
		// A hash that is none opens to nobody.
		l.keyed = err == nil && copy(l.hash[:], sum) == len(l.hash) && len(sum) == len(l.hash)
		return l
	}
	l.hash = sha256.Sum256([]byte(key))
	return l
}

// admit returns nil for who may come in.
func (l *lock) admit(r *http.Request) error {
	if isOwner(r.Context()) {
		return nil
	}
	if l.loopback {
		return l.admitLocal(r)
	}
	given := keyOf(r)
	if given == "" {
		return errNoKey
	}
	sum := sha256.Sum256([]byte(given))
	if !l.keyed || subtle.ConstantTimeCompare(sum[:], l.hash[:]) != 1 {
		return errWrongKey
	}
	return nil
}

// keyOf returns the key of a request, "" for none.
func keyOf(r *http.Request) string {
	if scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key)
	}
	return r.Header.Get("X-API-Key")
}

// admitLocal lets this machine's programs in. Its browser is one of them and obeys
// strangers: a page elsewhere may send it here, under its own origin or under a name of
// its own that resolves to us, so both are looked at.
func (l *lock) admitLocal(r *http.Request) error {
	if !isLocal(r.RemoteAddr) {
		return errNotLocal
	}
	if !isSocket(r.RemoteAddr) && !isLocal(r.Host) {
		return errForeignHost
	}
	if l.origins.Check(r) != nil {
		return errForeignOrigin
	}
	return nil
}

// isSocket reports whether addr is that of a peer on a Unix socket, who has none.
func isSocket(addr string) bool { return addr == "" || addr == "@" }

// isLocal reports whether addr, with or without a port, is this machine.
func isLocal(addr string) bool {
	if isSocket(addr) {
		return true
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = strings.Trim(addr, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// fingerprint names the key without giving it away; "" where none is set.
func (l *lock) fingerprint() string {
	if !l.keyed {
		return ""
	}
	return hex.EncodeToString(l.hash[:4])
}

func newRequestID() string { return rand.Text() }
