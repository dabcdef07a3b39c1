// Package filter is the language in which a caller says which items may be in a list,
// and the one function, Eligible, that builds the set of them. Expressions are parsed,
// checked against the attributes there are, and evaluated as bitmap algebra; what
// cannot be is refused when it is sent, never silently slow. The package never scores
// or orders items.
//
// # The language
//
//	"shoes/running" in categories && price < 80 && brand != "acme" && !bought(90d)
//
// Parts are joined with && (and), || (or) and ! (not), and grouped with parentheses.
//
//	x == y, x != y          strings, numbers, true and false, dates
//	x < y, <=, >, >=        numbers and dates
//	x in y, x not in y      the two have a value in common
//	has(brand)              the item has the attribute, and it is not an empty list
//	organic                 short for organic == true
//
// Names. item_id, kind, categories, price, currency, stock, language, group_id,
// visibility, applies_to, hidden, sensitive, published and expires are fields of every
// item; any other name is an attribute (attributes.price is one that is named like a
// field; `shoe-size` in backquotes one whose name is not a plain word). customer.size
// is an attribute of the customer, customer.customer_id the id; context.page, locale,
// region, store and device belong to the request. Titles and texts are for searching,
// not for filters.
//
// Values. "x" or 'x' (with \" \' \\ \n \r \t \u00e9), 12.5, true, false, lists
// ["a", "b"], and for dates "2026-05-01", "2026-05-01T10:00:00Z", now, now - 30d and
// now + 12h. Durations are whole numbers of w, d, h, m or s.
//
// Lists. "red" in colours holds if colours has the member red, or is the string red;
// colours in ["red", "blue"] if it has one of them. Categories contain their
// ancestors: an item in shoes/running is in "shoes".
//
// History. bought, viewed (or clicked), carted, dismissed, rated, returned and
// interacted (any of these and of the shop's own types, but not being shown) hold for
// items with which this person did so: bought() ever, bought(90d) in the last 90 days.
//
// What is missing. Every comparison is either true or false. If the item has no such
// attribute, or the customer no such value, or the two are of different types, then
// ==, <, <=, >, >= and in are false, and != and not in are true: x != y is always
// !(x == y). Stock that is not given is unlimited, above any number. has(stock) says
// whether it is counted.
package filter
