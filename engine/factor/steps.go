package factor

import (
	"github.com/rapportengine/rapport/engine/vector"
)

// steps moves vectors by conjugate gradients (Hestenes and Stiefel 1952; for this
// objective Takacs, Pilaszy and Tikk 2011). It is scratch space of one goroutine.
type steps struct {
	// The residual, the direction and what the equation makes of the direction.
	residual, direction, image []float32
	dots                       []float32 // of a vector with the rows of a known
}

func newSteps(dims int) steps {
	v := make([]float32, 3*dims)
	return steps{residual: v[:dims:dims], direction: v[dims : 2*dims : 2*dims], image: v[2*dims:]}
}

// refine moves w towards the solution of the equation of Solve. A step costs 2 d
// multiplications a cell and d^2 a row, where Solve costs d^2 / 2 a cell and d^3 / 6 a
// row. Started from the last epoch's vector, as all but the first epoch of a fit is, few
// steps do.
//
// The last step needs to know how far to go, and no residual: half the work.
func (s *steps) refine(w []float32, k known, ridge float32, other *side, count int) {
	s.start(w, k, ridge, other)
	copy(s.direction, s.residual)
	size := vector.Dot(s.residual, s.residual)
	for n := 1; size >= tiny; n++ {
		if n == count {
			vector.Axpy(size/s.curvature(k, ridge, other), s.direction, w)
			return
		}
		size = s.step(w, size, k, ridge, other)
	}
}

// tiny is the square of a residual in which a float32 holds nothing any more.
const tiny = 1e-20

// converge sets w to the solution of the equation of Solve, to some millionths of its
// length, and reports whether it came there.
func (s *steps) converge(w []float32, k known, ridge float32, other *side) bool {
	clear(w)
	clear(s.residual)
	s.miss(w, k, other)
	copy(s.direction, s.residual)
	size := vector.Dot(s.residual, s.residual)
	enough := size * converged
	for range mostSteps {
		if size <= enough {
			return true
		}
		size = s.step(w, size, k, ridge, other)
	}
	return false // nor is anything that is no number ever enough
}

// converged is how much of the square of a residual is rounding, or near it. Some 15 steps
// come there on what 64 dimensions learn of a shop with 20,000 items. An equation that takes
// more than mostSteps is one of which a small residual says little.
const (
	converged = 1e-12
	mostSteps = 24
)

// step goes along the direction as far as it leads down, and turns it. size is the square
// of the residual's length; it returns what that is then.
func (s *steps) step(w []float32, size float32, k known, ridge float32, other *side) float32 {
	s.apply(s.direction, k, ridge, other)
	length := size / vector.Dot(s.direction, s.image)
	vector.Axpy(length, s.direction, w)
	vector.Axpy(-length, s.image, s.residual)
	left := vector.Dot(s.residual, s.residual)
	turn, direction := left/size, s.direction[:len(s.residual)]
	for i, r := range s.residual {
		direction[i] = r + float32(turn*direction[i])
	}
	return left
}

// start sets residual to the right side of the equation less what its matrix makes of w.
func (s *steps) start(w []float32, k known, ridge float32, other *side) {
	vector.DotRows(s.image, other.flat, w)
	for i, v := range s.image {
		s.residual[i] = -v - float32(ridge*w[i])
	}
	s.miss(w, k, other)
}

// miss adds to residual what w lacks of the targets.
func (s *steps) miss(w []float32, k known, other *side) {
	vector.MissPicked(s.residual, other.vectors, w, k.picks[:k.wanted], k.confidences, 1)
	vector.MissPicked(s.residual, other.vectors, w, k.picks[k.wanted:], k.confidences[k.wanted:], 0)
}

// apply sets image to what the matrix of the equation makes of v.
func (s *steps) apply(v []float32, k known, ridge float32, other *side) {
	vector.DotRows(s.image, other.flat, v)
	vector.Axpy(ridge, v, s.image)
	vector.TimesPicked(s.image, other.vectors, v, k.picks, k.confidences)
}

// curvature returns the inner product of the direction with what the matrix makes of it.
func (s *steps) curvature(k known, ridge float32, other *side) float32 {
	vector.DotRows(s.image, other.flat, s.direction)
	vector.Axpy(ridge, s.direction, s.image)
	sum := float64(vector.Dot(s.image, s.direction))
	for i, v := range s.dotsWith(s.direction, k, other) {
		sum += float64(k.confidences[i]) * float64(float32(v*v))
	}
	return float32(sum)
}

// dotsWith returns the inner products of v with the rows of k.
func (s *steps) dotsWith(v []float32, k known, other *side) []float32 {
	if cap(s.dots) < len(k.picks) {
		s.dots = make([]float32, len(k.picks)+len(k.picks)/2)
	}
	dots := s.dots[:len(k.picks)]
	vector.DotPicked(dots, other.vectors, v, k.picks)
	return dots
}
