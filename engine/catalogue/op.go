package catalogue

// Op is a comparison.
type Op uint8

// The comparisons.
const (
	Equal Op = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
)

// String returns the operator as it is written.
func (op Op) String() string { return [...]string{"==", "!=", "<", "<=", ">", ">="}[op] }

// Flip returns the operator with its sides exchanged: a < b is b > a.
func (op Op) Flip() Op { return [...]Op{Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual}[op] }

// Holds reports whether op holds of two values whose comparison gave sign.
func (op Op) Holds(sign int) bool {
	switch op {
	case Equal:
		return sign == 0
	case NotEqual:
		return sign != 0
	case Less:
		return sign < 0
	case LessEqual:
		return sign <= 0
	case Greater:
		return sign > 0
	}
	return sign >= 0
}
