package engine

import (
	"encoding/json"
	"time"
)

// JobState is how far a job has come.
type JobState string

// The states of a job. Refused means that it ran well and its result was not good
// enough to use.
const (
	JobRunning   JobState = "running"
	JobSucceeded JobState = "succeeded"
	JobRefused   JobState = "refused"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled" // stopped before its end, as where the server was
)

// Job is a long piece of work that was asked for: a training.
type Job struct {
	ID       string     `json:"job_id"`
	Kind     string     `json:"kind"` // train
	State    JobState   `json:"state"`
	Step     string     `json:"step,omitempty"`    // what it is doing
	Progress float64    `json:"progress"`          // 0 to 1
	Started  time.Time  `json:"started"`           //
	Ended    *time.Time `json:"ended,omitempty"`   //
	Version  int        `json:"version,omitempty"` // of the model it made
	Detail   string     `json:"detail,omitempty"`  // why it was refused or failed
}

// ModelVersion is one trained model set in the store.
type ModelVersion struct {
	Version int             `json:"version"`
	Created time.Time       `json:"created"`
	Current bool            `json:"current"` // the one that serves
	Bytes   int64           `json:"bytes"`
	Report  json.RawMessage `json:"report,omitempty"` // sizes, settings, how it compared
}
