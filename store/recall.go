package store

// recall remembers at least the last limit entries put into it and at most twice as
// many. Forgetting half at a time costs nothing per entry: no list, no clock.
type recall[K comparable, V any] struct {
	limit      int
	young, old map[K]V
}

func newRecall[K comparable, V any](limit int) *recall[K, V] {
	return &recall[K, V]{limit: limit, young: make(map[K]V)}
}

func (r *recall[K, V]) put(k K, v V) {
	if len(r.young) >= r.limit {
		r.old, r.young = r.young, make(map[K]V)
	}
	r.young[k] = v
}

func (r *recall[K, V]) get(k K) (V, bool) {
	if v, ok := r.young[k]; ok {
		return v, true
	}
	v, ok := r.old[k]
	return v, ok
}

func (r *recall[K, V]) remove(k K) {
	delete(r.young, k)
	delete(r.old, k)
}

// forget removes the entries that are to go.
func (r *recall[K, V]) forget(gone func(K, V) bool) {
	for _, half := range []map[K]V{r.young, r.old} {
		for k, v := range half {
			if gone(k, v) {
				delete(half, k)
			}
		}
	}
}
