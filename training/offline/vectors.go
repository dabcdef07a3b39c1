package offline

import "github.com/rapportengine/rapport/engine"

// SetVector makes a vector the own one of an item; false where nothing names the item.
func (d *Data) SetVector(id engine.ItemID, values []float32) bool {
	n, numbered := d.IDs().Num(id)
	at, known := d.known[n]
	if !numbered || !known {
		return false
	}
	item := *d.Items[at].Item
	item.Embedding = values
	d.Items[at].Item, d.shop = &item, nil
	return true
}
